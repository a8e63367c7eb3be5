"""A user's own task that is broken: one line that names the task and the place, and no answer lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.engine import RowwiseHFLM
from benchmark.errors import UserError
from benchmark.run import RunOptions, run
from benchmark.system import SystemSpec
from tasks import ROOT
from tests.benchmark.test_interrupted import interrupt

YAML = """task: mine
custom_dataset: !function mine.load
output_type: generate_until
test_split: test
doc_to_text: !function mine.ask
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["stop"], max_gen_toks: 4, do_sample: false}
process_results: !function mine.grade
metric_list: [{metric: right, aggregation: !function mine.total, higher_is_better: true}]
metadata: {version: 1.0}
"""
PYTHON = """import json
from pathlib import Path

import datasets


def load(**_):
    lines = Path(__file__).with_name("data.jsonl").read_text(encoding="utf-8").splitlines()
    return {"test": datasets.Dataset.from_list([json.loads(line) for line in lines])}


def ask(doc):
    return doc["question"]


def grade(doc, results):
    return {"right": float(results[0] == doc["answer"])}


def total(values):
    return sum(values)
"""
QUESTIONS = ["Чему равна рентабельность?", "Какова ключевая ставка?", "Каков уровень риска?"]
NOWHERE = SystemSpec("/no/such/model")
"""Whoever gets as far as loading it fails with another message."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A task that works."""
    made = tmp_path / "tasks"
    made.mkdir()
    (made / "mine.yaml").write_text(YAML, encoding="utf-8")
    (made / "mine.py").write_text(PYTHON, encoding="utf-8")
    write_questions(made, QUESTIONS)
    return made


def write_questions(folder: Path, questions: list[str]) -> None:
    lines = [json.dumps({"question": text, "answer": "да"}, ensure_ascii=False) for text in questions]
    (folder / "data.jsonl").write_text("\n".join(lines), encoding="utf-8")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def options(folder: Path) -> RunOptions:
    return RunOptions(tasks=("mine",), include_paths=(str(folder),), bootstrap_iters=0)


def rows(run_folder: Path) -> list[dict]:
    return [json.loads(line) for line in next(run_folder.glob("samples_*")).read_text(encoding="utf-8").splitlines()]


def refused(spec: SystemSpec, folder: Path, output: Path) -> str:
    with pytest.raises(UserError) as caught:
        run(spec, output, options(folder))
    assert not output.exists()
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("mine.py", "import datasets", "import no_such_package", ["task mine", "no_such_package", "mine.py:4", "mend"]),
        ("mine.py", "def grade(", "def grade(((", ["task mine", "SyntaxError", "mend"]),
        ("mine.py", "def grade(", "def graded(", ["task mine", "grade", "mend"]),
        ("mine.py", "def load(**_):", "def load(**_):\n    1 / 0", ["task mine", "ZeroDivisionError", "mine.py:8"]),
        ("mine.py", '"data.jsonl"', '"gone.jsonl"', ["task mine", "data cannot be read", "gone.jsonl"]),
        ("mine.yaml", "metadata: {", "metadata: {[", ["mine.yaml cannot be read", "line 10", "mend the file"]),
        ("mine.yaml", "custom_dataset: !function mine.load", "dataset_path: no/such-data", ["task mine", "no/such-data", "network"]),
        (
            "mine.yaml",
            "custom_dataset: !function mine.load",
            "dataset_path: json\ndataset_kwargs: {data_files: {test: /no/such.jsonl}}",
            ["task mine", "/no/such.jsonl", "data_files"],
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded_is_told_before_a_model_is(folder: Path, tmp_path, file, old, new, told):
    replace(folder / file, old, new)
    message = refused(NOWHERE, folder, tmp_path / "run")
    for part in told:
        assert part in message, message


def test_the_command_line_shows_one_line_and_no_traceback(folder: Path, tmp_path: Path):
    replace(folder / "mine.py", "import datasets", "raise RuntimeError('two\\nlines')")
    command = [sys.executable, "-m", "benchmark.cli", "run", "--model", "/no/such/model", "--tasks", "mine"]
    command += ["--include-path", str(folder), "--output", str(tmp_path / "run")]
    done = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("rufinbench: task mine: RuntimeError: two lines (")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'return doc["question"]',
            'return doc["question"] if "ставка" not in doc["question"] else doc["absent"]',
            ["task mine, document 1", "KeyError", "absent", "mine.py:13"],
        ),
        (
            'return {"right": float(',
            'assert "риска" not in doc["question"], "cannot be graded"\n    return {"right": float(',
            ["task mine, document 2", "cannot be graded", "mine.py:17"],
        ),
        ("return sum(values)", "return sum(values) / 0", ["task mine: ZeroDivisionError", "mine.py:21"]),
    ],
)
def test_a_task_that_fails_on_the_way_loses_no_answer(
    folder: Path, tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, old, new, told
):
    replace(folder / "mine.py", old, new)
    spec = SystemSpec(str(tiny_model), dtype="float32")
    message = refused(spec, folder, tmp_path / "run")
    for part in [*told, "every answer is kept"]:
        assert part in message, message
    asked = count_asked(monkeypatch)
    replace(folder / "mine.py", new, old)
    assert len(rows(run(spec, tmp_path / "run", options(folder)))) == 3
    assert sum(asked) == (3 if "document 1" in told[0] else 0), "only a task that failed at its prompts asks now"


