"""One run on its way into a leaderboard: its scores with intervals, and what keeps it from being ranked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmark.comparing.deltas import cluster_codes, level_interval
from benchmark.comparing.measures import Measure, measure
from benchmark.runs.records import RunRecord, TaskRecord
from benchmark.statistics import Floats

Obstacle = Literal[
    "missing_task", "missing_documents", "other_data", "other_grader", "unknown_grader", "no_value", "no_share", "limit"
]


@dataclass(frozen=True)
class Cell:
    """One system's headline score in one task."""

    value: float
    low: float
    high: float
    share: bool


def data_key(task: TaskRecord) -> tuple[str, str]:
    """What must be equal for scores to be comparable: the task's version and its data's hash."""
    return task.version, str(task.metadata.get("dataset_sha256") or "")


class Entrant:
    """One run, its measures, and what keeps it from being ranked."""

    def __init__(
        self,
        run: RunRecord,
        names: Sequence[str],
        data: Mapping[str, tuple[str, str] | None],
        grader: str | None,
    ) -> None:
        self.run = run
        self.measures: dict[str, Measure] = {}
        self.codes: dict[str, np.ndarray] = {}
        self.documents: dict[str, tuple[str, ...]] = {}
        """Hashes of each task's documents that have a score."""
        self.obstacles: list[tuple[Obstacle, str]] = [("limit", "")] if run.limit is not None else []
        own = str(run.get("grader_sha256") or "")
        if own != grader:
            self.obstacles.append(("other_grader" if own else "unknown_grader", ""))
        for name in names:
            obstacle = self._read(name, data[name])
            if obstacle:
                self.obstacles.append((obstacle, name))

    def _read(self, name: str, data: tuple[str, str] | None) -> Obstacle | None:
        task = self.run.tasks.get(name)
        if task is None:
            return "missing_task"
        samples = sorted(task.samples.values(), key=lambda sample: sample.doc_hash)
        values = [sample.metrics.get(task.headline) for sample in samples]
        found = measure(task.aggregation(task.headline), values, values)
        if found is None:
            return "no_value"
        self.measures[name] = found
        self.codes[name] = cluster_codes([samples[i].template for i in found.kept])
        self.documents[name] = tuple(samples[i].doc_hash for i in found.kept)
        if not found.share or not task.scores[task.headline].higher_is_better:
            return "no_share"  # points of another scale, or of a scale turned round, have no place in a mean
        if data_key(task) != data:
            return "other_data"
        return "missing_documents" if len(found.kept) < task.n_original else None

    @property
    def on_trial(self) -> bool:
        """Whether nothing but `--limit` keeps the run from being ranked."""
        return self.run.limit is not None and {obstacle for obstacle, _ in self.obstacles} <= {
            "limit",
            "missing_documents",
        }

    def cells(self, replicates: Mapping[str, Floats]) -> dict[str, Cell]:
        """Scores with intervals."""
        cells = {}
        for name, found in self.measures.items():
            value = float(found.value(found.baseline.sum(0)))
            low, high = level_interval(found, found.baseline_items, self.codes[name], value, replicates[name])
            known = math.isfinite(low)
            cells[name] = Cell(value, low if known else value, high if known else value, found.share)
        return cells
