"""Grades a finished run's saved answers again, without a model: grading is separate from generating."""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.progress import track

from benchmark.comparing.measures import is_number
from benchmark.errors import UserError
from benchmark.run import check_tasks, task_manager, today
from benchmark.runs import provenance
from benchmark.runs.rundir import as_json
from benchmark.runs.runfiles import read_record, read_results
from benchmark.runs.staging import check_output, staged
from tasks.items import DataError, read_jsonl, write_text


def rescore(run: Path, output: Path, include_paths: tuple[str, ...] = (), bootstrap_iters: int = 1000) -> Path:
    """Write a copy of a run directory beside it, every generated answer graded by today's graders.

    The saved answers are read, never changed. An answer that is missing, null or not text is graded as the task
    grades it (as wrong, with a reason).

    Raises:
        UserError: not a run directory, a damaged file, an unknown task, or an `output` that exists.
    """
    results_path = _newest_results(run)
    if output.exists():
        raise UserError(f"--output {output}: exists; choose another directory")
    results = read_results(results_path)
    stamp = results_path.stem.removeprefix("results_")
    files = {name: results_path.parent / f"samples_{name}_{stamp}.jsonl" for name in results["configs"]}
    missing = [path.name for name, path in files.items() if not path.exists() or name not in results["results"]]
    if missing:
        raise UserError(f"{run}: {', '.join(missing)} not there; a run without its samples cannot be graded again")
    manager = task_manager(include_paths, list(files))
    check_tasks(manager, tuple(files))
    tasks = manager.load(list(files))["tasks"]
    check_output(output)
    with staged(output) as folder:
        # A bar that nobody sees would leave an empty line.
        for name, path in track(files.items(), description="Grading", transient=True, disable=not sys.stdout.isatty()):
            rows = _samples(path)
            metrics = _grade(tasks[name], rows, path)
            results["results"][name] |= _aggregate(tasks[name], metrics, bootstrap_iters)
            results["versions"][name] = tasks[name].VERSION
            write_text(folder / path.name, "".join(f"{as_json(row)}\n" for row in rows))
        _regroup(results)
        write_text(folder / results_path.name, json.dumps(results, ensure_ascii=False, indent=2) + "\n")
        write_text(folder / "run.json", json.dumps(_record(run), ensure_ascii=False, indent=2) + "\n")
    return output


def _newest_results(run: Path) -> Path:
    found = sorted(run.rglob("results_*.json"), key=lambda path: path.name)
    if not found:
        raise UserError(f"{run}: no results_*.json there; give the directory of a finished run")
    return found[-1]


def _samples(path: Path) -> list[dict[str, Any]]:
    try:
        return read_jsonl(path)
    except DataError as error:
        raise UserError(str(error)) from error


def _grade(task: Any, rows: list[dict[str, Any]], path: Path) -> dict[tuple[str, str], list[Any]]:
    """Grade each row in place; return {(metric, filter): values} as lm-eval's aggregation takes them."""
    values: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for number, row in enumerate(rows, 1):
        responses = row.get("filtered_resps")
        try:
            graded = task.process_results(row["doc"], responses if isinstance(responses, list) and responses else [""])
        except Exception as error:  # a task's own code, given a document that may hold anything
            said = " ".join(f"{type(error).__name__}: {error}".split())
            raise UserError(f"{path}:{number}: cannot be graded ({said}); restore the file or run again") from error
        row |= graded
        row["metrics"] = list(graded)
        for metric, value in graded.items():
            values[metric, str(row.get("filter", "none"))].append(value)
    return values


def _aggregate(task: Any, metrics: Mapping[tuple[str, str], list[Any]], bootstrap_iters: int) -> dict[str, Any]:
    from lm_eval.evaluator_utils import _compute_task_aggregations

    return _compute_task_aggregations(task, dict(metrics), bootstrap_iters)[0]


def _regroup(results: dict[str, Any]) -> None:
    """The groups' macro averages, from the tasks' new values."""
    for group, members in results.get("group_subtasks", {}).items():
        averages = results.get("groups", {}).get(group, {})
        for key in [key for key, value in averages.items() if isinstance(value, float)]:
            values = [results["results"].get(member, {}).get(key) for member in members]
            if "_stderr" not in key.partition(",")[0] and values and all(map(is_number, values)):
                averages[key] = results["results"].setdefault(group, {})[key] = sum(values) / len(values)


def _record(run: Path) -> dict[str, Any]:
    path = run / "run.json"
    record = read_record(path) if path.exists() else {"format": provenance.FORMAT, "name": run.name}
    return record | {
        "grader_sha256": provenance.grader_sha256(),
        "rescored": {"from": run.name, "at": today(), "rufinbench": provenance.versions().get("rufinbench")},
    }
