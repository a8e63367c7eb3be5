"""A comparison as plain data: the JSON that a page carries and that `rufinbench compare --format json` prints."""

import json
from dataclasses import asdict
from typing import Any

from benchmark.comparing.comparison import Comparison
from benchmark.runs.records import RunRecord
from benchmark.visible import escaped

FORMAT = 1


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """Everything a reader of the numbers needs, no sample texts."""
    return {
        "format": FORMAT,
        "baseline": run_summary(comparison.baseline),
        "finetuned": run_summary(comparison.finetuned),
        "alpha": comparison.alpha,
        "margin": comparison.margin,
        "seed": comparison.seed,
        "family": comparison.family,
        "verdicts": comparison.counts,
        "comparability": asdict(comparison.comparability),
        "deltas": [asdict(delta) for delta in comparison.deltas],
        "secondary": [asdict(delta) for delta in comparison.secondary],
        "average": asdict(comparison.average) if comparison.average else None,
        "slices": [asdict(part) for part in comparison.slices],
        "outcomes": {
            task: [{"baseline": before, "finetuned": after, "n": n} for (before, after), n in flows.items()]
            for task, flows in comparison.outcomes.items()
        },
        "matching": [asdict(found) for found in comparison.matching],
        "unshared": {"baseline": comparison.unshared[0], "finetuned": comparison.unshared[1]},
        "notes": [{"run": side, **asdict(problem)} for side, problem in comparison.notes],
    }


def run_summary(run: RunRecord) -> dict[str, Any]:
    """What a run says of itself, without its paths on the machine it ran on."""
    keys = ("system", "model", "versions", "seeds", "device", "seconds", "tokens", "peak_memory_bytes", "grader_sha256")
    return {
        "name": run.name,
        "finished": run.finished,
        "limit": run.limit,
        "tasks": {
            task.name: {"version": task.version, "dataset_sha256": task.metadata.get("dataset_sha256")}
            for task in run.tasks.values()
        },
        **{key: run.get(key) for key in keys},
    }


def as_json(comparison: Comparison) -> str:
    """`as_dict` as JSON text, Cyrillic as it is; what a reader cannot see is escaped, lone surrogates too."""
    text = json.dumps(as_dict(comparison), ensure_ascii=False, indent=2, default=str, allow_nan=False)
    return escaped(text) + "\n"
