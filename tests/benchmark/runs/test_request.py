"""Which finished run is the one that is asked for again."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from benchmark.run import RunOptions
from benchmark.runs.request import difference

DESCRIBED = {"pretrained": "model", "dtype": "float32"}
REQUEST: dict[str, Any] = {"system_sha256": "a", "tasks": {"one": {"version": 1}, "two": {}}, "grader_sha256": "new"}
OPTIONS = RunOptions(tasks=("one", "two"), limit=5, include_paths=("tasks",))


def finished(**changes: Any) -> dict[str, Any]:
    """`run.json` of the run that `REQUEST` and `OPTIONS` ask for."""
    options = asdict(OPTIONS) | {"tasks": list(OPTIONS.tasks), "include_paths": list(OPTIONS.include_paths)}
    return {"system": DESCRIBED, "options": options, "request": REQUEST, "grader_sha256": "new"} | changes


@pytest.mark.parametrize(
    "asked",
    [
        OPTIONS,
        replace(OPTIONS, tasks=("two", "one", "two")),
        replace(OPTIONS, batch_size=3, device="cpu", include_paths=("/elsewhere/tasks",)),
    ],
    ids=["the same", "tasks in another order", "from elsewhere"],
)
def test_how_a_run_is_made_does_not_make_it_another(asked: RunOptions):
    assert difference(finished(), REQUEST, DESCRIBED, asked) == ""


@pytest.mark.parametrize(
    ("asked", "named"),
    [(replace(OPTIONS, limit=None), "(limit)"), (replace(OPTIONS, tasks=("one",)), "(tasks)")],
)
def test_another_option_is_named(asked: RunOptions, named: str):
    assert f"other options {named}" in difference(finished(), REQUEST, DESCRIBED, asked)


def test_answers_that_were_graded_again_are_those_of_todays_graders():
    earlier = REQUEST | {"grader_sha256": "old"}
    assert "rescore" in difference(finished(request=earlier, grader_sha256="old"), REQUEST, DESCRIBED, OPTIONS)
    assert difference(finished(request=earlier), REQUEST, DESCRIBED, OPTIONS) == ""


def test_a_run_from_before_an_option_was_there_is_known_by_the_others():
    options = {key: value for key, value in finished()["options"].items() if key != "max_length"}
    assert difference(finished(options=options), REQUEST, DESCRIBED, OPTIONS) == ""
