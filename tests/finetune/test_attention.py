"""Variable-length attention: what the kernel is told, and when the mask is kept instead."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.attention import varlen

from benchmark.systems import attention
from finetune import loss, model
from finetune.config import FinetuneConfig
from finetune.examples import Example
from finetune.packing import as_row
from tests.variable_length import no_kernel, reference_kernel, wrong_kernel


def examples(count: int) -> list[Example]:
    rng = random.Random(0)
    ids = lambda n: tuple(rng.randrange(3, 250) for _ in range(n))  # noqa: E731
    return [Example("x", ids(rng.randrange(2, 30)), ids(rng.randrange(1, 20))) for _ in range(count)]


def decoder(kind: str) -> Any:
    from transformers import AutoModelForCausalLM
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": 300, "head_dim": 8}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    special = {"layer_types": ["sliding_attention", "full_attention"]} if kind == "gemma3_text" else {}
    config = CONFIG_MAPPING[kind](**sizes, **heads, **special, sliding_window=7)
    return AutoModelForCausalLM.from_config(config).eval()


@pytest.mark.parametrize("kind", ["mistral", "gemma3_text"])
def test_the_kernel_is_told_what_the_mask_says(kind: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(varlen, "varlen_attn", reference_kernel)
    base, row = decoder(kind), as_row(examples(4))
    with torch.no_grad():
        masked = loss.final_states(base, row)
        base.set_attn_implementation(attention.NAME)
        found = loss.final_states(base, row)
    assert torch.allclose(found, masked, atol=1e-5)
    assert not torch.equal(found, masked), "the other path was taken"


@pytest.mark.parametrize(
    ("kernel", "chosen"), [(reference_kernel, attention.NAME), (wrong_kernel, "sdpa"), (no_kernel, "sdpa")]
)
def test_it_is_used_only_where_it_agrees_with_the_mask(
    kernel: Any, chosen: str, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(varlen, "varlen_attn", kernel)
    tuned, _ = model.prepare(
        FinetuneConfig.model_validate(
            {"model": {"pretrained": str(tiny_model), "quantization": "none", "dtype": "float32"}}
        )
    )
    assert model.choose_attention(tuned, *examples(2)) == chosen
    assert all(parameter.grad is None for parameter in tuned.parameters()), "the trial leaves nothing behind"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("kind", ["mistral", "gemma3_text"])
def test_torchs_kernel_agrees_with_the_mask(kind: str):
    base = decoder(kind).to("cuda", torch.bfloat16)
    row = as_row(examples(4), "cuda")
    with torch.no_grad():
        masked = loss.final_states(base, row).float()
        base.set_attn_implementation(attention.NAME)
        found = loss.final_states(base, row).float()
    assert float((found - masked).norm() / masked.norm()) < 0.02
