"""The end of a run: what it says of lost answers, of the cost, and of hostile names."""

from pathlib import Path

import pytest

from benchmark.runs import summary
from benchmark.runs.records import Place, RunRecord, SampleResult, Score, TaskRecord
from benchmark.runs.summary import print_run


def task(name: str, outcomes: list[str]) -> TaskRecord:
    samples = {
        str(number): SampleResult(name, number, str(number), "", Place(Path(), 0, 0, 0, 0), {}, outcome)
        for number, outcome in enumerate(outcomes)
    }
    score = Score(name, "accuracy", "none", 0.5, None, len(samples), higher_is_better=True)
    scores = {"accuracy": score}
    return TaskRecord(name, {}, "1", 0, len(samples), len(samples), "accuracy", "none", scores, samples)


def told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tasks: list[TaskRecord], **provenance: object
) -> str:
    record = RunRecord(Path("run"), "model [bold]", {t.name: t for t in tasks}, {}, provenance, ())
    monkeypatch.setattr(summary, "load_run", lambda _: record)
    monkeypatch.setenv("COLUMNS", "300")
    print_run(Path("results/run"))
    return capsys.readouterr().out


def test_lost_answers_are_counted_by_reason_with_the_remedy_and_the_tasks_that_lost_many(monkeypatch, capsys):
    tasks = [
        task("one", ["truncated", "truncated", "correct", "wrong"]),
        task("two", ["truncated"] + ["correct"] * 9),
        task("three", ["empty", "refusal", "refusal", "partial"]),
    ]
    lines = told(monkeypatch, capsys, tasks).splitlines()
    assert "answers broken off inside the reasoning: 3 of 18 (one 2 of 4); raise --max-gen-toks" in lines
    refused, empty = (
        "answers that refuse to answer: 2 of 18 (three 2 of 4)",
        "answers that are empty: 1 of 18 (three 1 of 4)",
    )
    assert lines.index(refused) < lines.index(empty)


def test_nothing_lost_is_nothing_said(monkeypatch, capsys):
    assert "answers" not in told(monkeypatch, capsys, [task("one", ["correct", "wrong"])])


@pytest.mark.parametrize(("backend", "remedy"), [("hf", " (or --on-long-prompt refuse)"), ("vllm", "")])
def test_limits_of_tokens_and_context_are_told(monkeypatch, capsys, backend: str, remedy: str):
    tokens = {"truncated_answers": 7, "too_long_prompts": 2}
    out = told(monkeypatch, capsys, [task("one", ["wrong"])], tokens=tokens, system={"backend": backend})
    assert "answers that filled their limit of tokens: 7; raise --max-gen-toks if they break off" in out
    assert f"prompts longer than the model's context, cut at their beginning: 2{remedy}" in out.splitlines()


def test_answers_that_repeat_themselves_are_told(monkeypatch, capsys):
    out = told(monkeypatch, capsys, [task("one", ["wrong"])], tokens={"truncated_answers": 7, "repeating_answers": 5})
    assert "filled their limit of tokens: 7 (5 of them repeat themselves to the end); raise" in out


def test_the_cost_counts_only_answers_that_were_given_now(monkeypatch, capsys):
    answers = {"asked": 300, "from_before": 120, "given": 180, "tokens": 9000}
    peak = {"host": 3 << 30, "gpu": 16 << 30}
    out = told(
        monkeypatch, capsys, [task("one", ["wrong"])], seconds=90.0, answers=answers, peak_memory_bytes=peak
    ).replace("\n", " ")
    assert "90 s · 2 answers/s · 100 tokens/s · from an earlier try: 120" in out
    assert "peak memory (host) 3.0 GiB · peak memory (gpu) 16.0 GiB" in out


def test_names_cannot_draw_on_the_terminal(monkeypatch, capsys):
    out = told(monkeypatch, capsys, [task("evil\x1b[2J[red]", ["wrong"])])
    assert "\x1b" not in out
    assert "[red]" in out
    assert "model [bold]" in out
