"""What the engine's tests ask, and of whom."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.instance import Instance
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

PREFIX = "Ключевая ставка 16%, инфляция 7,4%; банки: позитивно, застройщики: негативно. " * 4
WORDS = [
    "чистая",
    "прибыль",
    "выручка",
    "активы",
    "капитал",
    "долг",
    "ставка",
    "рубль",
    "нефть",
    "банк",
    "риск",
    "рост",
]
ENDINGS = (" рост", " падение рубля", " рост выручки банка", "4", " рост выручки банка")
"""Of one token and of several, one the beginning of another, and one twice."""
STOPS = ["и", "4", "Ответ", "\n\n"]


def prompts(count: int, prefix: str = "") -> list[str]:
    """Prompts of very different lengths."""
    return [
        prefix + " ".join(WORDS[i % 12] for i in range(start, start + 2 + 5 * (start % 7))) for start in range(count)
    ]


def asked(texts: list[str], limits: tuple[int, ...] = (24, 5, 40), until: list[str] | None = None, **more: Any) -> list:
    settings = [{"until": STOPS if until is None else until, "max_gen_toks": limit, **more} for limit in limits]
    return [Instance("generate_until", {}, (text, settings[i % len(settings)]), i) for i, text in enumerate(texts)]


def scored(texts: list[str], endings: tuple[str, ...] = ENDINGS) -> list[Instance]:
    return [Instance("loglikelihood", {}, (text, end), i) for i, text in enumerate(texts) for end in endings]


def loaded(folder: Path) -> dict[str, Any]:
    return {
        "pretrained": AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
        "tokenizer": AutoTokenizer.from_pretrained(folder),
    }


def scripted(folder: Path, *chains: Sequence[str], special: Sequence[str] = ()) -> dict[str, Any]:
    """A model that follows a chain's first piece with the others: each piece is a token and has one successor.

    Args:
        special: pieces that decoding may leave out.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder)
    pieces = sorted({piece for chain in chains for piece in chain} - {*special, "<eos>"})
    tokenizer.add_tokens(pieces)
    tokenizer.add_tokens(list(special), special_tokens=True)
    size = len(tokenizer)
    config = LlamaConfig(
        vocab_size=size, hidden_size=size, intermediate_size=2, num_hidden_layers=1, num_attention_heads=1, head_dim=2,
        max_position_embeddings=512, pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for name, weights in model.named_parameters():
            weights.fill_(1.0 if "norm" in name else 0.0)
        model.model.embed_tokens.weight.copy_(torch.eye(size))
        for chain in chains:
            for before, after in pairwise(tokenizer.convert_tokens_to_ids(list(chain))):
                model.lm_head.weight[after, before] = 1.0
    return {"pretrained": model, "tokenizer": tokenizer}


class Told:
    """A `cache_hook` that remembers what it was told."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, Any, Any]] = []

    def add_partial(self, method: str, arguments: Any, answer: Any) -> None:
        self.answers.append((method, arguments, answer))
