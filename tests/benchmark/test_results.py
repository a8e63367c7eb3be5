"""Run directories as they really come: nested, cut off, repeated, incomplete."""

import json
import tracemalloc

import pytest

from benchmark.compare import compare
from benchmark.errors import UserError
from benchmark.results import load_run
from benchmark.runs import samplefile
from benchmark.runs.samplefile import read_texts
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
    text = "\n".join([*lines, lines[0], "[1]", lines[2][:40]])
    samples(run).write_text(text, encoding="utf-8")
    record = load_run(run)
    assert {problem.kind: problem.count for problem in record.problems} == {
        "truncated_lines": 2,
        "duplicate_documents": 1,
    }
    assert len(record.tasks[TASK].samples) == 12


def test_texts_stay_in_the_file_until_they_are_read(run):
    rows = [json.loads(line) for line in samples(run).read_text(encoding="utf-8").splitlines()]
    rows[3]["filtered_resps"] = ["ответ \ud800 \x00"]
    samples(run).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = list(load_run(run).tasks[TASK].samples.values())
    texts = [read_texts(sample) for sample in found]
    assert [text.prompt for text in texts] == [row["arguments"]["gen_args_0"]["arg_0"] for row in rows]
    assert texts[3].response == "ответ \ud800 \x00"
    assert (found[3].place.response, found[3].place.target) == (len(texts[3].response), len(rows[3]["target"]))
    samples(run).write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="changed while it was being read"):
        read_texts(found[0])


def test_memory_does_not_grow_with_the_texts(run):
    row = json.loads(samples(run).read_text(encoding="utf-8").splitlines()[0]) | {"filtered_resps": ["я" * 1_000_000]}
    with samples(run).open("w", encoding="utf-8") as file:
        for number in range(30):
            file.write(json.dumps(row | {"doc_hash": str(number)}, ensure_ascii=False) + "\n")
    tracemalloc.start()
    record = load_run(run)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(record.tasks[TASK].samples) == 30
    assert peak < 15e6  # the file has 60 MB, its longest line 2 MB


def test_an_endless_line_and_an_endless_file_are_bounded(run, monkeypatch):
    lines = samples(run).read_text(encoding="utf-8").splitlines()
    monkeypatch.setattr(samplefile, "LONGEST_LINE", max(map(len, lines)) + 100)
    long = json.dumps(json.loads(lines[1]) | {"doc_hash": "long", "target": "x" * 100_000})
    samples(run).write_text("\n".join([lines[0], long, *lines[1:]]), encoding="utf-8")
    record = load_run(run)
    assert [(problem.kind, problem.count) for problem in record.problems] == [("truncated_lines", 1)]
    assert len(record.tasks[TASK].samples) == 12
    monkeypatch.setattr(samplefile, "MOST_SAMPLES", 11)
    with pytest.raises(UserError, match="more than 11 samples"):
        load_run(run)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1" + "0" * 400, '"x"', "null", "{}", "[[1]]"])
def test_a_document_without_a_number_is_left_out_and_counted(run, value):
    lines = samples(run).read_text(encoding="utf-8").splitlines()
    row = json.loads(lines[0]) | {"numeric_match": "VALUE"}
    samples(run).write_text("\n".join([json.dumps(row).replace('"VALUE"', value), *lines[1:]]), encoding="utf-8")
    record = load_run(run)
    found = next(task for task in compare(record, record).matching if task.task == TASK)
    assert (found.pairs, found.failed) == (12, 1)


def test_multiple_choice_shows_the_options_with_the_likeliest_marked(run):
    row = json.loads(samples(run).read_text(encoding="utf-8").splitlines()[0])
    options = {
        f"gen_args_{i}": {"arg_0": "Какая ставка?", "arg_1": f" {word}"} for i, word in enumerate(("7 %", "16 %"))
    }
    row |= {"arguments": options, "filtered_resps": [["-3.5", "False"], ["-1.25", "True"]]}
    row["target"] = "1"
    samples(run).write_text(json.dumps(row), encoding="utf-8")
    (sample,) = load_run(run).tasks[TASK].samples.values()
    assert read_texts(sample) == ("Какая ставка?", "  7 % (-3.50)\n→ 16 % (-1.25)", "1: 16 %")


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


@pytest.mark.parametrize(
    ("system", "shown"),
    [
        ({"pretrained": "org/model", "adapter": "org/lora"}, ("org/model", "org/lora")),
        (
            {"pretrained": "/home/ivanov/m", "pretrained_sha256": "1", "adapter": "/srv/a/", "adapter_sha256": "2"},
            ("m", "a"),
        ),
        ({"pretrained": "/home/ivanov/m", "adapter": None}, ("/home/ivanov/m", None)),
    ],
)
def test_a_directory_known_by_its_content_is_shown_by_its_name(run, system, shown):
    (run / "run.json").write_text(json.dumps({"system": system}), encoding="utf-8")
    record = load_run(run)
    assert (record.model, record.adapter) == shown
