"""Grades ESG answers: three pillars, the overall level, the analysis. lm-eval loads this file by its path."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tasks.esg_risk.reading import derivable
from tasks.scoring.freetext import text_scores
from tasks.scoring.labels import LabelReading, read_label
from tasks.scoring.unsupported import unsupported_share

PILLARS = ("environment", "social", "governance")
ANCHORS = {
    "environment": r"экологическ\w+ риск\w*|риск экологическ\w+",
    "social": r"социальн\w+ риск\w*|риск социальн\w+",
    "governance": r"управленческ\w+ риск\w*|риск управленческ\w+",
    "overall": r"общ\w+ риск\w*|общ\w+ уровень риска|общ\w+ ESG-риск\w*|итогов\w+ риск\w*|итоговый уровень риска",
}
"""Line openings read as each of the four answers."""
LEVELS = {
    "низкий": ("низкий", "невысокий", "минимальный"),
    "средний": ("средний", "умеренный"),
    "высокий": ("высокий", "критический"),
}
"""Label -> words that state it."""
_RUBRIC_FIGURES = (Decimal(10), Decimal(50), Decimal(2), Decimal(3))
"""Figures of the rubric: its thresholds, and how many pillars share a level."""
OUTCOMES = ("correct", "partial", "wrong", "hedged", "unparsed", "refusal", "empty", "truncated")


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float | list[str | None]]:
    """Metrics of one answer; `score` is the headline, `pillar_accuracy`."""
    output = results[0] if results else None
    readings = {key: read_label(output, anchor, LEVELS) for key, anchor in ANCHORS.items()}
    right = {key: reading.label == doc["gold"][key] for key, reading in readings.items()}
    pillar_accuracy = sum(right[pillar] for pillar in PILLARS) / len(PILLARS)
    reached = outcome(readings, right)
    return {
        "score": pillar_accuracy,
        "pillar_accuracy": pillar_accuracy,
        "overall_accuracy": float(right["overall"]),
        "all_correct": float(all(right.values())),
        "macro_f1": [doc["gold"]["overall"], readings["overall"].label],
        **text_scores(output, doc),
        "unsupported_numbers": unsupported_numbers(output, doc),
        **{f"outcome_{name}": float(name == reached) for name in OUTCOMES},
    }


def unsupported_numbers(output: object, doc: Mapping[str, Any]) -> float:
    """Share of the answer's figures that neither the text nor a reference has, nor a usual derivation gives.

    An answer without figures has none that is unsupported.
    """
    if not isinstance(output, str):
        return 0.0
    known = "\n".join([doc["instruction"], *doc["references"]])
    return unsupported_share(output, known, [*derivable(doc["instruction"]), *_RUBRIC_FIGURES]) or 0.0


def outcome(readings: Mapping[str, LabelReading], right: Mapping[str, bool]) -> str:
    """How the four answers went as a whole: the best that can be said of them comes first."""
    if all(right.values()):
        return "correct"
    if any(right.values()):
        return "partial"
    seen = {reading.outcome for reading in readings.values()}
    # A line that was read and wrong says more than one that could not be read.
    order = {"read": "wrong", "hedged": "hedged", "refusal": "refusal", "truncated": "truncated", "empty": "empty"}
    return next((name for key, name in order.items() if key in seen), "unparsed")
