"""Run directories as they really come: nested, cut off, repeated, incomplete."""

import json

import pytest

from benchmark.errors import UserError
from benchmark.results import TEXT_LIMIT, load_run
from tests.reports.fixture import DATE, Shape, write_run

TASK = "rufin_binary_0"


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", Shape(tasks=2, documents=12, seed=1))


def samples(run):
    return run / f"samples_{TASK}_{DATE}.jsonl"


def kinds(record):
    return {problem.kind for problem in record.problems}


def test_reads_scores_samples_and_metadata(run):
    record = load_run(run)
    task = record.tasks[TASK]
    assert (task.headline, task.version, task.n_original, len(task.samples)) == ("numeric_match", "1.0", 12, 12)
    assert task.title("ru") == "Расчёты"
    assert task.aggregation("numeric_match") == "mean"
    assert record.tasks["rufin_macro_1"].aggregation("macro_f1") == "macro_f1"
    sample = next(iter(task.samples.values()))
    assert sample.outcome and sample.template and sample.slices["topic"]
    assert "outcome_correct" not in sample.metrics
    assert record.finished == "2026-01-15"
    assert not record.problems


def test_stock_layout_one_folder_down(tmp_path):
    write_run(tmp_path / "out" / "org__model", Shape(tasks=1, documents=3, run_json=False, name="org/model"))
    record = load_run(tmp_path / "out")
    assert record.name == "org/model"
    assert record.get("system", "adapter") is None


def test_newest_set_wins(run):
    newer = json.loads((run / f"results_{DATE}.json").read_text(encoding="utf-8")) | {"model_name": "newer"}
    (run / "results_2026-02-01T10-00-00.000000.json").write_text(json.dumps(newer), encoding="utf-8")
    record = load_run(run)
    assert {"other_sets", "no_samples"} <= kinds(record)


def test_damage_is_counted_not_fatal(run):
    lines = samples(run).read_text(encoding="utf-8").splitlines()
    long = json.loads(lines[1]) | {"doc_hash": "long", "filtered_resps": ["я" * (TEXT_LIMIT + 5)]}
    text = "\n".join([*lines, lines[0], json.dumps(long), "[1]", lines[2][:40]])
    samples(run).write_text(text, encoding="utf-8")
    found = {problem.kind: problem.count for problem in load_run(run).problems}
    assert found == {"truncated_lines": 2, "duplicate_documents": 1, "shortened_texts": 1}


@pytest.mark.parametrize("value", [float("nan"), "N/A", None])
def test_values_that_are_no_numbers(run, value):
    path = run / f"results_{DATE}.json"
    results = json.loads(path.read_text(encoding="utf-8"))
    results["results"][TASK]["numeric_match,none"] = value
    results["results"][TASK]["numeric_match_stderr,none"] = "N/A"
    path.write_text(json.dumps(results), encoding="utf-8")
    record = load_run(run)
    assert kinds(record) == {"no_value"}
    assert record.tasks[TASK].scores["numeric_match"].stderr is None


def test_filters_are_not_mixed(run):
    rows = [json.loads(line) for line in samples(run).read_text(encoding="utf-8").splitlines()]
    other = [row | {"filter": "strict", "numeric_match": 0.0} for row in rows]
    samples(run).write_text("".join(json.dumps(row) + "\n" for row in other + rows), encoding="utf-8")
    record = load_run(run)
    assert len(record.tasks[TASK].samples) == 12
    assert not record.problems


def test_errors_are_one_line_with_a_remedy(tmp_path, run):
    cases = {tmp_path / "absent": "no such directory", tmp_path: "no results", run: "not readable as JSON"}
    (run / f"results_{DATE}.json").write_text('{"a": ', encoding="utf-8")
    (run / "run.json").unlink()
    for path, message in list(cases.items()):
        folder = tmp_path / "empty" if path == tmp_path else path
        if path == tmp_path:
            folder.mkdir()
        with pytest.raises(UserError, match=message) as caught:
            load_run(folder)
        assert "\n" not in str(caught.value)


def test_several_models_in_one_folder_must_be_told_apart(tmp_path):
    for name in ("a", "b"):
        write_run(tmp_path / name, Shape(tasks=1, documents=2))
    with pytest.raises(UserError, match="several models"):
        load_run(tmp_path)
