"""Careless command lines of every command: one line that names the culprit, exit code 2, nothing else."""

import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark import cli
from benchmark import run as run_module
from tests.reports.fixture import Shape, write_run

CONFIG = "model: {{pretrained: {folder}/absent, quantization: none}}\ndata: {{tasks: [rufin_calculation]}}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, a configuration, and all sorts of things that are neither."""
    folder = tmp_path_factory.mktemp("careless")
    for name in ("one", "two", "latin", "list"):
        write_run(folder / name, Shape(documents=2, tasks=1))
    (folder / "latin" / "run.json").write_bytes(b'{"name": "\xff"}')
    next((folder / "list").glob("results_*")).write_text("[1]")
    (folder / "empty").mkdir()
    (folder / "file").write_text("x")
    (folder / "empty.gguf").touch()
    (folder / "empty.jsonl").touch()
    (folder / "latin.jsonl").write_bytes('{"instruction": "тест"}\n'.encode("cp1251"))
    (folder / "ok.yaml").write_text(CONFIG.format(folder=folder))
    (folder / "empty.yaml").touch()
    (folder / "latin.yaml").write_bytes("model: тест".encode("cp1251"))
    (folder / "null.yaml").write_bytes(b"\0\1")
    return folder


@pytest.fixture(scope="module", autouse=True)
def _one_index_of_tasks() -> Iterator[None]:
    """lm-eval reads thousands of files to find its tasks; once is enough here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "task_manager", functools.cache(run_module.task_manager))
        yield


RUN = "run --tasks rufin_calculation --output F/out --model "
TRAIN = "finetune --config F/ok.yaml --output F/adapter "
EXPORT = "export --model F/absent --output F/exported --adapter "
CARELESS = {
    "nosuch": "'nosuch'",
    "--nosuch": "--nosuch",
    "run": "--model",
    RUN + "x --limit many": "--limit",
    RUN + "x --limit 0": "--limit",
    RUN + f"x --limit {10**24}": "--limit",
    RUN + "x --num-fewshot -1": "--num-fewshot",
    RUN + "x --batch-size auto:x": "--batch-size auto:x",
    RUN + f"x --batch-size {10**24}": "--batch-size",
    RUN + "x --max-length 1": "--max-length",
    RUN + "x --quantization nf5": "'nf4'",
    RUN + "x --dtype half": "'bfloat16'",
    RUN + "x --on-long-prompt cut": "'truncate'",
    RUN + "x --backend-arg =": "--backend-arg",
    RUN + "x --backend-arg softmax_dtype=banana": "softmax_dtype",
    RUN + "x --backend-arg enable_thinking=yes": "--backend-arg enable_thinking",
    RUN + "x --backend vllm --backend-arg lora_local_path=F/empty": "--adapter",
    RUN + "x --backend local-completions --base-url ftp://x": "ftp://x",
    RUN + "x --backend local-completions --base-url http://x --backend-arg extra_body=1": "--backend-arg extra_body",
    RUN + "x --backend local-completions --base-url http://x --timeout nan": "--timeout",
    RUN + "x --include-path F/file": "--include-path F/file",
    RUN + "x --output F/file": "--output F/file",
    RUN + "x --output F/file/below": "--output F/file/below",
    RUN + "x --output " + "x" * 300: "x" * 300,
    RUN + "F/file": "--model F/file",
    RUN + "F/absent": "--model F/absent: no such file or directory here",
    RUN + "F/empty": "--model F/empty",
    RUN + "F/empty.gguf": "--model F/empty.gguf",
    RUN + "two\nlines": "--model two lines",
    RUN + "x\x1b[2Jy": "--model x�[2Jy",
    RUN + "x --device banana": "--device banana",
    RUN + "x --device banana --backend dummy": "--device banana",
    RUN + "x --backend no\nsuch": "--backend no such",
    "finetune": "--config",
    "finetune --config F/absent.yaml": "F/absent.yaml",
    "finetune --config F/empty": "F/empty",
    "finetune --config F/empty.yaml": "model, data",
    "finetune --config F/latin.yaml": "F/latin.yaml: not YAML in UTF-8",
    "finetune --config F/null.yaml": "F/null.yaml: not YAML",
    TRAIN + "--set nokey": "--set nokey",
    TRAIN + "--set training.epochs=many": "training.epochs",
    TRAIN + "--set training.epochs=[": "--set training.epochs=[",
    TRAIN + "--set training.epochs=.inf": "training.epochs",
    TRAIN + "--set training.seed=-1": "training.seed",
    TRAIN + f"--set training.seed={10**24}": "training.seed",
    TRAIN + f"--set lora.r={10**12}": "lora.r",
    TRAIN + "--set model=3": "'model'",
    TRAIN + "--dry-run --device banana": "--device banana",
    TRAIN + "--dry-run": "F/absent",
    TRAIN + "--dry-run --set model.pretrained=F/empty": "F/empty",
    TRAIN + "--output F/file": "--output F/file",
    TRAIN + "--then-run F/file": "F/file",
    EXPORT + "F/absent": "--adapter F/absent",
    EXPORT + "F/file": "--adapter F/file",
    EXPORT + "F/empty --examples 0": "--examples",
    "compare F/one": "'finetuned'",
    "compare F/file F/two": "F/file",
    "compare F/empty F/two": "F/empty",
    "compare F/latin F/two": "F/latin/run.json",
    "compare F/list F/two": "F/list/results_",
    "compare F/one two\nlines": "two lines",
    "compare F/one F/two --alpha nan": "--alpha",
    "compare F/one F/two --margin -1": "--margin",
    "compare F/one F/two --format xml": "'markdown'",
    "compare F/one F/two --format json --html F/empty": "F/empty: Is a directory",
    "report": "'runs'",
    "report F/one --lang de": "'ru', 'en'",
    "report F/one --output F/file": "--output F/file",
    "leaderboard F/empty": "F/empty",
    "leaderboard F/one --output F/file/board.html": "F/file",
    "rescore .": "results_",
    "rescore F/list": "F/list/results_",
    "rescore F/one --output F/two": "--output F/two",
    "merge F/one": "--output",
    "merge F/one F/empty --output F/two": "--output F/two",
    "check --data F/empty": "--data F/empty",
    "check --data F/empty.jsonl": "no rows",
    "check --data F/latin.jsonl": "F/latin.jsonl",
    "check --tasks ../x": "--tasks ../x",
    "show": "'task'",
    "show ../../etc": "no such task",
    "show calculation -n 0": "-n",
    "show calculation --split exam": "--split exam",
    "demo --limit -1": "--limit",
}


@pytest.mark.parametrize(("line", "named"), CARELESS.items())
def test_one_line_names_the_culprit(
    line: str,
    named: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(folder)
    # Single blanks part the arguments; a line break is one of an argument's own characters.
    arguments = [argument.replace("F/", f"{folder}/") for argument in line.strip().split(" ")]
    monkeypatch.setattr(sys, "argv", ["rufinbench", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert named.replace("F/", f"{folder}/") in said
    assert len(said.strip().splitlines()) == 1, said
    assert said.startswith("rufinbench: ")
