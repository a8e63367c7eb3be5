"""Tiny models with and without sliding windows."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from benchmark.engine.packed import PackedPrompts
from tests.benchmark.engine.fixture import loaded


@pytest.fixture
def packed_passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The prompts of each pass that read them end to end."""
    made: list[int] = []
    read = PackedPrompts.read

    def noted(self: PackedPrompts, prompts: Any) -> Any:
        found = read(self, prompts)
        made.extend([len(prompts)] if found else [])
        return found

    monkeypatch.setattr(PackedPrompts, "read", noted)
    return made


@pytest.fixture(scope="module")
def tiny(tiny_model: Path) -> dict[str, Any]:
    return loaded(tiny_model)


@pytest.fixture(scope="module")
def sliding(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> dict[str, Any]:
    """A tiny Gemma 3: layers with a sliding window shorter than the prompts, and one full layer."""
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    torch.manual_seed(3)
    config = Gemma3TextConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=1, head_dim=8, sliding_window=16, layer_types=["sliding_attention"] * 2 + ["full_attention"],
        max_position_embeddings=4096, initializer_range=0.3, pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    return {"pretrained": Gemma3ForCausalLM(config).eval(), "tokenizer": tokenizer}
