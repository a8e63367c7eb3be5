"""A run in two real processes gives the files of one process, and goes on with another number of them."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lm_eval.api.instance import Instance

from benchmark.engine import RowwiseHFLM
from benchmark.errors import UserError
from benchmark.run import RunOptions, run
from benchmark.runs import processes
from benchmark.system import SystemSpec
from tasks import ROOT
from tests.benchmark.test_run import headline

OPTIONS = RunOptions(tasks=("rufin",), limit=3, max_gen_toks=8, batch_size=4, bootstrap_iters=10)


def launch(tiny_model: Path, output: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "benchmark.cli", "run", "--model", str(tiny_model), "--dtype", "float32", "--device", "cpu"]
    command += ["--limit", "3", "--max-gen-toks", "8", "--batch-size", "4", "--output", str(output), *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        command, cwd=ROOT.parent, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def samples(folder: Path) -> dict[str, bytes]:
    return {path.name.rpartition("_")[0]: path.read_bytes() for path in folder.glob("samples_*")}


def test_two_processes_give_the_files_of_one_and_one_goes_on_where_two_stopped(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    done = launch(tiny_model, tmp_path / "two" / "run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("macro average") == 1, "one process prints"
    assert len(list((tmp_path / "two" / ".answers").glob("*_rank*.db"))) == 2, "each process keeps its own answers"

    spec = SystemSpec(str(tiny_model), dtype="float32")
    options = replace(OPTIONS, bootstrap_iters=1000)  # the command line's
    alone = run(spec, tmp_path / "one" / "run", options)
    assert samples(tmp_path / "two" / "run") == samples(alone)
    assert headline(tmp_path / "two" / "run") == headline(alone)

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("every answer is in one of the two stores")

    monkeypatch.setattr(RowwiseHFLM, "generate_until", asked)
    again = run(spec, tmp_path / "two" / "again", options)
    assert samples(again) == samples(alone)


def request(prompt: str, document: int = 0) -> Instance:
    return Instance("generate_until", {}, (prompt, {"until": []}), 0, ("task", document, 1))


def test_work_is_dealt_out_evenly_and_repeats_stay_together():
    prompts = ["a" * length for length in (1, 9, 5, 7, 3)]
    requests = [request(prompt) for prompt in [*prompts, prompts[1], prompts[1]]]
    first, second = processes._deal(requests, 2)
    assert sorted(first + second) == list(range(7))
    assert {1, 5, 6} <= set(first), "equal requests go to one process"
    assert {3, 4} == set(second), "long and short prompts to both"


def test_without_a_launcher_a_process_is_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.delenv("RANK", raising=False)
    with processes.team() as team:
        assert team == processes.Team(0, 1, 0)
    assert processes.is_first()
    assert team.device("auto") == "auto"


def test_backends_that_spread_themselves_are_not_multiplied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "team", lambda: _Joined(processes.Team(0, 2, 0)))
    with pytest.raises(UserError, match="without a launcher"):
        run(SystemSpec("model", backend="vllm"), tmp_path / "run", OPTIONS)


class _Joined:
    def __init__(self, team: processes.Team) -> None:
        self._team = team

    def __enter__(self) -> processes.Team:
        return self._team

    def __exit__(self, *_: object) -> None:
        pass
