"""Scores one extraction answer for lm-eval."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.scoring.fields import FIELDS, FieldScore, score
from tasks.scoring.outcome import outcome_metrics

OUTCOMES = ("correct", "partial", "wrong", "invalid_json", "truncated", "refusal", "empty")


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float | list[int]]:
    """Metrics of one answer. F1, precision and recall are [correct, stated, expected], pooled over the corpus later."""
    result = score(results[0] if results else None, doc["gold"]["rows"])
    pooled = result.counts.triple
    return {
        "score": pooled,
        "field_f1": pooled,
        "field_precision": pooled,
        "field_recall": pooled,
        "exact_document": float(result.exact),
        "valid_json": float(result.outcome == "read"),
        **{f"field_f1_{name}": result.fields[name].triple for name in FIELDS},
        **outcome_metrics(_outcome(result), OUTCOMES),
    }


def _outcome(result: FieldScore) -> str:
    if result.outcome != "read":
        return result.outcome
    if result.exact:
        return "correct"
    return "partial" if result.counts.correct else "wrong"


def micro_precision(items: Sequence[Sequence[int]]) -> float:
    """Correct fields per stated field over the corpus; an item is [correct, stated, expected]."""
    stated = sum(item[1] for item in items)
    return sum(item[0] for item in items) / stated if stated else 0.0


def micro_recall(items: Sequence[Sequence[int]]) -> float:
    """Correct fields per field of the gold over the corpus; an item is [correct, stated, expected]."""
    expected = sum(item[2] for item in items)
    return sum(item[0] for item in items) / expected if expected else 0.0
