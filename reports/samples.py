"""The sample browser's data: compressed shards of texts, and a small index that filters work on."""

import base64
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmark.comparison import Comparison
from benchmark.measures import measure
from benchmark.records import SampleResult
from reports.numbers import Numbers
from reports.visible import visible

SHARD = 150
"""Answers in a shard: one page reads one shard, and a search over all of them stays quick."""
STATES = ("better", "worse", "same", "both_wrong", "unscored")


@dataclass(frozen=True)
class Entry:
    """One pair of answers, with what the browser filters and sorts by."""

    task: int
    state: str
    gain: float
    baseline: SampleResult
    finetuned: SampleResult
    scores: tuple[str, str]


@dataclass(frozen=True)
class Browser:
    """What a page needs for its sample browser."""

    index: str
    """base64(gzip(JSON)): task names, outcomes and one row per answer in display order."""
    shards: tuple[str, ...]
    tasks: tuple[tuple[int, str, int], ...]
    """(number, title, answers) for the filter."""
    states: tuple[tuple[str, int], ...]
    outcomes: tuple[tuple[str, int], ...]
    names: tuple[str, ...]
    """All outcomes that occur, before or after."""
    total: int


def browser(comparison: Comparison, lang: str) -> Browser:
    """Pack all pairs of a comparison, the worst regressions first."""
    ordered = sorted(entries(comparison, Numbers(lang)), key=lambda e: (e.gain, e.task, e.baseline.doc_id))
    outcomes = sorted({visible(sample.outcome) for e in ordered for sample in (e.baseline, e.finetuned)})
    number = {outcome: position for position, outcome in enumerate(outcomes)}
    rows = [
        [e.task, STATES.index(e.state), number[visible(e.baseline.outcome)], number[visible(e.finetuned.outcome)]]
        for e in ordered
    ]
    keys = [e.baseline.doc_hash[:12] for e in ordered]
    index = {"states": STATES, "outcomes": outcomes, "shard": SHARD, "rows": rows, "keys": keys}
    titles = [visible(delta.title[lang]) for delta in comparison.deltas]
    per_task = Counter(e.task for e in ordered)
    states, after = Counter(e.state for e in ordered), Counter(visible(e.finetuned.outcome) for e in ordered)
    return Browser(
        index=_packed(index | {"tasks": titles}),
        shards=tuple(_packed([_texts(e) for e in part]) for part in _parts(ordered, SHARD)),
        tasks=tuple((number, title, per_task[number]) for number, title in enumerate(titles)),
        states=tuple((state, states[state]) for state in STATES if states[state]),
        outcomes=tuple(sorted((name, n) for name, n in after.items() if name)),
        names=tuple(outcomes),
        total=len(ordered),
    )


def entries(comparison: Comparison, numbers: Numbers) -> Iterable[Entry]:
    """Every pair of answers with its state: better, worse, same, both wrong, or not scored."""
    for number, delta in enumerate(comparison.deltas):
        pairs = comparison.pairs(delta.task)
        aggregation = comparison.baseline.tasks[delta.task].aggregation(delta.metric)
        values = [[sample.metrics.get(delta.metric) for sample in side] for side in zip(*pairs, strict=True)]
        found = measure(aggregation, *values) if values else None
        # Few different scores occur many times, and formatting is slow.
        score_text = cache(numbers.percent if found and found.share else numbers.significant)
        kept = dict(zip(found.kept, range(len(found.kept)), strict=True)) if found else {}
        for position, (first, second) in enumerate(pairs):
            if found is None or position not in kept:
                yield Entry(number, "unscored", 0.0, first, second, ("", ""))
                continue
            scores = [float(items[kept[position]]) for items in (found.baseline_items, found.finetuned_items)]
            gain = (scores[1] - scores[0]) * (1 if delta.higher_is_better else -1)
            shown = [score_text(s) for s in scores]
            state = "better" if gain > 0 else "worse" if gain < 0 else _even(scores[1], found.share, second)
            yield Entry(number, state, gain, first, second, (shown[0], shown[1]))


def _even(score: float, share: bool, sample: SampleResult) -> str:
    wrong = sample.outcome != "correct" if sample.outcome else share and score == 0
    return "both_wrong" if wrong else "same"


def _texts(entry: Entry) -> dict[str, Any]:
    first, second = entry.baseline, entry.finetuned
    return {
        "id": visible(first.item_id or str(first.doc_id)),
        "prompt": visible(first.prompt),
        "other": "" if second.prompt == first.prompt else visible(second.prompt),
        "target": visible(first.target),
        "answers": [visible(first.response), visible(second.response)],
        "scores": entry.scores,
        "parts": [visible(value) for value in first.slices.values()],
    }


def _parts(ordered: Sequence[Entry], size: int) -> Iterable[Sequence[Entry]]:
    return (ordered[start : start + size] for start in range(0, len(ordered), size))


def _packed(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # No time stamp in the archive: the same answers give the same bytes.
    return base64.b64encode(gzip.compress(text.encode("utf-8"), compresslevel=6, mtime=0)).decode("ascii")
