"""Grades ESG answers: three pillars, the overall level, the analysis. lm-eval loads this file by its path."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tasks.esg_risk.reading import derivable
from tasks.scoring.freetext import text_scores
from tasks.scoring.labels import read_label
from tasks.scoring.outcome import SEVERAL_LABELS, of_labels, outcome_metrics
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


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float | list[str | None]]:
    """Metrics of one answer; `score` is the headline, `pillar_accuracy`."""
    output = results[0] if results else None
    readings = {key: read_label(output, anchor, LEVELS) for key, anchor in ANCHORS.items()}
    right = {key: reading.label == doc["gold"][key] for key, reading in readings.items()}
    pillar_accuracy = sum(right[pillar] for pillar in PILLARS) / len(PILLARS)
    return {
        "score": pillar_accuracy,
        "pillar_accuracy": pillar_accuracy,
        "overall_accuracy": float(right["overall"]),
        "all_correct": float(all(right.values())),
        "macro_f1": [doc["gold"]["overall"], readings["overall"].label],
        **text_scores(output, doc),
        "unsupported_numbers": unsupported_numbers(output, doc),
        **outcome_metrics(of_labels(readings.values(), right.values()), SEVERAL_LABELS),
    }


def unsupported_numbers(output: object, doc: Mapping[str, Any]) -> float:
    """Share of the answer's figures that neither the text nor a reference has, nor a usual derivation gives."""
    known = "\n".join([doc["instruction"], *doc["references"]])
    return unsupported_share(output, known, [*derivable(doc["instruction"]), *_RUBRIC_FIGURES])
