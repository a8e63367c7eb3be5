"""What an answer of several labelled lines is called, and the 0/1 metrics made of the word."""

import pytest

from tasks.scoring.labels import LabelReading
from tasks.scoring.outcome import ONE_LABEL, SEVERAL_LABELS, of_labels, outcome_metrics

READ, HEDGED, UNPARSED, REFUSAL, EMPTY, TRUNCATED = (
    LabelReading("низкий" if name == "read" else None, name)
    for name in ("read", "hedged", "unparsed", "refusal", "empty", "truncated")
)


@pytest.mark.parametrize(
    ("readings", "right", "reached"),
    [
        ([READ, READ], [True, True], "correct"),
        ([READ, READ], [True, False], "partial"),
        ([UNPARSED, READ], [False, True], "partial"),
        ([UNPARSED, HEDGED, READ], [False] * 3, "wrong"),
        ([UNPARSED, HEDGED], [False] * 2, "hedged"),
        ([UNPARSED, UNPARSED], [False] * 2, "unparsed"),
        ([REFUSAL, REFUSAL], [False] * 2, "refusal"),
        ([EMPTY, EMPTY], [False] * 2, "empty"),
        ([TRUNCATED, TRUNCATED], [False] * 2, "truncated"),
    ],
)
def test_the_best_that_can_be_said_of_the_lines(readings, right, reached):
    assert of_labels(readings, right) == reached
    assert reached in SEVERAL_LABELS


@pytest.mark.parametrize("reading", [READ, HEDGED, UNPARSED, REFUSAL, EMPTY, TRUNCATED])
@pytest.mark.parametrize("right", [True, False])
def test_one_line_is_never_partly_right(reading, right):
    assert of_labels([reading], [right and reading is READ]) in ONE_LABEL


@pytest.mark.parametrize("outcomes", [ONE_LABEL, SEVERAL_LABELS])
def test_exactly_one_metric_is_set(outcomes):
    for reached in outcomes:
        metrics = outcome_metrics(reached, outcomes)
        assert list(metrics) == [f"outcome_{name}" for name in outcomes]
        assert [name for name, value in metrics.items() if value == 1.0] == [f"outcome_{reached}"]
        assert sum(metrics.values()) == 1.0
