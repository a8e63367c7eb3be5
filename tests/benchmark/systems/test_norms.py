"""A model's RMS norms run as torch's own kernel where it computes the same, and only there."""

from typing import Any

import pytest
import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, MistralConfig, MistralForCausalLM
from transformers.models.mistral.modeling_mistral import MistralRMSNorm

from benchmark.systems import norms

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


def frozen(kind: type, config: Any, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Any:
    """A model of random weights, those of its norms included."""
    torch.manual_seed(0)
    model = kind(config).to(device, dtype).requires_grad_(False)
    for name, weight in model.named_parameters():
        if "norm" in name:
            weight.normal_(1, 0.3)
    return model


@pytest.mark.parametrize(
    ("kind", "config", "count"), [(MistralForCausalLM, MistralConfig, 5), (Gemma3ForCausalLM, Gemma3TextConfig, 13)]
)
@pytest.mark.parametrize("device", ["cpu", CUDA])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_a_model_with_fused_norms_gives_the_same_states_and_gradients(kind, config, count, device, dtype, tolerance):
    model = frozen(kind, config(**SIZES), device, dtype)
    expected = states_and_gradients(model, device, dtype)
    assert norms.fuse(model) == count
    for found, own in zip(states_and_gradients(model, device, dtype), expected, strict=True):
        assert (found - own).norm() < tolerance * own.norm()


def test_a_fused_norm_answers_in_its_states_type_under_autocast():
    model = MistralForCausalLM(MistralConfig(**SIZES)).to(torch.bfloat16).requires_grad_(False)
    norms.fuse(model)
    with torch.autocast("cpu", torch.bfloat16):
        assert model.model.norm(torch.ones(3, 64, dtype=torch.bfloat16)).dtype == torch.bfloat16


class HalvedRMSNorm(MistralRMSNorm):
    """A formula of its own under a familiar name."""

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        return super().forward(hidden_states) / 2


class TwoInputRMSNorm(MistralRMSNorm):
    """Called as no other is."""

    def forward(self, hidden_states: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        return super().forward(hidden_states + residual)


class GroupedRMSNorm(MistralRMSNorm):
    """Of one class, and one formula in each instance."""

    def __init__(self, width: int, group: int) -> None:
        super().__init__(width)
        self.group = group

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        groups = hidden_states.unflatten(-1, (-1, self.group))
        ones = torch.ones(self.group)
        return (
            torch.nn.functional.rms_norm(groups, (self.group,), ones, self.variance_epsilon).flatten(-2) * self.weight
        )


def test_norms_of_one_class_are_tried_one_by_one():
    model = torch.nn.ModuleList([GroupedRMSNorm(16, 16), GroupedRMSNorm(16, 4)]).requires_grad_(False)
    states = torch.randn(5, 16, generator=torch.Generator().manual_seed(0))
    expected = [norm(states) for norm in model]
    assert norms.fuse(model) == 1
    torch.testing.assert_close([norm(states) for norm in model], expected)


def test_norms_of_another_formula_and_norms_that_learn_stay():
    for norm in (HalvedRMSNorm(8), TwoInputRMSNorm(8)):
        assert norms.fuse(norm.requires_grad_(False)) == 0
    assert norms.fuse(MistralRMSNorm(8)) == 0


def test_a_weight_so_large_that_counting_it_from_one_is_hardly_seen_is_counted_from_one():
    gemma = Gemma3ForCausalLM(Gemma3TextConfig(**SIZES)).requires_grad_(False)
    for name, weight in gemma.named_parameters():
        if "norm" in name:
            weight.fill_(400.0)
    states = torch.randn(3, 64, generator=torch.Generator().manual_seed(0))
    expected = gemma.model.norm(states)
    norms.fuse(gemma)
    torch.testing.assert_close(gemma.model.norm(states), expected)


def test_norms_that_learn_are_fused_for_a_while_and_one_with_a_forward_of_its_own_stays():
    model = MistralForCausalLM(MistralConfig(**SIZES))
    model.model.norm.forward = type(model.model.norm).forward.__get__(model.model.norm)
    forwards = norms.fusible(model.modules())
    assert len(forwards) == 4 and model.model.norm not in forwards
    states = torch.randn(3, 64, generator=torch.Generator().manual_seed(0))
    norm = model.model.layers[0].input_layernorm
    expected = norm(states)
    with pytest.raises(KeyError), norms.fused(forwards):
        assert norm.forward is forwards[norm]
        torch.testing.assert_close(norm(states), expected)
        raise KeyError
    assert "forward" not in vars(norm) and "forward" in vars(model.model.norm)
