"""Many runs → a leaderboard: scores with intervals, ranks with intervals, and who cannot be ranked and why."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from benchmark.compare import SEED
from benchmark.leaderboard.entrants import Entrant, data_key
from benchmark.leaderboard.standings import Standing, placed, replicated, unplaced
from benchmark.runs.records import RunRecord, TaskRecord
from benchmark.statistics import Floats

Key = TypeVar("Key", str, tuple[str, str])
_OWN_PREFIX = "rufin_"


@dataclass(frozen=True)
class Trial:
    """Runs with `--limit` over exactly the same documents: in order among themselves, without a place."""

    documents: Mapping[str, int]
    """Task → documents."""
    standings: tuple[Standing, ...]
    """The highest mean first; no ranks, whose places are the leaderboard's."""


@dataclass(frozen=True)
class Ranking:
    """The leaderboard's content."""

    tasks: tuple[str, ...]
    records: Mapping[str, TaskRecord]
    """Each task as the first run that has it recorded it."""
    ranked: tuple[Standing, ...]
    trials: tuple[Trial, ...]
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
    replicates = replicated(entries, names, seed)
    ranked = placed([entry for entry in entries if not entry.obstacles], names, replicates)
    trials = _trials(entries, names, replicates)
    shown = {id(standing.run) for standing in (*ranked, *(s for trial in trials for s in trial.standings))}
    unranked = [unplaced(entry, replicates[id(entry)]) for entry in entries if id(entry.run) not in shown]
    return Ranking(
        tasks=names,
        records={name: next(run.tasks[name] for run in runs if name in run.tasks) for name in names},
        ranked=tuple(ranked),
        trials=trials,
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


def _trials(
    entries: Sequence[Entrant], names: Sequence[str], replicates: Mapping[int, Mapping[str, Floats]]
) -> tuple[Trial, ...]:
    """Groups of two runs or more, the largest first."""
    groups: dict[tuple[tuple[str, ...], ...], list[Entrant]] = defaultdict(list)
    for entry in entries:
        if entry.on_trial and names:
            groups[tuple(entry.documents[name] for name in names)].append(entry)
    found = [
        Trial(
            {name: len(of_task) for name, of_task in zip(names, documents, strict=True)},
            _unranked(group, names, replicates),
        )
        for documents, group in sorted(groups.items())
        if len(group) > 1
    ]
    return tuple(sorted(found, key=lambda trial: -len(trial.standings)))


def _unranked(
    group: Sequence[Entrant], names: Sequence[str], replicates: Mapping[int, Mapping[str, Floats]]
) -> tuple[Standing, ...]:
    return tuple(replace(s, rank=None, rank_low=None, rank_high=None) for s in placed(group, names, replicates))
