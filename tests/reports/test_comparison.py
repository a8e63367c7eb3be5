"""The comparison page as text: degenerate runs, withheld verdicts, what was left out, long texts."""

import base64
import csv
import gzip
import io
import json
import re
from dataclasses import replace

import pytest

from benchmark.compare import compare
from benchmark.comparing.terminal import as_markdown, print_comparison
from benchmark.results import load_run
from reports import comparison, site
from reports.lengths import common_limit, shorten
from reports.samples import browser
from reports.tables import as_csv
from tests.reports.payloads import PAYLOADS
from tests.reports.reading import printed, runs, shown


def written(tmp_path, lang="ru", **shapes):
    return comparison.page(compare(*runs(tmp_path, **shapes)), lang)


@pytest.mark.parametrize(
    "shapes",
    [
        {"documents": 1},
        {"documents": 1, "tasks": 1, "first": {"dataset": "x"}},
        {"documents": 20, "first": {"skill": 2.0}, "second": {"skill": 2.0}},
        {"documents": 20, "first": {"skill": -1.0}, "second": {"skill": -1.0}},
        {"documents": 12, "first": {"dataset": "x"}},
        {"documents": 8, "run_json": False},
        {"documents": 8, "first": {"limit": 8}},
        {"documents": 8, "hostile": True, "tasks": 1},
    ],
)
@pytest.mark.parametrize("lang", ["ru", "en"])
def test_degenerate_runs_give_a_whole_page(tmp_path, shapes, lang):
    text = written(tmp_path, lang, **shapes)
    assert text.rstrip().endswith("</html>")
    assert not re.search(r"\b(NaN|nan|None|inf|Infinity)\b", shown(text))


@pytest.mark.parametrize("second", [{"dataset": "b"}, {"grader": "g2"}])
def test_mismatch_shows_a_banner_and_no_verdict(tmp_path, second):
    text = shown(written(tmp_path, documents=40, second=second))
    assert 'class="banner"' in text and "Выводы не делаются" in text
    assert "badge improved" not in text and "badge worsened" not in text
    assert not re.search(r'class="num (delta|p)"', text)


def test_controlled_and_system_comparisons_are_named(tmp_path):
    controlled = written(tmp_path / "1", documents=10, second={"adapter": "lora"})
    assert "Контролируемое сравнение" in controlled and "Дообученная" in controlled
    changes = {"changes": {"system": {"pretrained": "other", "quantization": "nf4", "backend": "hf"}}}
    system = written(tmp_path / "2", documents=10, second=changes)
    assert "Сравнение систем" in system and "Система Б" in system


def test_what_differs_in_all_tasks_is_said_once(tmp_path):
    a, b = runs(tmp_path, documents=6, tasks=3)
    shots = {name: replace(task, num_fewshot=2) for name, task in b.tasks.items()}
    everywhere = shown(comparison.page(compare(a, replace(b, tasks=shots)), "ru"))
    assert everywhere.count("Примеров в запросе") == 1 and "<td>все задачи</td>" in everywhere
    first, second, _ = b.tasks
    some = {name: shots[name] if name in (first, second) else task for name, task in b.tasks.items()}
    assert f"<td>{first}, {second}</td>" in comparison.page(compare(a, replace(b, tasks=some)), "ru")


def test_what_was_left_out_is_in_view(tmp_path):
    a, b = runs(tmp_path, documents=10, second={"limit": 10})
    path = next(b.path.glob("samples_rufin_binary_0_*"))
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:8], lines[0], lines[9][:30]]), encoding="utf-8")
    text = shown(comparison.page(compare(a, load_run(b.path)), "ru"))
    for words in ("--limit 10", "нечитаемых строк 1", "повторных документов 1", "только в первом 2"):
        assert words in text


def test_an_average_over_some_of_the_tasks_says_so(tmp_path):
    a, b = runs(tmp_path, documents=10)
    assert "Среднее посчитано" not in comparison.page(compare(a, b), "ru")
    next(b.path.glob("samples_rufin_binary_0_*")).unlink()
    text = comparison.page(compare(a, load_run(b.path)), "ru")
    assert "Среднее посчитано по 3 из 4 задач" in text and "нет файла с ответами" in text


def test_what_a_run_cut_is_counted(tmp_path):
    tokens = {"prompt": 100, "generated": 50, "truncated_answers": 31, "repeating_answers": 23, "too_long_prompts": 17}
    text = shown(written(tmp_path, documents=6, tasks=1, second={"changes": {"tokens": tokens}}))
    for name, n in (("Оборванных ответов", 31), ("Из них зациклившихся", 23), ("Запросов длиннее контекста", 17)):
        assert re.search(rf">{name}</th>\s*<td>[^<]*</td>\s*<td>{n}</td>", text)


