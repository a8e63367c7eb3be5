"""One system through the tasks, into a run directory: stock lm-eval files and one `run.json`."""

import datetime
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark import provenance
from benchmark.answers import AnswerStore, StoredLM
from benchmark.errors import UserError
from benchmark.system import SystemSpec, identity, load_lm, system_key
from tasks import ROOT
from tasks.items import DataError, write_text

GROUP = "rufin"
SEEDS = {"random_seed": 0, "numpy_random_seed": 1234, "torch_random_seed": 1234, "fewshot_random_seed": 1234}


@dataclass(frozen=True)
class RunOptions:
    """How a system is run; none of it says what the system is."""

    tasks: tuple[str, ...] = (GROUP,)
    include_paths: tuple[str, ...] = ()
    """Further folders with lm-eval tasks, beside the benchmark's own and lm-eval's."""
    limit: int | None = None
    """Only the first documents of each task. Such a run never enters a leaderboard."""
    batch_size: int | str = 8
    max_gen_toks: int | None = None
    """Replaces the tasks' own limit on answer tokens."""
    device: str = "auto"
    max_length: int | None = None
    bootstrap_iters: int = 1000


def run(spec: SystemSpec, output: Path, options: RunOptions | None = None) -> Path:
    """Score a system and write its run directory; return the directory.

    A run that was interrupted goes on: answers already given are read from the system's store beside `output`.
    A run that is already there, of the same system and options, is left as it is.

    Raises:
        UserError: a task or model that does not exist, a directory that cannot be written or holds another run, …
    """
    options = options or RunOptions()
    _quiet_third_parties()
    _check_output(output)
    manager = task_manager(options.include_paths)
    check_tasks(manager, options.tasks)
    lm = load_lm(spec, batch_size=options.batch_size, device=options.device, max_length=options.max_length)
    described = identity(spec, getattr(lm, "model", None))
    request = provenance.request(described, options)
    if _is_finished(output, request):
        return output
    store = AnswerStore(output.parent / ".answers" / f"{system_key(described)}_rank{lm.rank}.db")
    try:
        started = time.monotonic()
        results = _evaluate(StoredLM(lm, store), spec, options, manager)
        if results is not None:  # every process but the first of a distributed run has nothing to write
            record = provenance.record(spec, described, options, request, results, lm, time.monotonic() - started)
            _write(output, results, record)
    finally:
        store.close()
    return output


def task_manager(include_paths: Sequence[str] = ()) -> Any:
    """lm-eval's task manager, with the benchmark's tasks and those in `include_paths`."""
    from lm_eval.tasks import TaskManager

    for folder in include_paths:
        if not Path(folder).is_dir():
            raise UserError(f"--include-path {folder}: no such directory")
    return TaskManager(include_path=[str(ROOT), *include_paths])


def check_tasks(manager: Any, names: Sequence[str]) -> None:
    """Refuse names that lm-eval does not know, before a model is loaded."""
    known = set(manager.all_tasks)
    unknown = [name for name in names if name not in known]
    if unknown:
        ours = ", ".join(sorted(name for name in known if name.startswith(GROUP)))
        raise UserError(f"--tasks {', '.join(unknown)}: unknown; the benchmark's own are {ours}")


def _evaluate(lm: StoredLM, spec: SystemSpec, options: RunOptions, manager: Any) -> dict[str, Any] | None:
    from lm_eval import simple_evaluate

    try:
        return simple_evaluate(
            model=lm,
            model_args=_model_args(spec),
            tasks=list(options.tasks),
            num_fewshot=spec.num_fewshot,
            batch_size=options.batch_size,
            limit=options.limit,
            bootstrap_iters=options.bootstrap_iters,
            apply_chat_template=spec.apply_chat_template,
            gen_kwargs={"max_gen_toks": options.max_gen_toks} if options.max_gen_toks else None,
            task_manager=manager,
            **SEEDS,
        )
    except DataError as error:
        raise UserError(str(error)) from error


def _model_args(spec: SystemSpec) -> dict[str, Any]:
    """What the stock result files say of the model."""
    chosen = {"pretrained": spec.pretrained, "peft": spec.adapter, "dtype": spec.dtype}
    if spec.quantization != "none":
        chosen["quantization"] = spec.quantization
    return {key: value for key, value in chosen.items() if value is not None} | spec.backend_args


def _check_output(output: Path) -> None:
    if output.exists() and any(output.iterdir()) and not (output / "run.json").exists():
        raise UserError(f"--output {output}: not empty and not a run directory; choose another, or empty it")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        raise UserError(
            f"--output {output}: cannot write there ({error.strerror}); choose another directory"
        ) from error


def _is_finished(output: Path, request: Mapping[str, Any]) -> bool:
    path = output / "run.json"
    if not path.exists():
        return False
    if json.loads(path.read_text(encoding="utf-8")).get("request") == request:
        return True
    raise UserError(f"--output {output}: holds a run of another system or with other options; choose another directory")


def _write(output: Path, results: dict[str, Any], record: Mapping[str, Any]) -> None:
    """Write all files beside the target, check that they are whole, then put the directory in place at once."""
    from lm_eval.loggers import EvaluationTracker

    samples = results.pop("samples")
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as scratch:
        tracker = EvaluationTracker(output_path=scratch)
        tracker.general_config_tracker.log_experiment_args("hf", results["config"]["model_args"], None, None, True)
        tracker.save_results_aggregated(results=results, samples=samples)
        for task, rows in samples.items():
            tracker.save_results_samples(task_name=task, samples=rows)
        files = sorted(path for path in Path(scratch).rglob("*.json*") if path.is_file())
        # The tracker reports a failed write in its log only, so count what is on disk.
        whole = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files if path.suffix == ".jsonl")
        if len(files) != len(samples) + 1 or whole != sum(len(rows) for rows in samples.values()):
            raise UserError(
                f"{output}: the results could not be written whole (is the disk full?); free some space and give the same command again: every answer is kept"
            )
        staged = Path(scratch) / "run"
        staged.mkdir()
        for path in files:
            path.replace(staged / path.name)
        write_text(staged / "run.json", json.dumps(record, ensure_ascii=False, indent=2, default=str) + "\n")
        shutil.rmtree(output, ignore_errors=True)
        staged.replace(output)


def _quiet_third_parties() -> None:
    """Warnings of the libraries hide the progress bar and tell a user nothing to act on."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for name in ("lm_eval", "transformers", "httpx", "datasets"):
        logging.getLogger(name).setLevel(logging.ERROR)


def today() -> str:
    """The date of a run, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
