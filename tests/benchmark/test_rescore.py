"""Grading saved answers again."""

import json
from pathlib import Path

import pytest

from benchmark.cli import scoring as cli
from benchmark.errors import UserError
from benchmark.rescore import rescore
from benchmark.run import RunOptions, run
from benchmark.system import SystemSpec
from tests.benchmark.test_run import headline


@pytest.fixture
def finished(tiny_model: Path, tmp_path: Path) -> Path:
    options = RunOptions(tasks=("rufin",), limit=2, max_gen_toks=8, batch_size=4, bootstrap_iters=0)
    return run(SystemSpec(str(tiny_model), dtype="float32"), tmp_path / "run", options)


def test_todays_graders_give_the_same_values_and_leave_the_run_alone(finished: Path):
    before = {path.name: path.read_bytes() for path in finished.iterdir()}
    again = rescore(finished, finished.with_name("again"), bootstrap_iters=0)
    assert headline(again) == headline(finished)
    assert {path.name: path.read_bytes() for path in finished.iterdir()} == before
    assert json.loads((again / "run.json").read_text())["rescored"]["from"] == "run"


@pytest.mark.parametrize("answer", [None, 7, {"a": 1}, "\ud800 lone surrogate", "Ответ: " + "9" * 1_000_000, ""])
def test_an_answer_of_any_shape_is_graded_not_crashed_on(finished: Path, answer: object):
    for path in finished.glob("samples_*"):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        rows[0]["filtered_resps"] = [answer]
        rows[1].pop("filtered_resps")
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    again = rescore(finished, finished.with_name("again"), bootstrap_iters=0)
    assert headline(again)["rufin_calculation"]["score,none"] == 0


def test_the_command_prints_the_table_at_once_and_the_place_as_it_was_named(
    finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(finished.parent)
    cli.rescore(Path("run"))
    printed = capsys.readouterr().out.splitlines()
    assert "tiny" in printed[0], "no empty line before the table"
    assert printed[-1] == "run-rescored"
    monkeypatch.chdir(finished)
    cli.rescore(Path(), finished.with_name("named"))
    with pytest.raises(UserError, match="run-rescored: exists"):
        cli.rescore(Path())


def test_a_truncated_sample_file_is_named(finished: Path):
    path = next(finished.glob("samples_rufin_calculation_*"))
    path.write_text(path.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    with pytest.raises(UserError, match="samples_rufin_calculation"):
        rescore(finished, finished.with_name("again"))
    assert not finished.with_name("again").exists()


def test_an_existing_output_is_refused(finished: Path):
    with pytest.raises(UserError, match="exists"):
        rescore(finished, finished)
