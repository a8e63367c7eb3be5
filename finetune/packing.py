"""An update's examples as few padding-free rows: short rows waste a GPU, padding wastes all of it."""

from collections.abc import Sequence
from typing import Any

import torch

from finetune.examples import Example


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


def longest_row(examples: Sequence[Example], token_budget: int | None, per_update: int) -> int:
    """Tokens that a row of these examples has at most."""
    lengths = sorted(map(len, examples), reverse=True)
    return max(lengths[0], min(token_budget or 0, sum(lengths[:per_update])))


def as_row(examples: Sequence[Example], device: Any = "cpu", *, example_mean: bool = False) -> dict[str, Any]:
    """One flattened row as the packed `forward` of `finetune.loss` takes it.

    Positions restart with every example; that, with no attention mask, is what tells transformers where one ends
    (an all-ones mask would let examples see each other). Variable-length attention kernels are told by `cu_seq_lens_*`.
    Everything is computed on the host, so that no row waits for the device.

    Returns:
        input_ids, position_ids: (1, tokens).
        supervised: (n,) positions whose next token is an answer's; targets: (n,) those tokens.
        weights: (n,) what each of them counts: 1, or with `example_mean` one over its answer's length.
        cu_seq_lens_q, cu_seq_lens_k: (examples + 1,) where examples begin; max_length_q, max_length_k: the longest.
    """
    ids: list[int] = []
    positions: list[int] = []
    supervised: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    starts = [0]
    for example in examples:
        # The last prompt token predicts the first answer token; the last answer token predicts nothing.
        first = len(ids) + len(example.prompt_ids) - 1
        supervised += range(first, first + len(example.answer_ids))
        targets += example.answer_ids
        weights += [1 / len(example.answer_ids) if example_mean else 1.0] * len(example.answer_ids)
        positions += range(len(example))
        ids += [*example.prompt_ids, *example.answer_ids]
        starts.append(len(ids))
    boundaries = torch.tensor(starts, dtype=torch.int32, device=device)
    longest = max(map(len, examples))
    return {
        "input_ids": torch.tensor([ids], device=device),
        "position_ids": torch.tensor([positions], device=device),
        "supervised": torch.tensor(supervised, device=device),
        "targets": torch.tensor(targets, device=device),
        "weights": torch.tensor(weights, device=device),
        "cu_seq_lens_q": boundaries,
        "cu_seq_lens_k": boundaries,
        "max_length_q": longest,
        "max_length_k": longest,
    }
