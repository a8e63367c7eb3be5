"""The command line: quick help, one-line errors, exit codes."""

import json
import re
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
def test_every_command_has_help_with_an_example_and_whole_names(command: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = cli(command, "--help")
    assert done.returncode == 0
    assert f"rufinbench {command}" in done.stdout
    assert not re.search(r"--[\w-]*…", done.stdout)


@pytest.mark.parametrize(("command", "place"), [("run", "results/MODEL"), ("rescore", "RUN-rescored")])
def test_help_says_where_a_run_is_written(command: str, place: str):
    assert place in cli(command, "--help").stdout


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
    lines.append(json.dumps({"instuction": "ROE?", "output": "20%", "category": "faq"}))
    (tmp_path / "my.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = cli("check", "--data", "my.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    told = done.stdout.replace("\n", " ")
    for expected in (
        "my.jsonl:2: not a whole line of JSON",
        "my.jsonl:3: key 'output'",
        "my.jsonl:4: expected a JSON object",
        "the same row as line 1",
        "my.jsonl:6: key 'instruction' is missing; the row has 'instuction',",
    ):
        assert expected in told


def test_a_good_file_passes_and_its_categories_are_told(tmp_path: Path):
    row = {"instruction": "Рассчитай ROE", "output": "20%", "category": "calculation"}
    rows = (row, row | {"category": "calculaton"}, {"instruction": "Что такое ROE?", "output": "Рентабельность"})
    text = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "my.jsonl").write_text(text, encoding="utf-8-sig")  # as Windows saves it
    done = cli("check", "--data", "my.jsonl", cwd=tmp_path)
    assert done.returncode == 0
    assert "my.jsonl: 3 rows, all good" in done.stdout
    assert "their family's prompt: calculation 1\nunder a plain heading: calculaton 1, no category 1\n" in done.stdout


def test_a_category_acts_on_no_terminal(tmp_path: Path):
    row = {"instruction": "Рассчитай ROE", "output": "20%", "category": "a\n\x1b[2Jb"}
    (tmp_path / "my.jsonl").write_text(json.dumps(row), encoding="utf-8")
    done = cli("check", "--data", "my.jsonl", cwd=tmp_path)
    assert "under a plain heading: a ⟨U+001B⟩[2Jb 1\n" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_behind_the_output_is_named(tmp_path: Path):
    command = [sys.executable, "-m", "benchmark.cli", "show", "calculation"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "rufinbench: the output: No space left on device; mend that, or choose another place\n"


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


def test_a_trainings_libraries_say_nothing_of_their_own(tmp_path: Path):
    """bitsandbytes complains of missing kernels while it is imported."""
    config = tmp_path / "config.yaml"
    config.write_text("model: {pretrained: /no/such/model}\ndata: {tasks: [rufin_calculation]}\n", encoding="utf-8")
    done = cli("finetune", "--config", str(config), "--dry-run")
    assert done.returncode == 2
    assert [line.partition(": ")[0] for line in done.stderr.splitlines()] == ["rufinbench"]
