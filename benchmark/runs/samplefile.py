"""lm-eval's sample files, line by line: scores and identities are kept, texts stay in the file until they are read."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from sys import intern
from typing import Any

from benchmark.comparing import translation
from benchmark.comparing.measures import is_number
from benchmark.errors import UserError
from benchmark.runs.records import Place, Problem, ProblemKind, SampleResult, aggregation
from benchmark.runs.sampletexts import Texts, texts_of

MOST_SAMPLES = 500_000
"""Of one task in one run; a line costs about two kilobytes of memory, however long its texts are."""
LONGEST_LINE = 64 << 20
"""Bytes; a longer line counts as unreadable."""
_SLICES = ("slice", "topic", "difficulty")
_OUTCOME = "outcome_"
_NAME = 200
"""Characters of an identifier or of a part's name that are kept."""


def read_samples(
    task: str, path: Path, filter_name: str, config: Mapping[str, Any]
) -> tuple[dict[str, SampleResult], list[Problem]]:
    """A task's samples by document hash, and what had to be left out.

    Args:
        config: the task's recorded YAML, which says how its metrics are aggregated.

    Raises:
        UserError: the file holds more samples than fit in memory.
    """
    if not _exists(path):
        return {}, [Problem("no_samples", task)]
    how = cache(partial(aggregation, config))
    samples: dict[str, SampleResult] = {}
    counts: Counter[ProblemKind] = Counter()
    for offset, row in _rows(path):
        if row is None:
            counts["truncated_lines"] += 1
        elif str(row.get("filter", filter_name)) == filter_name:
            sample = _sample(task, row, Place(path, offset, *map(len, texts_of(row))), how)
            counts["duplicate_documents"] += sample.doc_hash in samples
            samples.setdefault(sample.doc_hash, sample)
        if len(samples) > MOST_SAMPLES:
            raise UserError(f"{path}: more than {MOST_SAMPLES:,} samples; compare runs of a smaller part of the task")
    return samples, [Problem(kind, task, count) for kind, count in sorted(counts.items()) if count]


def read_texts(sample: SampleResult) -> Texts:
    """A sample's texts, whole.

    Raises:
        UserError: the file is not any more what it was when the run was loaded.
    """
    with sample.place.path.open("rb") as file:
        file.seek(sample.place.offset)
        row = _row(file.readline(LONGEST_LINE))
    if row is None:
        raise UserError(f"{sample.place.path}: changed while it was being read; give the command again")
    return texts_of(row)


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a task's name may be longer than any file's name
        return False


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Each line's offset and object, so that the file's size does not matter; None for what is no JSON object."""
    with path.open("rb") as file:
        offset, whole = 0, True
        while line := file.readline(LONGEST_LINE):
            if not whole:
                pass  # the rest of a line that was too long, and counted
            elif not line.endswith(b"\n") and len(line) == LONGEST_LINE:
                yield offset, None
            elif line.strip():
                yield offset, _row(line)
            offset, whole = offset + len(line), line.endswith(b"\n")


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _sample(task: str, row: Mapping[str, Any], place: Place, how: Callable[[str], str]) -> SampleResult:
    doc = _mapping(row.get("doc"))
    found = row.get("metrics")
    names = [intern(name) for name in found if isinstance(name, str)] if isinstance(found, list) else []
    metrics = {name: _value(row.get(name), how(name)) for name in names}
    outcome = next((m.removeprefix(_OUTCOME) for m, v in metrics.items() if m.startswith(_OUTCOME) and v == 1), "")
    doc_id: Any = row.get("doc_id")
    return SampleResult(
        task=task,
        doc_id=int(doc_id) if is_number(doc_id) else 0,
        doc_hash=_name(row.get("doc_hash")) or _digest(doc),
        prompt_hash=intern(_name(row.get("prompt_hash"))),
        place=place,
        metrics={m: v for m, v in metrics.items() if not m.startswith(_OUTCOME)},
        outcome=intern(outcome),
        item_id=_name(doc.get("id")),
        template=intern(_name(doc.get("template_id"))),
        slices={key: intern(_name(doc[key])) for key in _SLICES if isinstance(doc.get(key), str) and doc[key]},
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _value(value: Any, how: str) -> Any:
    """A metric's value for one document, as far as anything is ever computed from it: of whole texts their counts."""
    if how in translation.NAMES:
        return translation.counts(how, value)
    if isinstance(value, list):
        return [_name(part) if isinstance(part, str) else part for part in value[:4]]
    return value if is_number(value) else None


def _name(value: Any) -> str:
    return "" if value is None else str(value)[:_NAME]


def _digest(doc: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(doc, sort_keys=True, default=str).encode("utf-8", "replace")).hexdigest()
