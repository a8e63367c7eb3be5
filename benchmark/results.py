"""Run directory → `RunRecord`: reads what lm-eval wrote, and says what it had to leave out."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.records import Problem, RunRecord, SampleResult, Score, TaskRecord

__all__ = ["Problem", "RunRecord", "SampleResult", "Score", "TaskRecord", "load_run"]

TEXT_LIMIT = 8_000
"""Characters of a prompt or an answer that are kept for reading; scores are never computed from the text."""
_SLICES = ("slice", "topic", "difficulty")
_OUTCOME = "outcome_"
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
    provenance = _object(run_path) if run_path else {}
    problems = [Problem("other_sets", count=older)] if older else []
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
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not readable as JSON ({error}); restore it or run again") from error
    if not isinstance(value, dict):
        raise UserError(f"{path}: expected a JSON object, found {type(value).__name__}; restore it or run again")
    return value


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
    samples, problems = _samples(name, _sample_file(folder, name, stamp), filter_name)
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
    return int(value) if isinstance(value, int | float) and math.isfinite(value) and value >= 0 else 0


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
    if isinstance(value, bool | int | float) and math.isfinite(value):
        return float(value)
    return None


def _headline(config: Mapping[str, Any], scores: Mapping[str, Score]) -> str:
    named = str(_mapping(config.get("metadata")).get("headline") or "")
    if named in scores:
        return named
    return next((m for m, score in scores.items() if score.higher_is_better), next(iter(scores), ""))


def _sample_file(folder: Path, task: str, stamp: str) -> Path | None:
    exact = folder / f"samples_{task}{stamp}.jsonl"
    return exact if exact.is_file() else None


def _samples(task: str, path: Path | None, filter_name: str) -> tuple[dict[str, SampleResult], list[Problem]]:
    if path is None:
        return {}, [Problem("no_samples", task)]
    samples: dict[str, SampleResult] = {}
    counts = {"truncated_lines": 0, "duplicate_documents": 0, "shortened_texts": 0}
    for row in _rows(path):
        if row is None:
            counts["truncated_lines"] += 1
        elif str(row.get("filter", filter_name)) == filter_name:
            sample = _sample(task, row)
            counts["duplicate_documents"] += sample.doc_hash in samples
            counts["shortened_texts"] += max(len(sample.prompt), len(sample.response)) > TEXT_LIMIT
            samples.setdefault(sample.doc_hash, sample)
    return samples, [Problem(kind, task, count) for kind, count in counts.items() if count]  # type: ignore[arg-type]


def _rows(path: Path) -> Iterator[dict[str, Any] | None]:
    """The file's objects one by one, so that its size does not matter; None for a line that is not a JSON object."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            yield row if isinstance(row, dict) else None


def _sample(task: str, row: Mapping[str, Any]) -> SampleResult:
    doc = _mapping(row.get("doc"))
    names = row.get("metrics")
    metrics = {str(m): row.get(m) for m in (names if isinstance(names, list) else ())}
    outcome = next((m.removeprefix(_OUTCOME) for m, v in metrics.items() if m.startswith(_OUTCOME) and v == 1), "")
    return SampleResult(
        task=task,
        doc_id=_count(row.get("doc_id")),
        doc_hash=str(row.get("doc_hash") or _digest(doc)),
        prompt_hash=str(row.get("prompt_hash") or ""),
        prompt=_shorten(_prompt(row.get("arguments"))),
        response=_shorten(_response(row.get("filtered_resps"))),
        target=_shorten(_text(row.get("target"))),
        metrics={m: v for m, v in metrics.items() if not m.startswith(_OUTCOME)},
        outcome=outcome,
        item_id=_text(doc.get("id"))[:200],
        template=_text(doc.get("template_id")),
        slices={key: str(doc[key])[:200] for key in _SLICES if isinstance(doc.get(key), str) and doc[key]},
    )


def _digest(doc: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(doc, sort_keys=True, default=str).encode("utf-8", "replace")).hexdigest()


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _shorten(text: str) -> str:
    """One character more than the limit is kept, so that a reader can tell a cut text."""
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + "…"


def _prompt(arguments: Any) -> str:
    first = next(iter(arguments.values()), None) if isinstance(arguments, Mapping) else arguments
    while isinstance(first, list | Mapping):
        first = first.get("arg_0") if isinstance(first, Mapping) else next(iter(first), None)
    return _text(first)


def _response(responses: Any) -> str:
    """The first answer; for log-likelihood tasks the list of options' scores as it was recorded."""
    while isinstance(responses, list) and len(responses) == 1:
        responses = responses[0]
    if isinstance(responses, list):
        return json.dumps(responses, ensure_ascii=False)
    return _text(responses)
