"""Headline scores of given answers, by the family's own grading."""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.families import metadata
from tasks import ROOT
from tasks.dataset import read_split
from tasks.items import read_jsonl
from tasks.scoring.aggregate import micro_f1

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Family:
    """One family's data, read once."""

    name: str
    train: Sequence[Row]
    test: Sequence[Row]

    @classmethod
    def load(cls, name: str) -> "Family":
        """The splits from disk."""
        return cls(name, read_split(name, "train"), read_split(name, "test"))


def headline(family: Family, items: Iterable[Row], answers: Iterable[str]) -> float:
    """The headline metric of these answers to these items."""
    process_results = importlib.import_module(f"tasks.{family.name}.task").process_results
    key = metadata(family.name)["headline"]
    values = [process_results(item, [answer])[key] for item, answer in zip(items, answers, strict=True)]
    # Counts are pooled, as the task's YAML has it; anything else is a mean.
    return micro_f1(values) if isinstance(values[0], Sequence) else sum(values) / len(values)


def reference_score(family: Family) -> float:
    """What the reference answers get; an expert's ceiling."""
    return headline(family, family.test, [item["output"] for item in family.test])


def free_answer_score(family: Family) -> tuple[float, int]:
    """What right answers in free wording get, and how many there are."""
    rows = read_jsonl(ROOT / family.name / "free_answers.jsonl")
    items = {item["id"]: item for item in family.test}
    return headline(family, [items[row["id"]] for row in rows], [row["answer"] for row in rows]), len(rows)
