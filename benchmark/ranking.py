"""Many runs → a leaderboard: scores with intervals, ranks with intervals, and who cannot be ranked and why."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from benchmark import statistics
from benchmark.compare import SEED
from benchmark.deltas import cluster_sums
from benchmark.entrants import Cell, Entrant, Obstacle, data_key
from benchmark.records import RunRecord, TaskRecord
from benchmark.statistics import Floats

Key = TypeVar("Key", str, tuple[str, str])
_OWN_PREFIX = "rufin_"


@dataclass(frozen=True)
class Standing:
    """One system's place. Its scores do not depend on which other systems are there; its rank does."""

    run: RunRecord
    cells: Mapping[str, Cell]
    average: float | None
    low: float | None
    high: float | None
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    separable: bool
    """Whether the 95% interval of its distance to the first excludes zero."""
    obstacles: tuple[tuple[Obstacle, str], ...]
    """(why it is not ranked, task); empty for ranked systems."""


@dataclass(frozen=True)
class Ranking:
    """The leaderboard's content."""

    tasks: tuple[str, ...]
    records: Mapping[str, TaskRecord]
    """Each task as the first run that has it recorded it."""
    ranked: tuple[Standing, ...]
    unranked: tuple[Standing, ...]
    grader: str
    """Hash of the graders' code that the ranked runs share; empty where they do not record it."""


def rank(runs: Sequence[RunRecord], tasks: Sequence[str] | None = None, seed: int = SEED) -> Ranking:
    """Rank runs by the plain mean of their headline scores.

    Args:
        tasks: what a system must have; by default the benchmark's own tasks if any run has them, else all tasks.
    """
    names = _tasks(runs) if tasks is None else tuple(name for name in tasks if any(name in run.tasks for run in runs))
    data = {name: _agreed([data_key(run.tasks[name]) for run in runs if name in run.tasks]) for name in names}
    grader = _agreed([str(run.get("grader_sha256") or "") for run in runs])
    entries = [Entrant(run, names, data, grader) for run in runs]
    able = [entry for entry in entries if not entry.obstacles and names]
    replicates = _replicates(entries, names, seed)
    averages = [np.mean([replicates[id(entry)][name] for name in names], axis=0) for entry in able]
    ranked = sorted(_placed(able, averages, replicates), key=lambda s: (s.rank or 0, s.run.name))
    unranked = [_unplaced(entry, replicates[id(entry)]) for entry in entries if entry not in able]
    return Ranking(
        tasks=names,
        records={name: next(run.tasks[name] for run in runs if name in run.tasks) for name in names},
        ranked=tuple(ranked),
        unranked=tuple(sorted(unranked, key=lambda s: s.run.name)),
        grader=grader or "",
    )


def _tasks(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    found = sorted({name for run in runs for name in run.tasks})
    own = [name for name in found if name.startswith(_OWN_PREFIX)]
    return tuple(own or found)


def _agreed(keys: Sequence[Key]) -> Key | None:
    """What most runs have; of equally many the greatest, so that the order of the runs does not matter."""
    counts = Counter(keys)
    return max(counts, key=lambda key: (counts[key], key)) if counts else None


def _replicates(entries: Sequence[Entrant], names: Sequence[str], seed: int) -> dict[int, dict[str, Floats]]:
    """Each system's task scores in each resample; systems over equally many clusters are resampled alike."""
    found: dict[int, dict[str, Floats]] = {id(entry): {} for entry in entries}
    for name in names:
        seeds = (seed, zlib.crc32(name.encode("utf-8", "surrogatepass")), 3)
        groups: dict[int, list[Entrant]] = defaultdict(list)
        for entry in entries:
            if name in entry.measures:
                groups[int(entry.codes[name].max()) + 1].append(entry)
        for group in groups.values():
            sums = [cluster_sums(entry.measures[name].baseline, entry.codes[name]) for entry in group]
            for entry, resampled in zip(group, statistics.bootstrap_sums(sums, seeds), strict=True):
                found[id(entry)][name] = entry.measures[name].value(resampled)
    return found


def _placed(
    able: Sequence[Entrant], averages: Sequence[Floats], replicates: Mapping[int, Mapping[str, Floats]]
) -> list[Standing]:
    if not able:
        return []
    cells = [entry.cells(replicates[id(entry)]) for entry in able]
    # Rounded, so that equal scores summed in another order still tie.
    points = [round(float(np.mean([cell.value for cell in row.values()])), 12) for row in cells]
    places = _ranks(np.round(np.array(averages, dtype=float), 12).T)
    low, high = np.percentile(places, (2.5, 97.5), axis=0, method="nearest")
    best = int(np.argmax(points))
    return [
        Standing(
            run=entry.run,
            cells=cells[i],
            average=points[i],
            low=statistics.percentile_interval(averages[i], 1 << 30)[0],
            high=statistics.percentile_interval(averages[i], 1 << 30)[1],
            rank=1 + sum(point > points[i] for point in points),
            rank_low=int(low[i]),
            rank_high=int(high[i]),
            separable=statistics.percentile_interval(averages[best] - averages[i], 1 << 30)[0] > 0,
            obstacles=(),
        )
        for i, entry in enumerate(able)
    ]


def _ranks(scores: Floats) -> Floats:
    """Ranks in each row, 1 for the largest, ties sharing the better one."""
    ordered = np.sort(-scores, axis=1)
    return np.array([np.searchsorted(row, -line, side="left") for row, line in zip(ordered, scores, strict=True)]) + 1


def _unplaced(entry: Entrant, replicates: Mapping[str, Floats]) -> Standing:
    cells = entry.cells(replicates)
    return Standing(entry.run, cells, None, None, None, None, None, None, False, tuple(entry.obstacles))
