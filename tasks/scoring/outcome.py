"""What became of an answer, in one word: the words, and the metrics `outcome_*` made of them."""

from collections.abc import Collection, Sequence

from tasks.scoring.labels import LabelReading

ONE_LABEL = ("correct", "wrong", "hedged", "unparsed", "refusal", "empty", "truncated")
"""Outcomes of an answer that states one label."""
SEVERAL_LABELS = ("correct", "partial", *ONE_LABEL[1:])
"""Outcomes of an answer of several parts."""

# A line that was read and is wrong says more about an answer than one that could not be read.
_WORDS = {"read": "wrong", "hedged": "hedged", "refusal": "refusal", "truncated": "truncated", "empty": "empty"}


def outcome_metrics(reached: str, outcomes: Sequence[str]) -> dict[str, float]:
    """`outcome_<name>` for each of a family's outcomes: 1 for the one reached, 0 for the others; means are shares."""
    return {f"outcome_{name}": float(name == reached) for name in outcomes}


def of_labels(readings: Collection[LabelReading], right: Collection[bool]) -> str:
    """How the lines of an answer went as a whole: the best that can be said of them.

    Args:
        readings: what was read from each line; at least one.
        right: for each line, whether its label is the gold's.

    Returns:
        One of `SEVERAL_LABELS`; of `ONE_LABEL` where there is one line.
    """
    if all(right):
        return "correct"
    if any(right):
        return "partial"
    seen = {reading.outcome for reading in readings}
    return next((word for key, word in _WORDS.items() if key in seen), "unparsed")
