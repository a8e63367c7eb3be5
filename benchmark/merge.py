"""Several runs of one system, each of other tasks, become the run that asked everything at once."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.lmtasks import GROUP, LoadedTasks, check_tasks, task_manager
from benchmark.runs.finished import FinishedRun
from benchmark.runs.parts import check_parts, merged_record, read_part
from benchmark.runs.staging import check_output, staged
from tasks.items import write_text

_OF_TASKS = ("configs", "versions", "n-shot", "higher_is_better", "n-samples", "task_hashes")
"""Keys of a results file that hold one entry a task."""


@dataclass(frozen=True)
class _Origin:
    """Where a task's results come from."""

    part: FinishedRun
    name: str

    def of(self, key: str) -> Any:
        """The part's entry for the task under a key of the results file."""
        return self.part.results.get(key, {}).get(self.name)


def merge(
    folders: Sequence[Path], output: Path, *, groups: Sequence[str] = (), include_paths: Sequence[str] = ()
) -> Path:
    """Write the run directory that `folders` are parts of; return it.

    A task that stands in several parts with the very same samples counts once. The benchmark's own group gets its
    average if all its tasks are there, by lm-eval's own rule; so does each of `groups`, and any that a part has.

    Raises:
        UserError: parts of different systems, options, graders or versions; a task answered differently in two
            parts; a run of the stock command line; an output that exists.
    """
    if output.exists():
        raise UserError(f"--output {output}: exists; choose another directory")
    check_output(output)
    parts = [read_part(folder) for folder in folders]
    check_parts(parts)
    origins = _origins(parts)
    results = _results(parts, origins, groups, include_paths)
    with staged(output) as folder:
        stamp = parts[0].stamp
        for origin in origins.values():
            (folder / f"samples_{origin.name}_{stamp}.jsonl").write_bytes(origin.part.samples(origin.name).read_bytes())
        write_text(folder / f"results_{stamp}.json", json.dumps(results, ensure_ascii=False, indent=2) + "\n")
        of_tasks = {name: origin.part for name, origin in origins.items()}
        record = merged_record(parts, of_tasks, results["group_subtasks"])
        write_text(folder / "run.json", json.dumps(record, ensure_ascii=False, indent=2) + "\n")
    return output


def _origins(parts: Sequence[FinishedRun]) -> dict[str, _Origin]:
    """Each task's part; of equal ones the first."""
    origins: dict[str, _Origin] = {}
    for part in parts:
        for name in part.results["configs"]:
            first = origins.setdefault(name, _Origin(part, name)).part
            if first is not part and first.samples(name).read_bytes() != part.samples(name).read_bytes():
                raise UserError(
                    f"{first.folder} and {part.folder}: both have {name}, with different samples; leave one out"
                )
    return origins


def _results(
    parts: Sequence[FinishedRun], origins: Mapping[str, _Origin], groups: Sequence[str], include_paths: Sequence[str]
) -> dict[str, Any]:
    """The results file: the first part's facts about the run, every part's about its tasks, the groups anew."""
    from lm_eval.evaluator_utils import EvalAcc, aggregate_groups

    loaded = _groups(parts, origins, groups, include_paths)
    order = [name for group in loaded.values() for name in (task.task_name for task in group.get_all_tasks())]
    names = sorted(origins, key=lambda name: (order.index(name) if name in order else math.inf, name))
    collected = EvalAcc(
        metrics={name: origins[name].of("results") for name in names},
        configs={name: origins[name].of("configs") for name in names},
        versions={name: origins[name].of("versions") for name in names},
        num_fewshot={name: origins[name].of("n-shot") for name in names},
        higher_is_better={name: origins[name].of("higher_is_better") or {} for name in names},
        n_samples={name: origins[name].of("n-samples") for name in names},
        groups=loaded,
    )
    merged = aggregate_groups(collected)._to_eval_results()
    hashes = {name: origins[name].of("task_hashes") for name in names}
    seconds = sum(part.seconds for part in parts)
    facts = {key: value for key, value in parts[0].results.items() if key not in (*_OF_TASKS, "groups")}
    return facts | dict(merged) | {"task_hashes": hashes, "total_evaluation_time_seconds": str(seconds)}


def _groups(
    parts: Sequence[FinishedRun], origins: Mapping[str, _Origin], groups: Sequence[str], include_paths: Sequence[str]
) -> dict[str, Any]:
    """lm-eval's groups to average over: those asked for, those of the parts, the benchmark's own if it is complete."""
    of_parts = {name for part in parts for name in part.results.get("group_subtasks", {})}
    wanted = sorted({*groups, *of_parts, GROUP})
    manager = task_manager(include_paths, wanted)
    check_tasks(manager, wanted, "--group")
    loaded = LoadedTasks(manager, wanted)
    complete = {}
    for name, group in loaded.groups.items():
        missing = [task.task_name for task in group.get_all_tasks() if task.task_name not in origins]
        if not missing:
            complete[name] = group
        elif name in groups:
            raise UserError(f"--group {name}: the runs lack {', '.join(missing)}; run these and merge again")
    return complete
