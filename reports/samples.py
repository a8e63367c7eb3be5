"""The sample browser's data: compressed shards of texts, and a small index that filters work on."""

import base64
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.comparing.comparison import Comparison
from benchmark.runs.samplefile import read_texts
from benchmark.visible import visible
from reports.entries import STATES, Entry, entries
from reports.lengths import common_limit, shorten
from reports.numbers import Numbers
from reports.texts import Texts

SHARD = 150
"""Answers in a shard: one page reads one shard, and a search over all of them stays quick."""
MOST_PARTS = 300
"""Named parts that the filter offers, the largest first."""


@dataclass(frozen=True)
class Browser:
    """What a page needs for its sample browser. Counts are answers."""

    index: str
    """base64(gzip(JSON)): task names, outcomes and one row per answer in display order."""
    shards: tuple[str, ...]
    tasks: tuple[tuple[int, str, int], ...]
    """(number, title, answers) for the filter."""
    states: tuple[tuple[str, int], ...]
    before: tuple[tuple[str, int], ...]
    """Outcomes in the first run."""
    after: tuple[tuple[str, int], ...]
    parts: tuple[tuple[str, str, int], ...]
    """(dimension, value, answers)."""
    names: tuple[str, ...]
    """All outcomes that occur, before or after."""
    metrics: tuple[str, ...]
    total: int
    shortened: int
    """Texts that the page shows in part."""
    limit: int
    """Characters of a text that the page shows."""


def browser(comparison: Comparison, lang: str) -> Browser:
    """Pack all pairs of a comparison, the worst regressions first."""
    ordered = sorted(entries(comparison, Numbers(lang)), key=lambda e: (e.gain, e.task, e.baseline.doc_id))
    names = sorted({name for e in ordered for name in e.outcomes})
    parts = Counter(part for e in ordered for part in e.parts)
    offered = sorted(parts, key=lambda part: (-parts[part], part))[:MOST_PARTS]
    metrics = [_metrics(comparison, delta.task) for delta in comparison.deltas]
    titles = [visible(delta.title[lang]) for delta in comparison.deltas]
    lengths = [length for e in ordered for length in _lengths(e)]
    limit, note = common_limit(lengths), Texts(lang)("samples.missing")
    index = {
        "states": STATES,
        "outcomes": names,
        "parts": offered,
        "shard": SHARD,
        "tasks": titles,
        "metrics": [[visible(name) for name in found] for found in metrics],
        "rows": _rows(ordered, names, offered),
        "keys": [visible(e.baseline.doc_hash[:12]) for e in ordered],
    }
    per_task, states = Counter(e.task for e in ordered), Counter(e.state for e in ordered)
    return Browser(
        index=_packed(index),
        shards=tuple(_packed([_texts(e, metrics[e.task], limit, note) for e in part]) for part in _shards(ordered)),
        tasks=tuple((number, title, per_task[number]) for number, title in enumerate(titles)),
        states=tuple((state, states[state]) for state in STATES if states[state]),
        before=_counted(e.outcomes[0] for e in ordered),
        after=_counted(e.outcomes[1] for e in ordered),
        parts=tuple((*part, parts[part]) for part in sorted(offered)),
        names=tuple(names),
        metrics=tuple(sorted({visible(name) for found in metrics for name in found})),
        total=len(ordered),
        shortened=sum(length > limit for length in lengths),
        limit=limit,
    )


def _rows(ordered: Sequence[Entry], names: Sequence[str], parts: Sequence[tuple[str, str]]) -> list[list[Any]]:
    """[task, state, outcome before, outcome after, parts] of each answer, all by number."""
    outcome = {name: number for number, name in enumerate(names)}
    part = {name: number for number, name in enumerate(parts)}
    return [
        [e.task, STATES.index(e.state), *(outcome[o] for o in e.outcomes), [part[p] for p in e.parts if p in part]]
        for e in ordered
    ]


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((name, n) for name, n in Counter(names).items() if name))


def _metrics(comparison: Comparison, task: str) -> list[str]:
    """Metrics that both runs have a value of for single documents."""
    both = [comparison.baseline.tasks[task].scores, comparison.finetuned.tasks[task].scores]
    return [name for name in both[0] if name in both[1] and name != "score" and not name.startswith("outcome_")]


def _lengths(entry: Entry) -> Iterator[int]:
    first, second = entry.baseline.place, entry.finetuned.place
    yield from (first.prompt, first.target, first.response, second.response)
    if entry.other_prompt:
        yield second.prompt


def _texts(entry: Entry, metrics: Sequence[str], limit: int, note: str) -> dict[str, Any]:
    first, second = entry.baseline, entry.finetuned
    texts = read_texts(first), read_texts(second)

    def shown(text: str) -> str:
        return visible(shorten(text, limit, note))

    return {
        "id": visible(first.item_id or str(first.doc_id)),
        "prompt": shown(texts[0].prompt),
        "other": shown(texts[1].prompt) if entry.other_prompt else "",
        "target": shown(texts[0].target),
        "answers": [shown(text.response) for text in texts],
        "scores": entry.scores,
        "values": [[_value(sample.metrics.get(name)) for name in metrics] for sample in (first, second)],
    }


def _value(value: Any) -> float | str | None:
    if isinstance(value, tuple):
        return None  # counts that only their sum over the corpus makes a score
    if isinstance(value, list):
        return visible(" / ".join("—" if part is None else str(part) for part in value))
    return None if value is None else round(float(value), 4)


def _shards(ordered: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    return (ordered[start : start + SHARD] for start in range(0, len(ordered), SHARD))


def _packed(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # No time stamp in the archive: the same answers give the same bytes.
    return base64.b64encode(gzip.compress(text.encode("utf-8"), compresslevel=6, mtime=0)).decode("ascii")
