"""What runs are called side by side: by their own names, and where these are alike, by their directories' too."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from benchmark.runs.records import RunRecord
from benchmark.visible import visible


def told_apart(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """The runs in their order; to a name that several directories' runs share, the directory's is added.

    A system's name says what it is and not how it was asked, so all of its runs have one name; whoever ran it twice
    chose the directories. Nothing is added to a name that one run alone has.
    """
    places: dict[str, set[Path]] = defaultdict(set)
    for run in runs:
        places[_read(run.name)].add(run.path.resolve())
    return [_named(run, places[_read(run.name)]) for run in runs]


def _read(name: str) -> str:
    """A name as a reader sees it, wherever lines break."""
    return " ".join(visible(name).split())


def _named(run: RunRecord, alike: Collection[Path]) -> RunRecord:
    return replace(run, name=f"{run.name} ({_ending(run.path.resolve(), alike)})") if len(alike) > 1 else run


def _ending(place: Path, alike: Collection[Path]) -> str:
    """As little of the path's end as no other has: the directory's name; where it is another's too, its parent's before it."""
    length = next(n for n in count(1) if sum(path.parts[-n:] == place.parts[-n:] for path in alike) == 1)
    return Path(*place.parts[-length:]).as_posix()
