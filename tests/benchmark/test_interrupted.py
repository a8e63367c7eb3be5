"""Log-likelihoods of a run that was interrupted are those of one that was not, to the last bit, in any dtype."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.run import RunOptions, run
from benchmark.storage import portions
from benchmark.storage.store import AnswerStore
from benchmark.system import SystemSpec
from tasks import ROOT

CHOICES = """task: choices
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
output_type: multiple_choice
test_split: test
doc_to_text: "{{question}}"
doc_to_choice: [" высокий", " средний уровень", " низкий"]
doc_to_target: 0
metric_list: [{metric: acc}]
metadata: {version: 1.0}
"""
WHOLE = """task: whole
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
output_type: loglikelihood_rolling
test_split: test
doc_to_text: ""
doc_to_target: "{{question}}"
metric_list: [{metric: word_perplexity}]
metadata: {version: 1.0}
"""


@pytest.fixture
def tasks(tmp_path: Path) -> str:
    """A folder with both tasks: questions of many lengths, some of them shared beginnings."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    questions = [f"Заёмщик {n % 5}: {'выручка выросла на 12,5% г/г. ' * (n % 7 + 1)}Риск {n}?" for n in range(23)]
    lines = [json.dumps({"question": text}, ensure_ascii=False) for text in questions]
    (folder / "data.jsonl").write_text("\n".join(lines), encoding="utf-8")
    for name, text in (("choices", CHOICES), ("whole", WHOLE)):
        (folder / f"{name}.yaml").write_text(text.replace("DATA", str(folder / "data.jsonl")), encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("task", ["choices", "whole"])
def test_an_interrupted_run_ends_with_the_same_bytes(
    tiny_model: Path, tmp_path: Path, tasks: str, monkeypatch: pytest.MonkeyPatch, task: str, dtype: str
):
    monkeypatch.setattr(portions, "PORTIONS", {"loglikelihood": 8, "loglikelihood_rolling": 1000})
    spec = SystemSpec(str(tiny_model), dtype=dtype)
    options = RunOptions(tasks=(task,), include_paths=(tasks,), batch_size=4, bootstrap_iters=0)
    whole = run(spec, tmp_path / "whole" / "run", options)
    for _ in range(2):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            interrupt(patch, after=11)
            run(spec, tmp_path / "broken" / "run", options)
    again = run(spec, tmp_path / "broken" / "run", options)
    assert samples(again) == samples(whole)


def test_a_killed_run_ends_with_the_same_bytes(tiny_model: Path, tmp_path: Path, tasks: str):
    chosen = ("rufin_calculation", "rufin_credit_risk", "choices", "whole")
    options = RunOptions(tasks=chosen, include_paths=(tasks,), limit=4, max_gen_toks=8, batch_size=4)
    command = [sys.executable, "-m", "tests.benchmark.crashing", "0", "5", "run", "--model", str(tiny_model)]
    command += ["--dtype", "float32", "--tasks", ",".join(chosen), "--include-path", tasks, "--limit", "4"]
    command += ["--max-gen-toks", "8", "--batch-size", "4", "--output", str(tmp_path / "killed" / "run")]
    ended = subprocess.run(command, cwd=ROOT.parent, capture_output=True, timeout=300, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not (tmp_path / "killed" / "run").exists()
    spec = SystemSpec(str(tiny_model), dtype="float32")
    resumed, whole = (run(spec, tmp_path / name / "run", options) for name in ("killed", "whole"))
    assert json.loads((resumed / "run.json").read_text(encoding="utf-8"))["answers"]["from_before"] == 5
    for name in chosen:
        assert samples(resumed, name) == samples(whole, name)


def interrupt(patch: pytest.MonkeyPatch, after: int) -> None:
    """Let a run end when it has kept so many answers."""
    kept: list[str] = []
    put = AnswerStore.put

    def interrupted(self: AnswerStore, key: str, answer: object) -> None:
        if len(kept) == after:
            raise KeyboardInterrupt
        put(self, key, answer)
        kept.append(key)

    patch.setattr(AnswerStore, "put", interrupted)


def samples(folder: Path, task: str = "") -> bytes:
    return next(folder.glob(f"samples_{task}*")).read_bytes()
