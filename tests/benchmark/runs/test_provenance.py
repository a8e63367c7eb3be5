"""What a run's record says of its graders and counts of its answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.run import RunOptions, run
from benchmark.runs.provenance import _tokens, grader_sha256, repeats_itself
from benchmark.system import SystemSpec
from tests.benchmark.test_bad_tasks import PYTHON, QUESTIONS, YAML, write_questions


@pytest.mark.parametrize(
    ("changed", "grades"),
    [
        ("scoring/numeric.py", True),
        ("esg_risk/task.py", True),
        ("esg_risk/reading.py", True),
        ("calculation/formulas/bonds.py", True),
        ("esg_risk/generator.py", False),
        ("esg_risk/verify.py", False),
        ("authoring/russian.py", False),
    ],
)
def test_whatever_may_grade_is_in_the_graders_hash(tmp_path: Path, changed: str, grades: bool):
    path = tmp_path / changed
    path.parent.mkdir(parents=True)
    path.write_text("first = 1\n", encoding="utf-8")
    before = grader_sha256(tmp_path)
    path.write_text("first = 22\n", encoding="utf-8")
    assert (grader_sha256(tmp_path) != before) == grades


TWO_FILTERS = """filter_list:
  - {name: whole, filter: [{function: take_first}]}
  - {name: upper, filter: [{function: uppercase}, {function: take_first}]}
"""


def test_a_task_with_two_filters_counts_its_documents_and_tokens_once(tiny_model: Path, tmp_path: Path):
    counted = [recorded(tiny_model, tmp_path / name, further) for name, further in (("1", ""), ("2", TWO_FILTERS))]
    assert len((tmp_path / "2" / "samples").read_text(encoding="utf-8").splitlines()) == 2 * len(QUESTIONS)
    assert counted[0]["tokens"] == counted[1]["tokens"]
    keys = ("documents", "documents_sha256", "prompts_sha256")
    assert [counted[0]["tasks"]["mine"][key] for key in keys] == [counted[1]["tasks"]["mine"][key] for key in keys]
    assert counted[1]["tasks"]["mine"]["documents"] == len(QUESTIONS)


def recorded(model: Path, folder: Path, further: str) -> dict[str, Any]:
    """`run.json` of a run of a small task whose YAML goes on with `further`; its samples lie in `folder`."""
    folder.mkdir()
    (folder / "mine.yaml").write_text(YAML + further, encoding="utf-8")
    (folder / "mine.py").write_text(PYTHON, encoding="utf-8")
    write_questions(folder, QUESTIONS)
    options = RunOptions(tasks=("mine",), include_paths=(str(folder),), bootstrap_iters=0)
    made = run(SystemSpec(str(model), dtype="float32"), folder / "run", options)
    next(made.glob("samples_*")).rename(folder / "samples")
    return json.loads((made / "run.json").read_text(encoding="utf-8"))


class _Words:
    """A model that counts words."""

    max_length = 5

    def tok_encode(self, text: str, **_: Any) -> list[str]:
        return text.split()


@pytest.mark.parametrize(
    ("arguments", "too_long"),
    [
        (["один два три", {"max_gen_toks": 2}], False),
        (["один два три", {"max_gen_toks": 3}], True),
        (["один два три", " четыре пять шесть"], False),  # the last token is not read
        (["один два три", " четыре пять шесть семь"], True),
        (["один два три четыре пять шесть семь"], False),  # a rolling likelihood is read in windows
    ],
)
def test_a_prompt_is_too_long_with_what_follows_it(arguments: list[Any], too_long: bool):
    samples = {"task": [{"arguments": [arguments], "resps": [["Да"]]}]}
    counted, sent_whole = (_tokens(_Words(), samples, cuts_prompts=cuts) for cuts in (True, False))
    assert counted and sent_whole
    assert counted["too_long_prompts"] == too_long
    assert sent_whole == counted | {"too_long_prompts": 0}


@pytest.mark.parametrize(
    ("text", "repeats"),
    [
        ("Уровень риска: средний. " * 40, True),
        ("Начало. " + "и так далее, " * 30 + "и так", True),
        ("а" * 200, True),
        ("Вывод: рентабельность выросла.\n" + "-" * 60, False),
        ("Выручка 5, 6, 7 и 8 млн руб. Риск высокий, так как долг растёт быстрее выручки.", False),
        ("| 1 | 2 |\n" * 4, False),
        ("", False),
    ],
)
def test_an_answer_that_repeats_itself_is_told_from_one_that_does_not(text: str, repeats: bool):
    assert repeats_itself(text) == repeats
