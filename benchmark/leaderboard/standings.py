"""Where systems stand among each other: means over tasks, ranks, and the intervals of both."""

import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark import statistics
from benchmark.comparing.deltas import cluster_sums
from benchmark.leaderboard.entrants import Cell, Entrant, Obstacle
from benchmark.runs.records import RunRecord
from benchmark.statistics import Floats


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
    """(why it is not in the leaderboard, task); empty for systems that are."""


def replicated(entries: Sequence[Entrant], names: Sequence[str], seed: int) -> dict[int, dict[str, Floats]]:
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


def placed(
    able: Sequence[Entrant], names: Sequence[str], replicates: Mapping[int, Mapping[str, Floats]]
) -> list[Standing]:
    """Systems over the same documents, the best first.

    Args:
        names: the tasks that the mean is taken over.
        replicates: of each system by its `id`, as `replicated` gives them.
    """
    if not able or not names:
        return []
    averages = [np.mean([replicates[id(entry)][name] for name in names], axis=0) for entry in able]
    cells = [entry.cells(replicates[id(entry)]) for entry in able]
    # Rounded, so that equal scores summed in another order still tie.
    points = [round(float(np.mean([cell.value for cell in row.values()])), 12) for row in cells]
    places = _ranks(np.round(np.array(averages, dtype=float), 12).T)
    low, high = np.percentile(places, (2.5, 97.5), axis=0, method="nearest")
    best = int(np.argmax(points))
    # All answered the same documents, so all have the same clusters; one alone says nothing of the spread.
    clusters = max(2, min(int(codes.max()) + 1 for codes in able[0].codes.values()))
    intervals = [
        statistics.mean_interval(average, clusters, [(cell.low, cell.high) for cell in row.values()])
        for average, row in zip(averages, cells, strict=True)
    ]
    standings = [
        Standing(
            run=entry.run,
            cells=cells[i],
            average=points[i],
            low=intervals[i][0],
            high=intervals[i][1],
            rank=1 + sum(point > points[i] for point in points),
            rank_low=int(low[i]),
            rank_high=int(high[i]),
            separable=statistics.percentile_interval(averages[best] - averages[i], clusters)[0] > 0,
            obstacles=tuple(entry.obstacles),
        )
        for i, entry in enumerate(able)
    ]
    return sorted(standings, key=lambda s: (s.rank or 0, s.run.name))


def _ranks(scores: Floats) -> Floats:
    """Ranks in each row, 1 for the largest, ties sharing the better one."""
    ordered = np.sort(-scores, axis=1)
    return np.array([np.searchsorted(row, -line, side="left") for row, line in zip(ordered, scores, strict=True)]) + 1


def unplaced(entry: Entrant, replicates: Mapping[str, Floats]) -> Standing:
    """A system that cannot be ranked, with the scores that it has and what keeps it out."""
    cells = entry.cells(replicates)
    return Standing(entry.run, cells, None, None, None, None, None, None, False, tuple(entry.obstacles))
