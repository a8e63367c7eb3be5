"""Verdicts: what may be said of one difference, and why nothing is said where nothing may be."""

from typing import Literal

Verdict = Literal["improved", "worsened", "equivalent", "inconclusive", "withheld"]
Reason = Literal[
    "", "few_differences", "one_cluster", "no_pairs", "other_documents", "other_dataset", "other_version",
    "other_grader", "unknown_grader", "not_recomputable",
]  # fmt: skip

VERDICTS: tuple[Verdict, ...] = ("improved", "worsened", "equivalent", "inconclusive", "withheld")
MARKS: dict[Verdict, str] = {"improved": "▲", "worsened": "▼", "equivalent": "=", "inconclusive": "≈", "withheld": "—"}
FEW = 5
"""With so few differing pairs a two-sided test of equal odds cannot reach 0.05."""


def judge(
    difference: float,
    interval: tuple[float, float],
    p_adjusted: float,
    *,
    alpha: float,
    margin: float | None,
    higher_is_better: bool = True,
) -> Verdict:
    """The verdict on a difference that was tested.

    *improved* or *worsened* needs both an adjusted p below alpha and an interval without 0. *equivalent* needs the
    whole interval inside ±margin. Lack of evidence is never equality: everything else is *inconclusive*.

    Args:
        margin: the largest difference that is as good as none, set before looking; None where the scale has none.
    """
    low, high = interval
    if p_adjusted < alpha and (low > 0 or high < 0):
        return "improved" if (difference > 0) == higher_is_better else "worsened"
    if margin is not None and -margin < low and high < margin:
        return "equivalent"
    return "inconclusive"
