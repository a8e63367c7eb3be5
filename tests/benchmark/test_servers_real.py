"""A real server, `transformers serve`, with the tiny model on loopback: the whole run through the command line."""

import functools
import json
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark import cli
from benchmark import run as run_module
from benchmark.results import load_run
from benchmark.run import RunOptions, run
from benchmark.system import SystemSpec

OPTIONS = ["--tasks", "rufin_calculation", "--limit", "4", "--max-gen-toks", "12"]
TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"


@pytest.fixture(scope="module", autouse=True)
def _one_index_of_tasks() -> Iterator[None]:
    """lm-eval reads thousands of files to find its tasks; once is enough here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "task_manager", functools.cache(run_module.task_manager))
        yield


@pytest.fixture(scope="module")
def chatty_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with a chat template that adds nothing."""
    folder = tmp_path_factory.mktemp("chatty") / "model"
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").write_text("<bos>" + TEMPLATE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(chatty_model: Path) -> Iterator[str]:
    from transformers.cli.serve import Serve

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = Serve(str(chatty_model), host="127.0.0.1", port=port, device="cpu", dtype="float32", non_blocking=True)
    deadline = time.monotonic() + 60
    while not serve.server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    serve.kill_server()


def responses(folder: Path) -> list[str]:
    lines = next(folder.glob("samples_*")).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["resps"][0][0] for line in lines]


def command(monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
    monkeypatch.setattr(sys, "argv", ["rufinbench", "run", *OPTIONS, *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0


@pytest.fixture(scope="module")
def expected(chatty_model: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the same model answers without a server."""
    options = RunOptions(tasks=("rufin_calculation",), limit=4, max_gen_toks=12, batch_size=1, bootstrap_iters=0)
    output = tmp_path_factory.mktemp("hf") / "run"
    return responses(run(SystemSpec(str(chatty_model), dtype="float32"), output, options))


@pytest.mark.parametrize("backend", ["local-completions", "local-chat-completions"])
def test_a_served_model_gives_the_answers_that_it_gives_without_a_server(
    backend: str,
    server: str,
    expected: list[str],
    chatty_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    output = tmp_path / "run"
    asked = ["--model", str(chatty_model), "--backend", backend, "--base-url", server, "--num-concurrent", "2"]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-SECRET")
    command(monkeypatch, *asked, "--output", str(output))
    assert responses(output) == expected
    assert len(set(expected)) > 1
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"SECRET" in content for content in written)
    record: dict[str, Any] = json.loads((output / "run.json").read_text(encoding="utf-8"))
    assert record["system"]["backend_args"]["base_url"].startswith(server)
    assert "num_concurrent" not in record["system"]["backend_args"]
    assert record["tokens"] == {"truncated_answers": 4}, "tokens of another tokenizer cannot be counted here"
    assert load_run(output).tasks
