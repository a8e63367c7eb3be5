"""Does a model answer alike when rows come and go? Asked of each model before its first answer, in a second.

An architecture with a memory of its own kind could mix rows up silently, so what decoding computed is compared with
plain forward passes over whole texts: rows of different lengths, two with a shared prefix, one that joins when another
leaves. Rows mixed up change logits by about as much as they vary; rounding to bfloat16 by a hundredth of it.
"""

import logging
import math
from typing import Any

import torch

from benchmark.engine.budget import Budget
from benchmark.engine.cache import RowCache
from benchmark.engine.decoding import GreedyDecoder, Row

TOLERANCE = 0.1
"""Mean difference of logits, in standard deviations of the logits."""
_PROMPTS = (40, 23, 31)
_LIMITS = (5, 2, 4)
_SHARED = (16, 0, 16)


class _Recorder(GreedyDecoder):
    """Keeps the newest logits of each row."""

    def __init__(self, model: Any, pad: int) -> None:
        budget = Budget(rows=2, cells=1 << 20, prefill=1 << 20)  # two places: the third row joins when one leaves
        super().__init__(
            model, budget, pad=pad, ends=frozenset(), stopped=lambda rows: [False] * len(rows), finished=lambda _: None
        )
        self.logits: dict[int, torch.Tensor] = {}

    def _forward(self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, cache: RowCache) -> torch.Tensor:
        self._seen = super()._forward(ids, mask, positions, cache)
        return self._seen

    def _taken(self, batch: Any) -> Any:
        for place in batch.active:
            self.logits[batch.rows[place].index] = self._seen[place].float()
        return super()._taken(batch)


@torch.inference_mode()
def agrees(model: Any, prompt: list[int], pad: int) -> bool:
    """Whether decoding rows together gives the logits of forward passes over each row alone.

    Args:
        prompt: ids of a real prompt; its beginning is used.
        pad: the padding id.
    """
    text = (prompt or [pad]) * (1 + max(_PROMPTS) // max(1, len(prompt)))
    rows = [
        Row(index, text[:length], limit, shared=shared)
        for index, (length, limit, shared) in enumerate(zip(_PROMPTS, _LIMITS, _SHARED, strict=True))
    ]
    recorder = _Recorder(model, pad)
    try:
        recorder.run(rows)
        alone = [_alone(model, row) for row in rows]
    except (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError) as error:
        # Whatever an architecture of its own kind raises here, it has `generate` to fall back on.
        return _refused(model, f"{type(error).__name__}: {error}")
    apart = max(_apart(recorder.logits[row.index], logits) for row, logits in zip(rows, alone, strict=True))
    return apart <= TOLERANCE or _refused(model, f"logits differ by {apart:.2g} standard deviations")


def _alone(model: Any, row: Row) -> torch.Tensor:
    """The logits of a row's newest token, from one forward pass over its whole text."""
    ids = torch.tensor([row.prompt + row.generated[:-1]], device=model.device)
    return model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[0, -1].float()


def _apart(ours: torch.Tensor, alone: torch.Tensor) -> float:
    """Mean difference in standard deviations; infinite where either is no number."""
    apart = float((ours - alone).abs().mean() / alone.std().clamp(min=1e-6))
    return math.inf if math.isnan(apart) else apart


def _refused(model: Any, why: str) -> bool:
    logging.getLogger("rufinbench").warning(
        "%s is decoded by transformers' generate (slower, same answers): %s", type(model).__name__, why
    )
    return False
