"""The fused LoRA layer gives PEFT's outputs and gradients, in fewer operations, and leaves other kinds of LoRA alone."""

import copy
from typing import Any

import pytest
import torch
from transformers import MistralConfig, MistralForCausalLM

from finetune import lora

INPUTS, OUTPUTS, TOKENS = 64, 128, 5
CUDA = pytest.param("cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")])


def model_with_lora(device: str, dtype: torch.dtype, **options: Any) -> Any:
    """One NF4 layer stack of a tiny Mistral under LoRA whose update is not zero."""
    import bitsandbytes
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    config = MistralConfig(
        hidden_size=INPUTS,
        intermediate_size=OUTPUTS,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=50,
    )
    model = MistralForCausalLM(config).to(dtype)
    for parent in list(model.model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, torch.nn.Linear):
                layer = bitsandbytes.nn.Linear4bit(
                    child.in_features, child.out_features, bias=False, compute_dtype=dtype, quant_type="nf4"
                )
                layer.load_state_dict(child.state_dict())
                setattr(parent, name, layer)
    model.is_loaded_in_4bit = True
    chosen = {"target_modules": "all-linear", "r": 4, "lora_alpha": 8, "task_type": "CAUSAL_LM"} | options
    tuned = get_peft_model(model.to(device), LoraConfig(**chosen))
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return tuned


def outputs_and_gradients(model: Any) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.arange(3, 3 + 2 * TOKENS, device=model.device).view(2, TOKENS)
    with torch.autocast(model.device.type, torch.bfloat16, enabled=model.dtype == torch.bfloat16):
        logits = model.train()(input_ids=ids).logits.float()
        logits.square().mean().backward()
    gradients = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    return logits.detach(), gradients


def relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("device", ["cpu", CUDA])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 3e-2)])
def test_outputs_and_gradients_are_pefts(device: str, dtype: torch.dtype, tolerance: float):
    plain = model_with_lora(device, dtype)
    fused = copy.deepcopy(plain)
    assert lora.install(fused) == 7
    for found, expected in zip(outputs_and_gradients(fused), outputs_and_gradients(plain), strict=True):
        assert relative(found, expected) < tolerance


def test_a_layer_takes_fewer_operations():
    def operations(model: Any) -> int:
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
            outputs_and_gradients(model)
        return sum(event.count for event in profiler.key_averages() if event.key.startswith("aten::"))

    plain = model_with_lora("cpu", torch.bfloat16)
    fused = copy.deepcopy(plain)
    lora.install(fused)
    assert operations(fused) < 0.9 * operations(plain)


def test_without_adapters_the_base_answers():
    model = model_with_lora("cpu", torch.float32)
    ids = torch.arange(3, 8)[None]
    with torch.no_grad(), model.disable_adapter():
        expected = model(input_ids=ids).logits
    lora.install(model)
    with torch.no_grad(), model.disable_adapter():
        assert torch.equal(model(input_ids=ids).logits, expected)
    with torch.no_grad():
        assert not torch.allclose(model(input_ids=ids).logits, expected)


@pytest.mark.parametrize("options", [{"lora_dropout": 0.1}, {"use_dora": True}, {"lora_bias": True}])
def test_other_kinds_of_lora_keep_pefts_layer(options: dict[str, Any]):
    assert lora.install(model_with_lora("cpu", torch.float32, **options)) == 0


@pytest.mark.parametrize("device", ["cpu", CUDA])
def test_unpacked_scales_are_the_same_scales(device: str):
    from bitsandbytes.functional import dequantize_4bit

    model = model_with_lora(device, torch.float32)
    weights = [p for p in model.parameters() if type(p).__name__ == "Params4bit"]
    before = [dequantize_4bit(weight.data, weight.quant_state) for weight in weights]
    assert lora.unpack_scales(model) == len(weights) == 7
    assert all(
        torch.equal(dequantize_4bit(weight.data, weight.quant_state), matrix)
        for weight, matrix in zip(weights, before, strict=True)
    )
    assert lora.unpack_scales(model) == 0
