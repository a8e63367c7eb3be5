"""Scores every free-text family reports beside its headline: ROUGE and the floor to read it against."""

from collections.abc import Mapping
from typing import Any

from tasks.scoring.answer import prepare
from tasks.scoring.rouge import rouge


def text_scores(output: object, doc: Mapping[str, Any]) -> dict[str, float]:
    """ROUGE-1/2/L of an answer against the item's references, and `*_floor`: the same answer against another item's.

    Args:
        doc: an item as `tasks.dataset` loads it: `references` and `floor_reference`.
    """
    text, _ = prepare(output)
    own = rouge(text, doc["references"])
    floor = rouge(text, doc["floor_reference"])
    return own | {f"{name}_floor": value for name, value in floor.items()}
