"""How far logits of another way to compute them are from those of plain forward passes.

Rows mixed up change logits by about as much as they vary; rounding to bfloat16 by a hundredth of it.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch

TOLERANCE = 0.1
"""Mean difference, in standard deviations of the logits, that is taken for rounding."""


def apart(ours: torch.Tensor, plain: torch.Tensor) -> float:
    """Mean difference in standard deviations; infinite where either is no number."""
    ours, plain = ours.float(), plain.float()
    difference = float((ours - plain).abs().mean() / plain.std().clamp(min=1e-6))
    return math.inf if math.isnan(difference) else difference


def plain_logits(model: Any, tokens: Sequence[int], kept: int) -> torch.Tensor:
    """The last logits, `(kept, vocabulary)`, of one forward pass over a whole text."""
    ids = torch.tensor([list(tokens)], device=model.device)
    logits: torch.Tensor = model(input_ids=ids, use_cache=False, logits_to_keep=kept).logits[0]
    return logits


def said(difference: float) -> str:
    """Why a way is not taken."""
    return f"logits differ by {difference:.2g} standard deviations"
