"""The trial of the graders."""

import json

import pytest

from benchmark.errors import UserError
from benchmark.judge import SETS, disagreements, gsm8k, main, math_verify, ours, read_triples, trial


def _triple(**changes):
    row = {
        "output": "Ответ: 15%",
        "gold": "15",
        "unit": "%",
        "decimals": 0,
        "correct": True,
        "outcome": "correct",
        "note": "",
    }
    return json.dumps(row | changes, ensure_ascii=False) + "\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "triples.jsonl"
    wrong = {"output": "Ответ: 1 234", "gold": "1", "unit": "", "correct": False, "outcome": "wrong_value"}
    path.write_text(_triple() + _triple(output="#### 15") + _triple(**wrong), encoding="utf-8")
    return path


def test_every_grader_judges_every_answer(file):
    rows = {row.grader: row for row in trial(file)}
    assert next(iter(rows)) == "RuFinBench"
    assert (rows["RuFinBench"].agreed, rows["RuFinBench"].false_accepts, rows["RuFinBench"].false_rejects) == (3, 0, 0)
    for row in rows.values():
        assert row.n == 3 == row.agreed + row.false_accepts + row.false_rejects
    assert rows["lm-eval gsm8k strict-match"].false_rejects == 1


def test_the_published_graders_do_what_they_are_known_for(file):
    first, second, _ = read_triples(file)
    assert ours(first)
    assert math_verify(first)
    assert gsm8k(second, "strict-match")
    assert gsm8k(first, "flexible-extract")
    assert not gsm8k(first, "strict-match")


def test_disagreements_name_the_answer(tmp_path):
    path = tmp_path / "triples.jsonl"
    path.write_text(_triple(outcome="hedged", correct=False) + _triple(formula_match=True), encoding="utf-8")
    assert [entry.verdict for entry in disagreements(read_triples(path))] == ["correct", "formula_match=False"]


@pytest.mark.parametrize("text", ["{", '{"output": "15"}\n', _triple(surplus=1)])
def test_a_damaged_file_is_named(tmp_path, text):
    path = tmp_path / "triples.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"triples\.jsonl:1"):
        read_triples(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="missing"):
        read_triples(tmp_path / "triples.jsonl")


def test_the_table_reports_each_set_apart(file, monkeypatch, capsys):
    monkeypatch.setitem(SETS, "development", file)
    monkeypatch.setitem(SETS, "held back", file)
    main()
    printed = capsys.readouterr().out
    assert "development: 3 labelled answers" in printed
    assert "held back: 3 labelled answers" in printed
