"""What the engine's tests ask, and of whom."""

from pathlib import Path
from typing import Any

import torch
from lm_eval.api.instance import Instance
from transformers import AutoModelForCausalLM, AutoTokenizer

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
STOPS = ["и", "4", "Ответ", "\n\n"]


def prompts(count: int, prefix: str = "") -> list[str]:
    """Prompts of very different lengths."""
    return [
        prefix + " ".join(WORDS[i % 12] for i in range(start, start + 2 + 5 * (start % 7))) for start in range(count)
    ]


def asked(texts: list[str], limits: tuple[int, ...] = (24, 5, 40), until: list[str] | None = None, **more: Any) -> list:
    settings = [{"until": STOPS if until is None else until, "max_gen_toks": limit, **more} for limit in limits]
    return [Instance("generate_until", {}, (text, settings[i % len(settings)]), i) for i, text in enumerate(texts)]


def loaded(folder: Path) -> dict[str, Any]:
    return {
        "pretrained": AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
        "tokenizer": AutoTokenizer.from_pretrained(folder),
    }


class Told:
    """A `cache_hook` that remembers what it was told."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, Any, Any]] = []

    def add_partial(self, method: str, arguments: Any, answer: Any) -> None:
        self.answers.append((method, arguments, answer))
