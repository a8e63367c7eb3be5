"""`rufinbench check`: are the tasks and their data what they claim to be?

A family joins by being a folder with `<family>.yaml`; its `verify.py` recomputes each gold by a path of its own.
"""

import importlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmark.datacard.counts import label_shares, prompt_wordings
from benchmark.errors import UserError
from benchmark.families import families, metadata
from benchmark.overlap import NEAR, Index, masked, shingles
from benchmark.visible import visible
from tasks import ROOT
from tasks.dataset import SPLITS, data_sha256, read_split
from tasks.items import DataError, json_object, numbered_lines, read_jsonl, text_problems, validate

SHOWN = 5
LEAST_SHARE, LARGEST_SHARE = 0.2, 0.5
LEAST_WORDINGS = {"train": 20, "test": 10}


def check_families(names: list[str]) -> None:
    """Run every gate on the named families (all if none) and print a table.

    Raises:
        UserError: a family does not exist, or a gate found problems.
    """
    unknown = sorted(set(names) - set(families()))
    if unknown:
        raise UserError(f"--tasks {', '.join(unknown)}: no such family; there are {', '.join(families())}")
    table = Table("family", "gate", "result", title="rufinbench check")
    problems: list[str] = []
    for family in track(names or families(), description="Checking", transient=True, disable=not sys.stdout.isatty()):
        for gate, found in gates(family):
            problems += found
            table.add_row(family, gate, "ok" if not found else f"{len(found)} problems")
    console = Console()
    console.print(table)
    for problem in problems[:SHOWN]:
        console.print(problem, markup=False, highlight=False)
    if problems:
        raise UserError(f"check: {len(problems)} problems in all; the first are above")


def gates(family: str) -> Iterator[tuple[str, list[str]]]:
    """Each gate's name and what it found wrong, for one family."""
    try:
        splits = {split: read_split(family, split) for split in SPLITS}
    except (DataError, OSError) as error:
        yield "readable", [str(error)]
        return
    yield "schema", _schema(family)
    yield "version", _version(family)
    yield "unique ids", _unique(family, splits)
    yield "splits share no template", _disjoint(family, splits)
    yield "labels balanced", _label_shares(family, splits["test"])
    yield "wordings varied", _wordings(family, splits)
    yield "train and test apart", _overlap(splits)
    yield "golds recompute", _verified(family, splits)
    yield "references score 1.0", _references(family, splits["test"])


def _schema(family: str) -> list[str]:
    problems = []
    for split in SPLITS:
        path = ROOT / family / "data" / f"{split}.jsonl"
        try:
            validate(read_jsonl(path), str(path))
        except DataError as error:
            problems.append(str(error))
    return problems


def _version(family: str) -> list[str]:
    """The data is the version that the YAML names and the version record knows."""
    stated = metadata(family)
    found = data_sha256(family)
    recorded = json.loads((ROOT / family / "versions.json").read_text(encoding="utf-8")).get(str(stated["version"]))
    if found == stated["dataset_sha256"] == recorded:
        return []
    return [
        f"tasks/{family}: data {found[:12]}…, {family}.yaml {str(stated['dataset_sha256'])[:12]}…, versions.json "
        f"{str(recorded)[:12]}… for version {stated['version']}; bump metadata.version and rebuild"
    ]


def _unique(family: str, splits: dict[str, list[dict[str, Any]]]) -> list[str]:
    counts = Counter(item["id"] for items in splits.values() for item in items)
    return [f"{family}: id {name} stands {count} times" for name, count in counts.items() if count > 1]


def _disjoint(family: str, splits: dict[str, list[dict[str, Any]]]) -> list[str]:
    seen: dict[str, str] = {}
    problems = []
    for split, items in splits.items():
        for template in sorted({item["template_id"] for item in items}):
            if seen.setdefault(template, split) != split:
                problems.append(f"{family}: template {template} stands in {seen[template]} and {split}")
    return problems


def _label_shares(family: str, items: list[dict[str, Any]]) -> list[str]:
    shares = label_shares(family, items)
    return [
        f"{family}: {share:.0%} of {name} is {label!r}; a label's share must lie in {LEAST_SHARE:.0%}–{LARGEST_SHARE:.0%}"
        for name, by_label in shares.items()
        for label, share in by_label.items()
        if not LEAST_SHARE <= share <= LARGEST_SHARE
    ]