def count_asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of requests that reach the model, call by call."""
    asked: list[int] = []
    answer = RowwiseHFLM.generate_until

    def counted(self: RowwiseHFLM, requests: list, *rest: object, **options: object) -> list[str]:
        asked.append(len(requests))
        return answer(self, requests, *rest, **options)

    monkeypatch.setattr(RowwiseHFLM, "generate_until", counted)
    return asked


def test_an_error_of_the_model_is_not_put_on_a_task(folder, tmp_path, tiny_model, monkeypatch):
    def broken(*_: object, **__: object) -> list[str]:
        raise RuntimeError("the engine's own")

    monkeypatch.setattr(RowwiseHFLM, "generate_until", broken)
    with pytest.raises(RuntimeError, match="the engine's own"):
        run(SystemSpec(str(tiny_model), dtype="float32"), tmp_path / "run", options(folder))


def test_data_that_changed_between_two_tries(folder, tmp_path, tiny_model, monkeypatch):
    spec = SystemSpec(str(tiny_model), dtype="float32")
    first = run(spec, tmp_path / "run", options(folder))
    asked = count_asked(monkeypatch)
    write_questions(folder, [QUESTIONS[0], "Сколько стоит облигация?", QUESTIONS[2]])
    with pytest.raises(UserError, match="the data of mine changed since that run; choose another directory"):
        run(spec, first, options(folder))
    again = rows(run(spec, tmp_path / "again", options(folder)))
    assert sum(asked) == 1, "only the changed prompt is asked again"
    assert again[1]["arguments"]["gen_args_0"]["arg_0"] == "Сколько стоит облигация?"
    assert [again[0]["resps"], again[2]["resps"]] == [rows(first)[0]["resps"], rows(first)[2]["resps"]]


def test_data_that_changed_after_an_interruption(folder, tmp_path, tiny_model, monkeypatch):
    spec = SystemSpec(str(tiny_model), dtype="float32")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        interrupt(patch, after=2)
        run(spec, tmp_path / "broken" / "run", options(folder))
    changed = [QUESTIONS[2], "Сколько стоит облигация?", QUESTIONS[0], QUESTIONS[1]]
    write_questions(folder, changed)
    replace(folder / "data.jsonl", '"да"', '"нет"')
    again = run(spec, tmp_path / "broken" / "run", options(folder))
    fresh = run(spec, tmp_path / "fresh" / "run", options(folder))
    assert rows(again) == rows(fresh), "each answer stands beside its own question and today's reference"


def test_a_finished_run_of_another_definition_is_not_taken_for_this_one(folder, tmp_path, tiny_model):
    spec, output = SystemSpec(str(tiny_model), dtype="float32"), tmp_path / "run"
    run(spec, output, options(folder))
    before = (output / "run.json").read_bytes()
    assert run(spec, output, options(folder)) == output
    replace(folder / "mine.yaml", "version: 1.0", "version: 2.0")
    with pytest.raises(UserError, match="the definition of mine changed"):
        run(spec, output, options(folder))
    replace(folder / "mine.yaml", "version: 2.0", "version: 1.0")
    replace(folder / "mine.py", "float(results[0]", "float(results[-1]")
    with pytest.raises(UserError, match="the definition of mine changed"):
        run(spec, output, options(folder))
    assert (output / "run.json").read_bytes() == before


@pytest.mark.parametrize("answer", ["cut within an emoji \ud83d", "a \x00 byte", "\ufffd\x1b[2J", "\udcff\udc00"])
def test_any_text_is_written_and_reads_back(folder, tmp_path, tiny_model, monkeypatch, answer):
    monkeypatch.setattr(RowwiseHFLM, "generate_until", lambda _, requests, **__: [answer] * len(requests))
    finished = run(SystemSpec(str(tiny_model), dtype="float32"), tmp_path / "run", options(folder))
    assert [row["resps"] for row in rows(finished)] == [[[answer]]] * 3
