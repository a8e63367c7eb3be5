"""Grades market directions: one per named sector or company. lm-eval loads this file by its path."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tasks.market_trends.rubric import LEVELS, THRESHOLD, steps
from tasks.scoring.freetext import text_scores
from tasks.scoring.labels import LabelReading, read_label
from tasks.scoring.outcome import SEVERAL_LABELS, of_labels, outcome_metrics
from tasks.scoring.unsupported import unsupported_share

_FORM = r"(?:(?:ПАО|АО|ООО|НПФ|МФО|ПИФ|МЭЗ|НПЗ|банк|фонд|компания|сектор|отрасль)\W{1,3})?"
"""What may stand before a name: «НПФ „Ниворож“: позитивно»."""


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, Any]:
    """Metrics of one answer; `score` is the headline, `direction_accuracy`.

    `macro_f1` is a list of [gold, predicted] pairs, one per line, pooled over the corpus later.
    """
    answer = results[0] if results else None
    directions = doc["gold"]["directions"]
    readings = [read(answer, line["sector"]) for line in directions]
    right = [reading.label == line["direction"] for reading, line in zip(readings, directions, strict=True)]
    accuracy = sum(right) / len(right)
    return {
        "score": accuracy,
        "direction_accuracy": accuracy,
        "all_correct": float(all(right)),
        "macro_f1": [[line["direction"], reading.label] for line, reading in zip(directions, readings, strict=True)],
        **text_scores(answer, doc),
        "unsupported_numbers": unsupported_share(answer, doc["instruction"], derived(doc["gold"])),
        **outcome_metrics(of_labels(readings, right), SEVERAL_LABELS),
    }


def read(answer: object, sector: str) -> LabelReading:
    """The direction that an answer states for one sector or company."""
    return read_label(answer, _FORM + re.escape(sector), LEVELS)


def derived(gold: Mapping[str, Any]) -> Iterator[Decimal]:
    """What an answer may cite beyond the prompt's figures: parts of the formulas, price changes, the threshold."""
    yield Decimal(THRESHOLD.numerator)
    yield from (Decimal(change) for change in gold["changes"])
    for line in gold["directions"]:
        for value in steps(line["formula"]):
            # A share is cited in percent as often as it is written as a fraction.
            exact = Decimal(value.numerator) / value.denominator
            yield from (exact, exact * 100)
