"""An update's examples as few padding-free rows: short rows waste a GPU, padding wastes all of it."""

from collections.abc import Sequence
from typing import Any

import torch

from finetune.examples import Example

IGNORED = -100


def pack(examples: Sequence[Example], token_budget: int | None) -> list[list[Example]]:
    """Groups of examples whose tokens fit the budget, first-fit by falling length.

    None puts every example into a row of its own; an example longer than the budget gets one too.
    """
    if token_budget is None:
        return [[example] for example in examples]
    rows: list[list[Example]] = []
    room: list[int] = []
    for example in sorted(examples, key=len, reverse=True):
        place = next((i for i, free in enumerate(room) if free >= len(example)), None)
        if place is None:
            rows.append([example])
            room.append(token_budget - len(example))
        else:
            rows[place].append(example)
            room[place] -= len(example)
    return rows


def as_row(examples: Sequence[Example], device: Any = "cpu") -> dict[str, torch.Tensor]:
    """One flattened row: `input_ids`, `position_ids` and `labels`, each of shape (1, tokens).

    Positions restart with every example; that, with no attention mask, is what tells transformers where one ends
    (an all-ones mask would let examples see each other). Labels are shifted already: the label at a position is the
    token to predict there, or -100.
    """
    ids: list[int] = []
    positions: list[int] = []
    labels: list[int] = []
    for example in examples:
        tokens = [*example.prompt_ids, *example.answer_ids]
        ids += tokens
        positions += range(len(tokens))
        # The last prompt token predicts the first answer token; the last answer token predicts nothing.
        labels += [IGNORED] * (len(example.prompt_ids) - 1) + [*example.answer_ids, IGNORED]
    make = lambda values: torch.tensor([values], device=device)  # noqa: E731
    return {"input_ids": make(ids), "position_ids": make(positions), "labels": make(labels)}
