"""Run directory → `RunRecord`: reads what lm-eval wrote, and says what it had to leave out."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.comparing.measures import is_number
from benchmark.errors import UserError
from benchmark.runs.records import Problem, RunRecord, Score, TaskRecord
from benchmark.runs.samplefile import read_samples

_RUN_SECTIONS = ("system", "model", "versions", "tokens", "device", "seeds", "finetuning")
_LARGEST_FILE = 256 << 20
_OWN_KEYS = {"results", "configs", "samples", "pretty_env_info"}


def load_run(path: Path | str) -> RunRecord:
    """The newest set of results in a run directory, or in the one model folder that lm-eval made inside it.

    Raises:
        UserError: no results there, several models' results, or a results file that is not JSON.
    """
    folder = Path(path)
    results_path, older = _newest(folder)
    results = _object(results_path)
    run_path = next((p for p in (results_path.parent / "run.json", folder / "run.json") if p.is_file()), None)
    provenance, odd = _formed(_object(run_path) if run_path else {}, _RUN_SECTIONS)
    results, also_odd = _formed(results, ("config",))
    problems = [Problem("odd_record", detail=key) for key in (*odd, *also_odd)]
    problems += [Problem("other_sets", count=older)] if older else []
    stamp = results_path.stem.removeprefix("results")
    tasks = {}
    for name in sorted(_mapping(results.get("configs"))):
        task, found = _task(str(name), results, results_path.parent, stamp)
        tasks[task.name] = task
        problems += found
    if not tasks:
        raise UserError(f"{results_path}: key 'configs' names no task; give the directory of a finished run")
    header = {key: value for key, value in results.items() if key not in _OWN_KEYS}
    header["finished"] = _day(results.get("date"))
    name = str(provenance.get("name") or results.get("model_name") or folder.name)
    return RunRecord(folder, name, tasks, header, provenance, tuple(problems))


def _newest(folder: Path) -> tuple[Path, int]:
    if not folder.is_dir():
        raise UserError(
            f"{folder}: no such directory; give a run directory, as `rufinbench run` or `lm_eval` writes it"
        )
    found = list(folder.glob("results*.json")) or list(folder.glob("*/results*.json"))
    if not found:
        raise UserError(f"{folder}: no results_*.json there; give the directory of a finished run")
    if len({file.parent for file in found}) > 1:
        names = ", ".join(sorted(file.parent.name for file in found))
        raise UserError(f"{folder}: holds runs of several models ({names}); give one of these directories")
    found.sort(key=lambda file: file.name)
    return found[-1], len(found) - 1


def _object(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _LARGEST_FILE:
        raise UserError(f"{path}: larger than {_LARGEST_FILE >> 20} MiB, so no results file; restore it or run again")
    try:
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None, parse_float=_number_or_none)
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not readable as JSON ({error}); restore it or run again") from error
    if not isinstance(value, dict):
        raise UserError(f"{path}: expected a JSON object, found {type(value).__name__}; restore it or run again")
    return value


def _number_or_none(digits: str) -> float | None:
    """NaN and infinity, however they are written, are values that are not there: no JSON of ours may hold them."""
    value = float(digits)
    return value if math.isfinite(value) else None


def _formed(record: Mapping[str, Any], sections: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The record without sections that are not what they should be, objects; and the names of those."""
    odd = [key for key in sections if not isinstance(record.get(key, {}), Mapping | None)]
    return {key: value for key, value in record.items() if key not in odd}, odd


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _day(date: Any) -> str:
    if not isinstance(date, int | float) or not 0 < date < 1e11:
        return ""
    return datetime.fromtimestamp(date, UTC).date().isoformat()


def _task(name: str, results: Mapping[str, Any], folder: Path, stamp: str) -> tuple[TaskRecord, list[Problem]]:
    config = _mapping(_mapping(results["configs"])[name])
    higher = _mapping(_mapping(results.get("higher_is_better")).get(name))
    counts = _mapping(_mapping(results.get("n-samples")).get(name))
    values = _mapping(_mapping(results.get("results")).get(name))
    n = _count(counts.get("effective")) or _count(values.get("sample_len"))
    filter_name = _first_filter(values)
    scores = _scores(name, values, higher, filter_name, n)
    file = Path(f"samples_{name}{stamp}.jsonl").name  # a task's name with a slash in it leads to no other folder
    samples, problems = read_samples(name, folder / file, filter_name, config)
    problems += [
        Problem("no_value", name, detail=metric) for metric, score in scores.items() if not math.isfinite(score.value)
    ]
    record = TaskRecord(
        name=name,
        config=config,
        version=str(_mapping(results.get("versions")).get(name, "")),
        num_fewshot=_count(_mapping(results.get("n-shot")).get(name)),
        n_original=_count(counts.get("original")) or n,
        n_effective=n or len(samples),
        headline=_headline(config, scores),
        filter=filter_name,
        scores=scores,
        samples=samples,
    )
    return record, problems


def _count(value: Any) -> int:
    return int(value) if is_number(value) and value >= 0 else 0


def _first_filter(values: Mapping[str, Any]) -> str:
    return next((str(key).partition(",")[2] for key in values if "," in str(key)), "none")


def _scores(
    task: str, values: Mapping[str, Any], higher: Mapping[str, Any], filter_name: str, n: int
) -> dict[str, Score]:
    scores = {}
    for key, value in values.items():
        metric, _, of_filter = str(key).partition(",")
        if of_filter != filter_name or metric.endswith("_stderr"):
            continue
        stderr = _number(values.get(f"{metric}_stderr,{of_filter}"))
        better = higher.get(metric) is not False
        number = _number(value)
        scores[metric] = Score(
            task, metric, of_filter, math.nan if number is None else number, stderr, n, higher_is_better=better
        )
    return scores


def _number(value: Any) -> float | None:
    """A finite number, or None for NaN, "N/A" and whatever else stands there."""
    return float(value) if is_number(value) else None


def _headline(config: Mapping[str, Any], scores: Mapping[str, Score]) -> str:
    named = str(_mapping(config.get("metadata")).get("headline") or "")
    if named in scores:
        return named
    return next((m for m, score in scores.items() if score.higher_is_better), next(iter(scores), ""))
