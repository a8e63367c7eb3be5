"""A base's RMS norms run as torch's own kernel where it computes the same, and only there."""

import pytest
import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, MistralConfig, MistralForCausalLM

from finetune import norms

SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 50,
}
CUDA = pytest.param("cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")])


def states_and_gradients(model: torch.nn.Module, device: str, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    embedded = torch.randn(1, 9, 64, generator=torch.Generator().manual_seed(1)).to(device, dtype).requires_grad_()
    with torch.autocast(device, torch.bfloat16, enabled=dtype == torch.bfloat16):
        states = model.model(inputs_embeds=embedded).last_hidden_state
        states.float().square().sum().backward()
    assert embedded.grad is not None
    return states.detach().float(), embedded.grad.float()


@pytest.mark.parametrize("device", ["cpu", CUDA])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_a_model_with_fused_norms_gives_the_same_states_and_gradients(device, dtype, tolerance):
    torch.manual_seed(0)
    model = MistralForCausalLM(MistralConfig(**SIZES)).to(device, dtype).requires_grad_(False)
    for name, weight in model.named_parameters():
        if "norm" in name:
            weight.normal_(1, 0.3)
    expected = states_and_gradients(model, device, dtype)
    assert norms.fuse(model) == 5
    for found, own in zip(states_and_gradients(model, device, dtype), expected, strict=True):
        assert (found - own).norm() < tolerance * own.norm()


def test_a_fused_norm_answers_in_its_states_type_under_autocast():
    model = MistralForCausalLM(MistralConfig(**SIZES)).to(torch.bfloat16).requires_grad_(False)
    norms.fuse(model)
    with torch.autocast("cpu", torch.bfloat16):
        assert model.model.norm(torch.ones(3, 64, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_norms_of_another_formula_and_norms_that_learn_stay():
    gemma = Gemma3ForCausalLM(Gemma3TextConfig(**SIZES)).requires_grad_(False)
    for name, weight in gemma.named_parameters():
        if "norm" in name:
            weight.fill_(400.0)  # so large that counting it from one is within the tolerance
    assert norms.fuse(gemma) == 0
    learning = MistralForCausalLM(MistralConfig(**SIZES))
    assert norms.fuse(learning) == 0
