"""Grades one answer about a borrower; lm-eval loads this file by its path."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tasks.scoring.freetext import text_scores
from tasks.scoring.labels import read_label
from tasks.scoring.outcome import ONE_LABEL, of_labels, outcome_metrics
from tasks.scoring.unsupported import unsupported_share

ANCHOR = r"(?:уровень|степень|категория|класс)(?: кредитного)? риска|кредитный риск|риск(?=[*_» ]*[:=|—–])"
LEVELS = {
    "низкий": ("низкий", "минимальный", "незначительный"),
    "средний": ("средний", "умеренный"),
    "высокий": ("высокий", "критический", "максимальный"),
}
"""Each level and its synonyms. «Повышенный» is none of them: it stands between two levels."""


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, Any]:
    """Every metric of the family for one answer.

    Args:
        doc: an item as `tasks.dataset` loads it.
        results: the model's answer first; anything but text counts as an empty answer.
    """
    answer, gold = results[0] if results else None, doc["gold"]["level"]
    reading = read_label(answer, ANCHOR, LEVELS)
    correct = reading.label == gold
    derived = [Decimal(value) for value in doc["gold"]["derived"]]
    return {
        "score": float(correct),
        "accuracy": float(correct),
        "macro_f1": [gold, reading.label],
        **text_scores(answer, doc),
        "unsupported_numbers": unsupported_share(answer, doc["instruction"], derived),
        **outcome_metrics(of_labels([reading], [correct]), ONE_LABEL),
    }
