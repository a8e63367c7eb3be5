"""Corpus metrics: what cannot be a mean over items. lm-eval calls them with the list of per-item values."""

from collections.abc import Sequence


def macro_f1(items: Sequence[Sequence[str | None]]) -> float:
    """Unweighted mean of F1 over the gold labels; an item is [gold, predicted], None where nothing was read."""
    golds = sorted({str(gold) for gold, _ in items})
    return sum(_label_f1(items, label) for label in golds) / len(golds) if golds else 0.0


def macro_f1_pooled(items: Sequence[Sequence[Sequence[str | None]]]) -> float:
    """`macro_f1` where an item has several labels: each item is a list of [gold, predicted], all lines pooled."""
    return macro_f1([pair for pairs in items for pair in pairs])


def _label_f1(items: Sequence[Sequence[str | None]], label: str) -> float:
    hits = sum(gold == label == predicted for gold, predicted in items)
    stated = sum(predicted == label for _, predicted in items)
    expected = sum(gold == label for gold, _ in items)
    return 2 * hits / (stated + expected) if stated + expected else 0.0


def micro_f1(items: Sequence[Sequence[int]]) -> float:
    """F1 over pooled counts; an item is [correct, stated, expected]."""
    correct, stated, expected = (sum(item[i] for item in items) for i in range(3))
    return 2 * correct / (stated + expected) if stated + expected else 0.0
