"""A run in two real processes gives the files of one process, and goes on with another number of them."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lm_eval.api.instance import Instance

from benchmark.engine import RowwiseHFLM
from benchmark.errors import UserError
from benchmark.run import RunOptions, run
from benchmark.runs import processes
from benchmark.storage.store import AnswerStore
from benchmark.system import SystemSpec
from tasks import ROOT
from tests.benchmark.test_interrupted import tasks as _tasks
from tests.benchmark.test_run import headline

tasks = _tasks

OPTIONS = RunOptions(tasks=("rufin",), limit=3, max_gen_toks=8, batch_size=4)


def launch(
    tiny_model: Path, output: Path, *arguments: str, command: tuple[str, ...] = ("benchmark.cli",)
) -> subprocess.CompletedProcess[str]:
    """`rufinbench run` in two processes."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    options = ["run", "--model", str(tiny_model), "--dtype", "float32", "--device", "cpu", "--limit", "3"]
    options += ["--max-gen-toks", "8", "--batch-size", "4", "--output", str(output), *arguments]
    return subprocess.run(
        [*launcher, *command, *options],
        cwd=ROOT.parent,
        env=os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def samples(folder: Path, prefix: str = "rufin") -> dict[str, bytes]:
    return {path.name.rpartition("_")[0]: path.read_bytes() for path in folder.glob(f"samples_{prefix}*")}


def numbers(folder: Path, task: str) -> list[list[Any]]:
    """Each document's log-likelihoods, which lm-eval logs as text."""
    (path,) = folder.glob(f"samples_{task}_*")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        [float(answer[0] if isinstance(answer, list) else answer) for answer in row["filtered_resps"]] for row in rows
    ]


def test_two_processes_give_the_files_of_one_and_one_goes_on_where_two_stopped(
    tiny_model: Path, tmp_path: Path, tasks: str, monkeypatch: pytest.MonkeyPatch
):
    named = ("rufin", "choices", "whole")
    done = launch(tiny_model, tmp_path / "two" / "run", "--tasks", ",".join(named), "--include-path", tasks)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("macro average") == 1, "one process prints"
    stores = [AnswerStore(path) for path in sorted((tmp_path / "two" / ".answers").glob("*_rank*.db"))]
    assert [len(store) for store in stores] == [9 + 5 + 2, 9 + 4 + 1], "each keeps its half of every kind of answer"
    for store in stores:
        store.close()

    spec = SystemSpec(str(tiny_model), dtype="float32")
    options = replace(OPTIONS, tasks=named, include_paths=(tasks,))
    alone = run(spec, tmp_path / "one" / "run", options)
    assert samples(tmp_path / "two" / "run") == samples(alone)
    assert headline(tmp_path / "two" / "run") == approx(headline(alone))
    for task in ("choices", "whole"):  # other batches than one process makes: other last bits
        for mine, theirs in zip(numbers(tmp_path / "two" / "run", task), numbers(alone, task), strict=True):
            assert mine == pytest.approx(theirs, rel=1e-4)

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("every answer is in one of the two stores")

    for method in ("generate_until", "loglikelihood", "loglikelihood_rolling"):
        monkeypatch.setattr(RowwiseHFLM, method, asked)
    again = run(spec, tmp_path / "two" / "again", options)
    assert samples(again, "") == samples(tmp_path / "two" / "run", "")


def approx(values: dict[str, dict[str, float]]) -> dict[str, Any]:
    return {task: pytest.approx(of_task, rel=1e-4) for task, of_task in values.items()}


def test_what_was_answered_before_a_process_ended_is_kept(tiny_model: Path, tmp_path: Path):
    crashing = ("tests.benchmark.crashing", "1", "2")
    ended = launch(tiny_model, tmp_path / "run", "--tasks", "rufin_calculation,rufin_esg_risk", command=crashing)
    assert ended.returncode != 0
    assert "Signal 9 (SIGKILL)" in ended.stderr
    assert not (tmp_path / "run").exists()
    kept = 0
    for path in (tmp_path / ".answers").glob("*_rank*.db"):
        store = AnswerStore(path)
        kept += len(store)
        store.close()
    assert kept >= 2
    spec = SystemSpec(str(tiny_model), dtype="float32")
    options = replace(OPTIONS, tasks=("rufin_calculation", "rufin_esg_risk"))
    resumed = run(spec, tmp_path / "run", options)
    assert json.loads((resumed / "run.json").read_text(encoding="utf-8"))["answers"]["from_before"] == kept
    assert samples(resumed) == samples(run(spec, tmp_path / "alone" / "run", options))


class Failing:
    """A model that cannot answer."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def generate_until(self, requests: list[Instance]) -> list[str]:
        raise self.error


def test_what_a_user_can_mend_ends_the_run_in_the_first_process_whichever_met_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "_scatter", lambda orders: orders)
    monkeypatch.setattr(
        processes, "_gather", lambda own, size: [own, processes._answer(other, "generate_until", asked, {})]
    )
    other, asked = Failing(UserError("no memory: lower --batch-size")), [request("a")]
    with pytest.raises(UserError, match="lower --batch-size"):
        processes.SharedLM(SimpleNamespace(generate_until=lambda requests: ["yes"]), 2).generate_until(asked)


def test_any_other_failure_ends_its_own_process_with_its_own_words():
    with pytest.raises(RuntimeError, match="illegal memory access"):
        processes._answer(Failing(RuntimeError("an illegal memory access")), "generate_until", [request("a")], {})


def test_a_process_that_is_gone_is_told_to_a_user_in_one_line(monkeypatch: pytest.MonkeyPatch):
    from torch import distributed

    def gone(*_: object, **__: object) -> None:
        raise RuntimeError("Connection closed by peer [127.0.0.1]:4242")

    monkeypatch.setattr(distributed, "gather_object", gone)
    with pytest.raises(UserError, match=r"another process of this run ended, .* every answer is kept"):
        processes._gather(["yes"], 2)


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
