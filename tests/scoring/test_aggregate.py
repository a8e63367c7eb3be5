"""Corpus metrics against scikit-learn."""

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from tasks.scoring.aggregate import macro_f1, macro_f1_pooled, micro_f1

LABELS = ("низкий", "средний", "высокий")
pairs = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from((*LABELS, None))), min_size=1, max_size=30)


def by_sklearn(items):
    golds, predicted = zip(*((gold, label or "ничего") for gold, label in items), strict=True)
    return f1_score(golds, predicted, labels=sorted(set(golds)), average="macro", zero_division=0)


@settings(deadline=None)
@given(pairs)
def test_macro_f1_is_scikit_learns_over_the_gold_labels(items):
    assert macro_f1(items) == pytest.approx(by_sklearn(items))


@settings(deadline=None)
@given(st.lists(pairs, min_size=1, max_size=5))
def test_pooled_macro_f1_ignores_which_item_a_line_belongs_to(items):
    assert macro_f1_pooled(items) == pytest.approx(by_sklearn([pair for item in items for pair in item]))


cells = st.lists(
    st.tuples(st.lists(st.booleans(), min_size=4, max_size=4), st.lists(st.booleans(), min_size=4, max_size=4)),
    min_size=1,
    max_size=20,
)


@settings(deadline=None)
@given(cells)
def test_micro_f1_is_scikit_learns_over_field_indicators(documents):
    """A document as which of four fields it states and which it should."""
    counts = [
        [sum(map(min, stated, expected)), sum(stated), sum(expected)] for stated, expected in documents
    ]  # [correct, stated, expected]
    stated, expected = (list(chain.from_iterable(fields)) for fields in zip(*documents, strict=True))
    # Micro-averaging over fields pools their counts: it is binary F1 over all cells.
    assert micro_f1(counts) == pytest.approx(f1_score(expected, stated, zero_division=0))


def test_known_values():
    assert macro_f1([["низкий", "низкий"], ["высокий", "низкий"]]) == pytest.approx((2 / 3 + 0) / 2)
    assert micro_f1([[3, 4, 5], [0, 2, 0]]) == pytest.approx(6 / 11)


def test_nothing_read_costs_recall_only():
    assert macro_f1([["низкий", "низкий"], ["низкий", None]]) == pytest.approx(2 / 3)


def test_a_label_that_no_item_has_is_no_class():
    assert macro_f1([["низкий", "низкий"], ["низкий", "высокий"]]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("metric", [macro_f1, macro_f1_pooled, micro_f1])
def test_no_items(metric):
    assert metric([]) == 0


def test_majority_is_worth_little():
    items = [["низкий", "низкий"]] * 50 + [["средний", "низкий"]] * 30 + [["высокий", "низкий"]] * 20
    assert macro_f1(items) == pytest.approx(2 / 9)
