"""A finished run's directory: its files read and found whole, or moved out of the way."""

import itertools
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.runs.runfiles import read_record, read_results

_notices = logging.getLogger(__name__)


@dataclass(frozen=True)
class FinishedRun:
    """One run directory of `rufinbench run`."""

    folder: Path
    record: Mapping[str, Any]
    """`run.json`."""
    results: Mapping[str, Any]
    """The results file."""
    stamp: str
    """The time in the files' names."""

    def samples(self, task: str) -> Path:
        """A task's sample file."""
        return self.folder / f"samples_{task}_{self.stamp}.jsonl"

    @property
    def seconds(self) -> float:
        """lm-eval's own count, which it writes as text; 0 where there is none."""
        try:
            return float(self.results.get("total_evaluation_time_seconds") or 0)
        except (TypeError, ValueError, OverflowError):
            return 0.0


def read_finished(folder: Path) -> FinishedRun:
    """Read a run directory that has a `run.json`.

    Raises:
        UserError: a file is not there, is damaged, or lacks rows that were written.
    """
    record = read_record(folder / "run.json")
    found = sorted(folder.glob("results_*.json"))
    if not found:
        raise UserError(f"{folder}: no results_*.json there; restore it or run again")
    finished = FinishedRun(folder, record, read_results(found[-1]), found[-1].stem.removeprefix("results_"))
    tasks = finished.results["configs"]
    known = record.get("request", {}).get("tasks", {}).keys() & record.get("tasks", {}).keys()
    if "options" not in record or not known.issuperset(tasks):
        raise UserError(f"{folder}: run.json is of an older format; give the run's own command again, elsewhere")
    lacking = [name for name in tasks if name not in finished.results["results"] or not _has_all_rows(finished, name)]
    if lacking:
        raise UserError(f"{folder}: lacks results or samples of {', '.join(lacking)}; restore them or run again")
    return finished


def _has_all_rows(finished: FinishedRun, task: str) -> bool:
    """Whether the sample file has a whole line for each document and filter."""
    path, documents = finished.samples(task), finished.record["tasks"][task].get("documents", 0)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        rows = sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))
    return not documents or (rows > 0 and rows % documents == 0)


def set_aside(output: Path, damage: UserError) -> None:
    """Move a run that is not whole out of the way of one that is made in its place, and say so.

    Args:
        damage: what is wrong with it, as `read_finished` says it.

    Raises:
        UserError: it cannot be moved.
    """
    places = (output.with_name(f".{output.name}.damaged-{number}") for number in itertools.count(1))
    place = next(place for place in places if not place.exists())
    try:
        output.replace(place)
    except OSError as error:
        raise UserError(f"{damage}; {output} cannot be moved out of the way ({error.strerror}): move it") from error
    _notices.warning("%s: that is done now, from the answers that are kept; its old files are in %s", damage, place)
