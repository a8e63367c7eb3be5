"""A finished run's settings, so that another system can be asked the same things in the same way."""

import os
import socket
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from benchmark.errors import UserError, misfit
from benchmark.run import RunOptions, run
from benchmark.runs.processes import is_first
from benchmark.runs.runfiles import read_record
from benchmark.system import SystemSpec
from benchmark.systems.identity import model_sha256

_SYSTEM, _OPTIONS = TypeAdapter(SystemSpec), TypeAdapter(RunOptions)
"""The record may know more of a system than its specification; what it knows beside is passed over."""


def settings_of(folder: Path) -> tuple[SystemSpec, RunOptions]:
    """The system and options that a run directory was made with.

    Raises:
        UserError: no run there, or one written before its options were kept.
    """
    if not (folder / "run.json").is_file():
        raise UserError(f"{folder}: no run directory: no run.json there; give one that `rufinbench run` made")
    record = read_record(folder / "run.json")
    try:
        return _SYSTEM.validate_python(record["system"]), _OPTIONS.validate_python(record["options"])
    except KeyError as error:
        raise UserError(f"{folder}: run.json does not keep the run's {error}; run the baseline again") from error
    except ValidationError as error:
        raise UserError(f"{folder}: run.json: {misfit(error)}; run the baseline again") from error


def check(
    folder: Path, adapter: Path, pretrained: str, revision: str | None = None, *, apply_chat_template: bool = False
) -> None:
    """Refuse a baseline that cannot be run again on an adapter of `pretrained`: before hours of training, not after.

    Args:
        adapter: where the adapter will be.
        apply_chat_template: whether it will be trained on prompts in the model's chat template.

    Raises:
        UserError: no such run, a run of another model or revision, of prompts in another form than the training's,
            several processes for a backend that spreads its work itself, or a run of an earlier adapter of that name.
    """
    baseline = settings_of(folder)[0]
    if _tuned(folder, adapter).exists() and not adapter.exists():
        raise UserError(
            f"--then-run {folder}: {_tuned(folder, adapter)} is there already, a run of an earlier adapter of that name; "
            "move it away, or give the new adapter another --output"
        )
    if baseline.backend != "hf" and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError(
            f"--then-run {folder}: its backend {baseline.backend} is started once, without a launcher of processes; "
            "give `rufinbench run --adapter` by itself after the training"
        )
    if not _is_same(folder, baseline, pretrained):
        raise UserError(
            f"--then-run {folder}: it ran {baseline.pretrained}, the configuration trains {pretrained}; "
            "give a run of that model"
        )
    if not baseline.local_path and revision != baseline.revision:
        raise UserError(
            f"--then-run {folder}: it ran revision {baseline.revision}, the configuration trains {revision}; "
            "give a run of that revision"
        )
    if apply_chat_template != baseline.apply_chat_template:
        asked, trained = ("with" if on else "without" for on in (baseline.apply_chat_template, apply_chat_template))
        wanted = str(baseline.apply_chat_template).lower()
        raise UserError(
            f"--then-run {folder}: it asked {asked} the chat template, the configuration trains {trained}; "
            f"set data.apply_chat_template={wanted}, or give another run"
        )


def run_and_compare(folder: Path, adapter: Path) -> Path:
    """Score a run's system with another adapter on it, all else as in that run; print how the two differ.

    Processes that trained together score together.

    Returns:
        The new run's directory, beside the old one.
    """
    from benchmark.compare import compare
    from benchmark.comparing.terminal import print_comparison
    from benchmark.results import load_run

    _leave_training()
    spec, options = settings_of(folder)
    tuned = run(replace(spec, adapter=str(adapter)), _tuned(folder, adapter), options)
    if is_first():
        print_comparison(compare(load_run(folder), load_run(tuned)))
    return tuned


def _is_same(folder: Path, baseline: SystemSpec, pretrained: str) -> bool:
    """Whether a baseline's model is the one to train: by its content where it lies here, else by its name."""
    ours = SystemSpec(pretrained).local_path
    if (ours or pretrained) == (baseline.local_path or baseline.pretrained):
        return True
    hashed = read_record(folder / "run.json")["system"].get("pretrained_sha256")
    return ours is not None and hashed == model_sha256(ours)


def _tuned(folder: Path, adapter: Path) -> Path:
    """The run of a baseline's settings with an adapter, beside the baseline."""
    named = folder.resolve()  # `.` has no name
    return named.with_name(f"{named.name}+{adapter.name}")


def _leave_training() -> None:
    """Dissolve the training's process group; the run forms its own, at a new address: the old one remembers the first."""
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return
    with socket.socket() as listener:
        listener.bind(("", 0))
        port = [listener.getsockname()[1]]
    distributed.broadcast_object_list(port, src=0)
    distributed.destroy_process_group()
    os.environ |= {"MASTER_PORT": str(port[0]), "TORCHELASTIC_USE_AGENT_STORE": "False"}
