"""The command line: quick help, one-line errors, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.cli.scoring import slug
from tests.reports.fixture import Shape, write_run


def cli(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmark.cli", *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )


def test_help_loads_no_heavy_library():
    code = (
        "import sys; from typer.testing import CliRunner; from benchmark.cli import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "print([m for m in ('torch', 'transformers', 'lm_eval', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "command",
    ["run", "finetune", "export", "compare", "report", "leaderboard", "rescore", "merge", "check", "show", "demo"],
)
def test_every_command_has_help_with_an_example(command: str):
    done = cli(command, "--help")
    assert done.returncode == 0
    assert f"rufinbench {command}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "/no/such/a", "/no/such/b"], "/no/such/a"),
        (["rescore", "/no/such/run"], "/no/such/run"),
        (["rescore", "RUN", "--include-path", "/no/such/tasks"], "--include-path /no/such/tasks: no such directory"),
        (["run", "--model", "x", "--tasks", " , "], "--tasks"),
        (["run", "--model", "x", "--batch-size", "abc"], "--batch-size abc"),
        (["run", "--model", "x", "--batch-size", "0"], "--batch-size 0"),
        (["run", "--model", "x", "--backend-arg", "load_in_4bit=true"], "--backend-arg load_in_4bit"),
        (["report", "/no/such/run"], "/no/such/run"),
        (["show", "nothing"], "no such task"),
        (["check", "--tasks", "nothing"], "no such family"),
        (["check", "--data", "/no/such.jsonl"], "/no/such.jsonl"),
        (["finetune", "--config", "/no/such.yaml"], "/no/such.yaml"),
        (["run", "--model", "x", "--backend-arg", "novalue"], "write key=value"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], message: str):
    run = write_run(tmp_path / "run", Shape(documents=2, tasks=1))
    done = cli(*(str(run) if argument == "RUN" else argument for argument in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_debug_shows_the_traceback():
    done = cli("--debug", "rescore", "/no/such/run")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_a_users_file_is_checked_row_by_row(tmp_path: Path):
    good = {"instruction": "Рассчитай ROE", "output": "20%", "category": "calculation"}
    lines = [json.dumps(good), "{broken", json.dumps(good | {"output": ""}), json.dumps([1]), json.dumps(good)]
    (tmp_path / "my.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = cli("check", "--data", "my.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    told = done.stdout.replace("\n", " ")
    for expected in (
        "my.jsonl:2: not a whole line of JSON",
        "my.jsonl:3: key 'output'",
        "my.jsonl:4: expected a JSON object",
        "the same row as line 1",
    ):
        assert expected in told


def test_a_good_file_passes(tmp_path: Path):
    row = {"instruction": "Рассчитай ROE", "output": "20%", "category": "calculation"}
    (tmp_path / "my.jsonl").write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    assert cli("check", "--data", "my.jsonl", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [("google/gemma-3-1b-it", "google-gemma-3-1b-it"), ("../../etc/passwd", "etc-passwd"), ("..", "run"), ("<b>", "b")],
)
def test_a_models_name_is_never_a_path(name: str, expected: str):
    assert slug(name) == expected


@pytest.mark.parametrize(
    ("second", "code", "said"),
    [
        ({"skill": 0.1}, 1, ""),
        ({"skill": 0.9}, 0, ""),
        ({"grader": "another"}, 1, "no task has a verdict"),
    ],
)
def test_a_gate_opens_only_where_something_was_judged(tmp_path: Path, second: dict, code: int, said: str):
    shared = {"documents": 60, "tasks": 1, "skill": 0.5}
    runs = [write_run(tmp_path / str(i), Shape(**shared | more)) for i, more in enumerate(({}, second))]
    done = CliRunner().invoke(app, ["compare", *map(str, runs), "--format", "json", "--fail-on-regression"])
    assert done.exit_code == code
    assert said in done.stderr and bool(said) == bool(done.stderr)
