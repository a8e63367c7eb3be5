"""What a run was asked for, by content: equal requests need not be run twice, and unequal ones must say why."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from benchmark.systems.identity import sha256_of_json

if TYPE_CHECKING:
    from benchmark.run import RunOptions

NO_ANSWER_CHANGES = ("batch_size", "device", "include_paths")
"""Options that say how and from where a run is made; its answers are the same ones. Tasks are known by their content."""
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def request(
    described: Mapping[str, Any], options: "RunOptions", tasks: Mapping[str, Any], grader_sha256: str
) -> dict[str, Any]:
    """The system, each task's definition and documents, and the graders, as hashes; options stand beside it as they are.

    Args:
        described: the system, from `benchmark.system.identity`.
        tasks: name -> lm-eval task, as loaded and before the run changes its settings.
    """
    return {
        "system_sha256": sha256_of_json(described),
        "tasks": {name: _task(task, options.limit) for name, task in sorted(tasks.items())},
        "grader_sha256": grader_sha256,
    }


def _asked(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that can change an answer or a number; in which order tasks are named cannot."""
    kept = {key: value for key, value in options.items() if key not in NO_ANSWER_CHANGES}
    return kept | {"tasks": sorted(set(options.get("tasks") or ()))}


def _task(task: Any, limit: int | None) -> dict[str, Any]:
    # A function without source is recorded with its address, which is another one in every process.
    definition = _ADDRESS.sub("", json.dumps(task.dump_config(), sort_keys=True, default=str))
    documents = [sha256_of_json(doc) for _, doc in task.doc_iterator(rank=0, limit=limit, world_size=1)]
    return {
        "version": task.VERSION,
        "definition_sha256": sha256_of_json(definition),
        "documents_sha256": sha256_of_json(documents),
    }


def difference(
    record: Mapping[str, Any], request: Mapping[str, Any], described: Mapping[str, Any], options: "RunOptions"
) -> str:
    """What keeps a finished run from being the one that is asked for now, and what to do; empty if nothing does.

    Args:
        record: the finished run's `run.json`.
        request: what is asked for now.
        described: the system that is asked for now.
        options: the options of now.
    """
    earlier = record.get("request") or {}
    elsewhere = "choose another directory"
    if earlier.get("system_sha256") != request["system_sha256"]:
        keys = _unequal(record.get("system") or {}, described) or "its record"
        return f"holds a run of another system ({keys}); {elsewhere}"
    if keys := _unequal(_asked(record.get("options") or {}), _asked(asdict(options))):
        return f"holds a run with other options ({keys}); {elsewhere}"
    if earlier.get("tasks") != request["tasks"]:
        return f"{_tasks(earlier.get('tasks') or {}, request['tasks'])} since that run; {elsewhere}: answers to unchanged prompts are used again"
    # The request keeps the graders of its time, also where its answers were graded again.
    if record.get("grader_sha256") != request["grader_sha256"]:
        return "was graded by other graders; grade its answers with today's: rufinbench rescore"
    return ""


def _unequal(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    # JSON made lists of tuples.
    plain = json.loads(json.dumps(dict(now), default=str))
    return ", ".join(sorted(key for key in {*earlier, *plain} if earlier.get(key) != plain.get(key)))


def _tasks(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """`the documents of a, the definition of b changed`."""
    changed = []
    for name in sorted({*earlier, *now}):
        before, after = earlier.get(name) or {}, now.get(name) or {}
        if before.get("documents_sha256") != after.get("documents_sha256"):
            changed.append(f"the data of {name}")
        elif before != after:
            changed.append(f"the definition of {name}")
    return f"{', '.join(changed)} changed"
