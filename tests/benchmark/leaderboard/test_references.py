"""Reference rows: measured by the tasks' own graders, kept on disk, and silent about data that are not ours."""

import json

import pytest

from benchmark.families import metadata
from benchmark.leaderboard import references
from benchmark.runs.provenance import grader_sha256
from benchmark.runs.records import TaskRecord

FAMILY = "credit_risk"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RUFINBENCH_CACHE", str(tmp_path))
    references.measured.cache_clear()
    yield tmp_path / "references"
    references.measured.cache_clear()


def record(**changes):
    ours = metadata(FAMILY) | changes
    return TaskRecord(
        name=f"rufin_{FAMILY}",
        config={"metadata": ours},
        version=str(ours["version"]),
        num_fewshot=0,
        n_original=1,
        n_effective=1,
        headline=ours["headline"],
        filter="none",
        scores={},
        samples={},
    )


def rows(*records, grader=""):
    return references.references({found.name: found for found in records}, grader)


def test_rows_are_measured_by_the_tasks_grader():
    found = {row: scores[f"rufin_{FAMILY}"] for row, scores in rows(record(), grader=grader_sha256()).items()}
    assert list(found) == ["random", "majority", "rules", "reference"]
    assert found["reference"] == 1
    assert 0.2 < found["random"] < 0.45 and 0.2 < found["majority"] < 0.45 < found["rules"] < 0.7


def test_a_failing_grader_shows(monkeypatch):
    monkeypatch.setattr("tasks.credit_risk.task.process_results", lambda doc, results: {"accuracy": 0.25})
    assert rows(record())["reference"] == {f"rufin_{FAMILY}": 0.25}


def test_they_are_measured_once(cache, monkeypatch):
    first = rows(record())
    (kept,) = cache.iterdir()
    assert json.loads(kept.read_text(encoding="utf-8"))["reference"] == 1
    references.measured.cache_clear()
    monkeypatch.setattr(references, "headline", lambda *_: pytest.fail("measured again"))
    assert rows(record()) == first


@pytest.mark.parametrize(
    "changes", [{"version": 9.0}, {"dataset_sha256": "other"}, {"headline": "rougeL"}], ids=lambda c: next(iter(c))
)
def test_other_data_or_another_headline_has_no_rows(changes):
    assert rows(record(**changes)) == {}


def test_another_grader_or_a_foreign_task_has_no_rows():
    assert rows(record(), grader="other") == {}
    foreign = TaskRecord("../arc_easy", {}, "1.0", 0, 1, 1, "acc", "none", {}, {})
    assert rows(foreign) == {}
    assert set(rows(record(), foreign)["random"]) == {f"rufin_{FAMILY}"}