def _wordings(family: str, splits: dict[str, list[dict[str, Any]]]) -> list[str]:
    counts = {split: prompt_wordings(family, splits[split], split) for split in LEAST_WORDINGS}
    return [
        f"{family}: {counts[split]} wordings of the task in {split}; at least {least} are needed"
        for split, least in LEAST_WORDINGS.items()
        if counts[split] < least
    ]


def _overlap(splits: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Test questions that a training question repeats with other numbers and names."""
    index = Index(shingles(masked(item["instruction"])) for item in splits["train"])
    problems = []
    for item in splits["test"]:
        position, similarity = index.nearest(shingles(masked(item["instruction"])))
        if similarity >= NEAR:
            problems.append(f"{item['id']}: {similarity:.2f} like {splits['train'][position]['id']} of train")
    return problems


def _verified(family: str, splits: dict[str, list[dict[str, Any]]]) -> list[str]:
    verify: Callable[[dict[str, Any]], list[str]] = importlib.import_module(f"tasks.{family}.verify").verify
    return [f"{item['id']}: {problem}" for items in splits.values() for item in items for problem in verify(item)]


def _references(family: str, items: list[dict[str, Any]]) -> list[str]:
    process_results = importlib.import_module(f"tasks.{family}.task").process_results
    scored = ((item["id"], process_results(item, [item["output"]])["score"]) for item in items)
    return [f"{name}: its own reference scores {score}" for name, score in scored if not _is_full(score)]


def _is_full(score: Any) -> bool:
    """1.0, or for counts [correct, stated, expected] all of them."""
    return len(set(score)) == 1 if isinstance(score, list | tuple) else score == 1.0


def check_file(path: Path) -> None:
    """Validate a user's JSONL of the simple form, row by row, and say which rows are bad and why.

    Raises:
        UserError: the file cannot be read, or rows are bad.
    """
    try:
        numbered = numbered_lines(path)
    except OSError as error:
        raise UserError(f"--data {path}: cannot be read ({error.strerror}); give a UTF-8 JSONL file") from error
    except DataError as error:
        raise UserError(f"--data {error}") from error
    problems = [f"{path}:{number}: {problem}" for number, line in numbered for problem in _row_problems(line)]
    problems += _duplicates(path, numbered)
    console = Console()
    for problem in problems:
        console.print(problem, markup=False, highlight=False)
    if not numbered:
        raise UserError(f"--data {path}: no rows; give a JSONL file with a row a line")
    if problems:
        found, rows = _counted(len(problems), "problem"), _counted(len(numbered), "row")
        raise UserError(f"--data {path}: {found} in {rows}; mend them as listed")
    console.print(f"{path}: {_counted(len(numbered), 'row')}, all good", markup=False, highlight=False)
    for line in _headings(Counter(json_object(line).get("category", "no category") for _, line in numbered)):
        console.print(line, markup=False, highlight=False)


def _headings(categories: Counter[str]) -> Iterator[str]:
    """How a training asks the rows of each category: a family that is misspelt would go unnoticed."""
    for how, ours in (("in their family's prompt", True), ("under a plain heading", False)):
        found = [(name, count) for name, count in categories.most_common() if (name in families()) == ours]
        if found:
            more = f", … ({len(found)} categories)" if len(found) > SHOWN else ""
            yield f"{how}: " + ", ".join(f"{_one_line(name)} {count}" for name, count in found[:SHOWN]) + more


def _one_line(name: str) -> str:
    return visible(" ".join(name.split()))


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _row_problems(line: str) -> list[str]:
    try:
        return training_row_problems(json_object(line))
    except DataError as error:
        return [str(error)]


def training_row_problems(row: dict[str, Any]) -> list[str]:
    """What keeps a row from being trained on; a category may be left out."""
    return text_problems(row, ("instruction", "output", *(("category",) if "category" in row else ())))


def _duplicates(path: Path, numbered: list[tuple[int, str]]) -> list[str]:
    first: dict[str, int] = {}
    return [
        f"{path}:{number}: the same row as line {first[line]}"
        for number, line in numbered
        if first.setdefault(line, number) != number
    ]