def test_samples_can_be_left_out(tmp_path):
    found = compare(*runs(tmp_path, documents=10))
    text = comparison.page(found, "ru", samples=False)
    assert "gzip+base64" not in text and "Рассчитайте показатель" not in text


def test_no_markup_of_others_survives(tmp_path):
    text = written(tmp_path, documents=30, hostile=True)
    for payload in PAYLOADS:
        if "<" in payload:
            assert payload not in text
    assert re.findall(r"<script(?![ >])", text) == []
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert "default-src &#39;none&#39;" in policy and "unsafe" not in policy
    assert not re.search(r'\s(style|on[a-z]+)="', shown(text))
    assert all(href.startswith("#") for href in re.findall(r'href="([^"]*)"', shown(text)))


def test_the_terminals_table_says_which_bound_is_which(tmp_path, capsys):
    print_comparison(compare(*runs(tmp_path, documents=8)))
    assert "Δ [low; estimate; high]" in capsys.readouterr().out


def test_no_sentence_ends_in_two_stops(tmp_path):
    assert ".." not in shown(written(tmp_path, documents=40))


def test_an_unquantized_model_is_said_to_be_one(tmp_path):
    system = {"pretrained": "base", "quantization": "none", "backend": "hf"}
    text = shown(written(tmp_path, documents=8, second={"changes": {"system": system}}))
    assert text.count("<td>без квантования</td>") == 1 and "<td>none</td>" not in text
    assert 'class="code">без квантования</td>' in text  # among what differs, against nf4


def test_csv_has_every_metric(tmp_path):
    found = compare(*runs(tmp_path, documents=10))
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert len(rows) == len(found.deltas) + len(found.secondary)
    assert float(rows[0]["difference"]) == found.deltas[0].difference


def test_long_texts_are_shortened_alike_and_in_view(tmp_path, monkeypatch):
    assert common_limit([10, 20, 30], longest=100, page=1_000) == 100
    assert common_limit([10, 20, 30, 40], longest=100, page=70) == 20
    assert common_limit([10, 20, 1_000, 1_000], longest=100, page=80) == 25
    assert common_limit([], longest=100, page=80) == 100
    assert shorten("абвгде", 4, "ещё {n}") == "абвг… ⟨ещё 2⟩" and shorten("абвг", 4, "") == "абвг"
    found = compare(*runs(tmp_path, documents=10))
    assert browser(found, "ru").shortened == 0 and "Показана только часть" not in comparison.page(found, "ru")
    monkeypatch.setattr("reports.samples.common_limit", lambda lengths: 60)
    packed, text = browser(found, "ru"), comparison.page(found, "ru")
    assert packed.shortened == 4 * 10  # every prompt is longer, no answer and no reference is
    assert "Показана только часть 40 длинных текстов, по 60 знаков" in text
    shard = json.loads(gzip.decompress(base64.b64decode(packed.shards[0])))
    assert all(re.fullmatch(r"(?s).{60}… ⟨ещё знаков: \d+⟩", sample["prompt"]) for sample in shard)


HOSTILE_RECORD = {
    "name": "<img src=x onerror=alert(1)>\u202e\x00\ud800\x1b[2J",
    "system": {"pretrained": ["x"], "adapter": {"a": 1}, "quantization": float("nan")},
    "model": "nope",
    "versions": ["a"],
    "tokens": 7,
    "device": "gpu",
    "seconds": "nan",
    "peak_memory_bytes": {"host": "lots", "gpu": float("inf")},
    "finished": 5,
    "finetuning": {"loss_curve": [[1, 2, float("nan")], ["a"], [None, 1, 2], [1, 3.0, None]]},
}


def test_malformed_records_are_left_out_in_view(tmp_path):
    a, b = runs(tmp_path, documents=12)
    (b.path / "run.json").write_text(json.dumps(HOSTILE_RECORD), encoding="utf-8")
    (path,) = b.path.glob("results_*")
    results = json.loads(path.read_text(encoding="utf-8"))
    first, second, third, _ = results["configs"]
    results["results"] |= {first: "oops", second: {}}
    results["configs"] |= {third: ["x"], "../../evil\x00": {"metadata": {"title": 5}}, "x" * 5000: None}
    results |= {
        "n-samples": {first: {"original": -5, "effective": "x"}},
        "n-shot": {first: float("inf")},
        "config": [1],
    }
    path.write_text(json.dumps(results), encoding="utf-8")
    b = load_run(b.path)
    found = compare(a, b)
    text = shown(comparison.page(found, "ru"))
    for key in ("model", "versions", "tokens", "device", "config"):
        assert f"запись «{key}»" in text
    assert "<img" not in text and "⟨U+D800⟩" in text
    assert not re.search(r"\b(NaN|nan|None|inf|Infinity)\b", text)
    site.write([a, b, b], tmp_path / "site")
    for line in (printed(found), as_markdown(found)):
        assert "\x1b" not in line and "\ud800" not in line and "⟨U+001B⟩" in line
