"""Reference rows of a leaderboard: what needs no model, answered and graded as every system's answers are."""

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from benchmark import cheap
from benchmark.cheap.score import Family, headline
from benchmark.cheap.systems import few_lines_of_regex, majority, random_guess
from benchmark.embedded import cache_directory
from benchmark.families import families, metadata
from benchmark.runs.provenance import grader_sha256
from benchmark.runs.records import TaskRecord
from benchmark.systems.identity import sha256_of_file, sha256_of_json
from tasks import ROOT
from tasks.items import write_text


def _reference_answers(family: Family) -> Iterable[str]:
    return (item["output"] for item in family.test)


ROWS: dict[str, Callable[[Family], Iterable[str]]] = {
    "random": random_guess,
    "majority": majority,
    "rules": few_lines_of_regex,
    "reference": _reference_answers,
}
"""Row → who answers. The reference answers are graded too: a grader that fails them shows here."""


def references(records: Mapping[str, TaskRecord], grader: str = "") -> dict[str, dict[str, float]]:
    """Row → task → headline score. A task has scores where its data are installed here as the runs saw them.

    Args:
        grader: hash of the graders that the runs share; nothing is measured where it is not the one installed here.
    """
    if grader not in ("", grader_sha256()):
        return {}
    known = {name: family for name, record in records.items() if (family := _family(record))}
    scores = {name: measured(family) for name, family in known.items()}
    return {row: {name: found[row] for name, found in scores.items()} for row in ROWS} if scores else {}


def _family(record: TaskRecord) -> str | None:
    """The family that a run's task is, if version, data and headline are those installed here."""
    family = record.name.removeprefix("rufin_")
    if family not in families():
        return None
    ours = metadata(family)
    same = (
        record.version == str(ours["version"])
        and record.metadata.get("dataset_sha256") == ours["dataset_sha256"]
        and record.headline == ours["headline"]
    )
    return family if same else None


@cache
def measured(family: str) -> dict[str, float]:
    """Row → score of one family; kept on disk, since it depends on nothing but data and code."""
    path = cache_directory() / "references" / f"{family}-{_key(family)}.json"
    if path.is_file():
        with contextlib.suppress(ValueError):
            return json.loads(path.read_text(encoding="utf-8"))
    loaded = Family.load(family)
    scores = {row: headline(loaded, loaded.test, answers(loaded)) for row, answers in ROWS.items()}
    # A cache that cannot be written costs the next build some seconds, nothing else.
    with contextlib.suppress(OSError):
        write_text(path, json.dumps(scores))
    return scores


def _key(family: str) -> str:
    files = [
        *(ROOT / family / "data" / f"{split}.jsonl" for split in ("train", "test")),
        *Path(cheap.__file__).parent.glob("*.py"),
    ]
    return sha256_of_json([grader_sha256(), *sorted(map(sha256_of_file, files))])[:16]
