"""One system through the tasks, into a run directory: stock lm-eval files and one `run.json`."""

import datetime
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from benchmark.errors import UserError
from benchmark.lmtasks import GROUP, LoadedTasks, blame, check_tasks, task_at_fault, task_manager
from benchmark.machine import reset_peak_memory
from benchmark.quiet import quiet_evaluation, quiet_libraries
from benchmark.runs import processes, provenance
from benchmark.runs.finished import read_finished, set_aside
from benchmark.runs.processes import SharedLM, Team
from benchmark.runs.progress import Progress
from benchmark.runs.request import difference, request
from benchmark.runs.rundir import write_run
from benchmark.runs.runfiles import read_record
from benchmark.runs.staging import check_output
from benchmark.storage.answers import StoredLM
from benchmark.storage.siblings import SiblingStores
from benchmark.storage.store import AnswerStore
from benchmark.storage.storekey import ingredients, remember, store_key
from benchmark.system import SystemSpec, identity, load_lm

__all__ = ["SEEDS", "RunOptions", "check_tasks", "run", "task_manager", "today"]

SEEDS = {"random_seed": 0, "numpy_random_seed": 1234, "torch_random_seed": 1234, "fewshot_random_seed": 1234}


@dataclass(frozen=True)
class RunOptions:
    """How a system is run; none of it says what the system is."""

    tasks: tuple[str, ...] = (GROUP,)
    include_paths: tuple[str, ...] = ()
    """Further folders with lm-eval tasks, beside the benchmark's own and lm-eval's."""
    limit: int | None = None
    """Only the first documents of each task. Such a run never enters a leaderboard."""
    batch_size: int | str = "auto"
    """Rows generated together at most; `auto` takes as many as memory holds."""
    max_gen_toks: int | None = None
    """Replaces the tasks' own limit on answer tokens."""
    device: str = "auto"
    max_length: int | None = None
    """Context length in tokens, where the model's configuration says another."""
    on_long_prompt: str = "truncate"
    """What becomes of prompts longer than that: `truncate` from the left, or `refuse`."""
    bootstrap_iters: int = 1000


def run(spec: SystemSpec, output: Path, options: RunOptions | None = None) -> Path:
    """Score a system and write its run directory; return the directory.

    A run that was interrupted goes on: answers already given are read from the system's store beside `output`.
    A run that is already there, of the same system, tasks and options, is left as it is; one that is damaged is made
    again beside its old files. Started by `torchrun` or `accelerate launch`, the processes share the work, and the
    first one writes.

    Raises:
        UserError: a task or model that does not exist or fails, a directory that cannot be written or holds another
            run, …
    """
    options = options or RunOptions()
    quiet_libraries()
    reset_peak_memory()
    with processes.team() as team:
        if team.size > 1 and spec.backend != "hf":
            raise UserError(
                f"--backend {spec.backend}: spreads its work itself; start it once, without a launcher of processes"
            )
        if team.rank == 0:
            _lead(spec, output, options, team)
            processes.dismiss(team.size)
        else:
            _follow(spec, output, options, team)
    return output


def _lead(spec: SystemSpec, output: Path, options: RunOptions, team: Team) -> None:
    """The first process's part: everything, with the other processes' help in answering."""
    started = time.monotonic()
    check_output(output)
    manager = task_manager(options.include_paths, options.tasks)
    check_tasks(manager, options.tasks)
    tasks = LoadedTasks(manager, options.tasks)
    lm, described = _load(spec, options, team)
    asked = request(described, options, tasks.tasks, provenance.grader_sha256())
    if _is_finished(output, asked, described, options):
        return
    shared = lm if team.size == 1 else cast("Any", SharedLM(lm, team.size))
    with closing(_store(output, described, options, team)) as store, Progress(team.size) as progress:
        if hasattr(lm, "log_requests"):  # a server's: what was asked when, without texts and keys
            lm.log_requests(store.path.with_suffix(".requests.jsonl"))
        asker = StoredLM(shared, store, progress)
        results = _evaluate(asker, spec, options, tasks)
    record = provenance.record(spec, described, options, asked, results, asker, time.monotonic() - started)
    template = shared.chat_template(True) if spec.apply_chat_template else None
    write_run(output, results, record | {"processes": team.size, "answers": progress.counts()}, template)


def _follow(spec: SystemSpec, output: Path, options: RunOptions, team: Team) -> None:
    """Any other process's part: answer, and keep the answers."""
    lm, described = _load(spec, options, team)
    with closing(_store(output, described, options, team)) as store:
        processes.serve(StoredLM(lm, store, follows=True))


def _load(spec: SystemSpec, options: RunOptions, team: Team) -> tuple[Any, dict[str, Any]]:
    device = team.device(options.device)
    lm = load_lm(
        spec,
        batch_size=options.batch_size,
        device=device,
        max_length=options.max_length,
        on_long_prompt=options.on_long_prompt,
    )
    return lm, identity(spec, getattr(lm, "model", None))


def _store(output: Path, described: dict[str, Any], options: RunOptions, team: Team) -> AnswerStore:
    folder, kept = output.parent / ".answers", ingredients(described, asdict(options))
    store = SiblingStores(folder, store_key(kept), team.rank)
    if team.rank == 0:
        remember(folder, kept)
    return store


def _evaluate(lm: StoredLM, spec: SystemSpec, options: RunOptions, tasks: LoadedTasks) -> dict[str, Any]:
    from lm_eval import simple_evaluate

    try:
        with quiet_evaluation():
            results = simple_evaluate(
                model=lm,
                model_args=_model_args(spec),
                tasks=list(options.tasks),
                num_fewshot=spec.num_fewshot,
                batch_size=options.batch_size,
                limit=options.limit,
                bootstrap_iters=options.bootstrap_iters,
                apply_chat_template=spec.apply_chat_template,
                gen_kwargs={"max_gen_toks": options.max_gen_toks} if options.max_gen_toks else None,
                task_manager=cast("Any", tasks),
                **SEEDS,
            )
    except Exception as error:  # of a task's own code, which may raise anything; all others are passed on
        at_fault = task_at_fault(error)
        if at_fault is None:
            raise
        raise blame(error, *at_fault) from error
    return cast("dict[str, Any]", results)


def _model_args(spec: SystemSpec) -> dict[str, Any]:
    """What the stock result files say of the model."""
    chosen = {"pretrained": spec.pretrained, "peft": spec.adapter, "dtype": spec.dtype}
    if spec.quantization != "none":
        chosen["quantization"] = spec.quantization
    return {key: value for key, value in chosen.items() if value is not None} | spec.backend_args


def _is_finished(output: Path, asked: Mapping[str, Any], described: Mapping[str, Any], options: RunOptions) -> bool:
    """Whether the run is there already, and whole; what is there damaged makes room."""
    path = output / "run.json"
    if not path.exists():
        return False
    try:
        unlike = difference(read_record(path), asked, described, options)
        if not unlike:
            read_finished(output)
    except UserError as damage:
        set_aside(output, damage)
        return False
    if unlike:
        raise UserError(f"--output {output}: {unlike}")
    return True


def today() -> str:
    """The date of a run, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
