"""Scores one answer of the calculation family; lm-eval calls it."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.scoring.freetext import text_scores
from tasks.scoring.numeric import OUTCOMES, grade
from tasks.scoring.outcome import outcome_metrics


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float]:
    """The metrics of one answer: the number to the precision asked, to 1%, the formula behind it, ROUGE-L, the outcome.

    Args:
        doc: an item as `tasks.dataset` loads it.
        results: lm-eval's filtered responses; the first is the answer.
    """
    answer, gold = results[0] if results else None, doc["gold"]
    verdict = grade(answer, gold["value"], gold["unit"], decimals=gold["decimals"])
    rouge = text_scores(answer, doc)
    return {
        "score": float(verdict.correct),
        "numeric_match": float(verdict.correct),
        "numeric_match_1pct": float(verdict.within_1pct),
        "formula_match": float(verdict.formula_match),
        "rougeL": rouge["rougeL"],
        "rougeL_floor": rouge["rougeL_floor"],
        **outcome_metrics(verdict.outcome, OUTCOMES),
    }
