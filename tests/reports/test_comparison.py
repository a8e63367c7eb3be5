"""The comparison page as text: degenerate runs, withheld verdicts, equal bytes, words and numbers."""

import base64
import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.compare import compare
from benchmark.ranking import rank
from benchmark.results import load_run
from benchmark.terminal import as_markdown, print_comparison
from benchmark.visible import visible
from reports import comparison, page, site, texts
from reports.charts import Scale, difference_scale
from reports.lengths import common_limit, shorten
from reports.numbers import Numbers
from reports.samples import browser
from reports.tables import as_csv, cell
from tests.reports.fixture import Shape, write_run
from tests.reports.payloads import PAYLOADS

ROOT = Path(__file__).parents[2]


def runs(tmp_path, first=None, second=None, **shared):
    shapes = (Shape(seed=1, **shared | (first or {})), Shape(seed=2, **shared | (second or {})))
    return [load_run(write_run(tmp_path / name, shape)) for name, shape in zip("ab", shapes, strict=True)]


def written(tmp_path, lang="ru", **shapes):
    return comparison.page(compare(*runs(tmp_path, **shapes)), lang)


def shown(text):
    """What a reader sees: the page without its data blocks, styles and scripts."""
    return re.sub(r"<(script|style)[^>]*>.*?</\1>", "", text, flags=re.DOTALL)


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


BUILD = """
import sys
from pathlib import Path
from benchmark.results import load_run
from reports import site
runs = [load_run(Path(sys.argv[1]) / name) for name in "ab"]
site.write(runs, Path(sys.argv[2]), publish_samples=True)
"""


def test_the_same_runs_give_the_same_bytes_anywhere(tmp_path):
    runs(tmp_path, documents=12, hostile=True, second={"adapter": "lora"})
    folders = []
    for number, (zone, locale, seed) in enumerate([("UTC", "C.UTF-8", "0"), ("Asia/Vladivostok", "ru_RU.UTF-8", "77")]):
        folder = tmp_path / ("site" * (number + 1))
        environment = os.environ | {"TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", BUILD, str(tmp_path), str(folder)]
        subprocess.run(command, check=True, cwd=tmp_path, env=environment, timeout=120)
        folders.append(folder)
    names = [sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html")) for folder in folders]
    assert names[0] == names[1]
    assert {"index.html", "leaderboard.html", "a--b.html", "en/index.html"} <= set(names[0])
    for name in names[0]:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


def test_site_publishes_samples_only_when_told(tmp_path):
    found = runs(tmp_path, documents=10, second={"adapter": "lora"})
    for publish in (False, True):
        index = site.write(found, tmp_path / f"site{publish}", publish_samples=publish)
        pair = (index.parent / "a--b.html").read_text(encoding="utf-8")
        assert ("gzip+base64" in pair) is publish
        board = (index.parent / "leaderboard.html").read_text(encoding="utf-8")
        assert "gzip+base64" not in board and 'href="a--b.html"' in board
        for file in index.parent.rglob("*.html"):
            for href in re.findall(r'href="([^"#]+)"', file.read_text(encoding="utf-8")):
                assert (file.parent / href).exists()


def written_as(folder, limit=8, **system):
    """A run that says this of its system, in the directory that the pages' names come from."""
    system = {"pretrained": "base", "quantization": "nf4", "dtype": "bfloat16", "backend": "hf"} | system
    shape = Shape(
        documents=limit or 12, tasks=1, limit=limit, adapter=system.get("adapter"), changes={"system": system}
    )
    run, shots = load_run(write_run(folder, shape)), system.get("num_fewshot", 0)
    return replace(run, tasks={name: replace(task, num_fewshot=shots) for name, task in run.tasks.items()})


@pytest.mark.parametrize(
    "form", [{"apply_chat_template": True}, {"dtype": "float32"}, {"backend": "vllm"}, {"quantization": "int8"}]
)
def test_an_adapter_is_paired_with_the_base_that_was_asked_as_it_was(tmp_path, form):
    found = [
        written_as(tmp_path / "plain"),
        written_as(tmp_path / "alike", **form),
        written_as(tmp_path / "shown", num_fewshot=1, **form),
        written_as(tmp_path / "tuned", adapter="adapters/lora", **form),
    ]
    index = site.write(found, tmp_path / "site", ["en"])
    pages = sorted(path.name for path in index.parent.glob("*--*.html"))
    assert pages == ["alike--tuned.html", "shown--tuned.html"]
    kinds = {name: (index.parent / name).read_text(encoding="utf-8") for name in pages}
    assert "<strong>Controlled comparison.</strong>" in kinds["alike--tuned.html"]
    assert "<strong>System comparison.</strong>" in kinds["shown--tuned.html"]


def test_an_adapter_whose_base_was_only_asked_otherwise_is_compared_with_that(tmp_path):
    found = [
        written_as(tmp_path / "other", pretrained="elsewhere"),
        written_as(tmp_path / "plain"),
        written_as(tmp_path / "tuned", adapter="adapters/lora", apply_chat_template=True),
    ]
    index = site.write(found, tmp_path / "site", ["en"])
    assert [path.name for path in index.parent.glob("*--*.html")] == ["plain--tuned.html"]


def test_a_limited_base_is_not_taken_for_a_whole_one(tmp_path):
    found = [
        written_as(tmp_path / "tried", limit=5),
        written_as(tmp_path / "whole", limit=None, apply_chat_template=True),
        written_as(tmp_path / "tuned", limit=None, adapter="adapters/lora"),
    ]
    index = site.write(found, tmp_path / "site", ["en"])
    assert "whole--tuned.html" in {path.name for path in index.parent.glob("*--*.html")}
    assert not list(index.parent.glob("tried--*"))


def test_where_there_is_only_a_limited_base_its_length_is_said(tmp_path):
    found = [
        written_as(tmp_path / "tried", limit=5),
        written_as(tmp_path / "tuned", limit=None, adapter="adapters/lora"),
    ]
    index = site.write(found, tmp_path / "site", ["ru"])
    assert "не все документы: --limit 5 и все документы" in index.read_text(encoding="utf-8")
    pair = shown((index.parent / "tried--tuned.html").read_text(encoding="utf-8"))
    assert "Прогоны разной длины (Система А: --limit 5; Система Б: все документы)." in pair
    assert ">5</td>" in pair and ">все документы</td>" in pair
    assert "только во втором 7" in pair and "Сравнение систем" in pair
    assert "differ in length (--limit 5, all documents)" in " ".join(printed(compare(*found)).split())


def test_trial_runs_have_a_table_without_places(tmp_path):
    found = runs(tmp_path, documents=8, limit=8, first={"skill": 0.1}, second={"skill": 0.9, "adapter": "lora"})
    index = site.write(found, tmp_path / "site", ["ru"])
    board = shown((index.parent / "leaderboard.html").read_text(encoding="utf-8"))
    assert "Рейтинга нет" in board and "Место" not in board and "Вне рейтинга" not in board
    assert "Пробные прогоны, документов в\u00a0задаче:\u00a08" in board
    (trial,), f = rank(found).trials, Numbers("ru")
    for standing in trial.standings:
        assert f.percent(standing.average) in board and f.range(standing.low, standing.high) in board
    assert re.search(r'<a href="a--b.html"[^>]*>сравнение с исходной</a>', board)
    assert "2 пробных прогона сравнены между собой отдельно" in index.read_text(encoding="utf-8")


def test_both_languages_have_the_same_keys():
    ru, en = (texts.Texts(lang).entries for lang in ("ru", "en"))
    assert ru.keys() == en.keys()
    for key in ru:
        fields = [set(re.findall(r"\{(\w+)\}", yaml.safe_dump(entry[key], allow_unicode=True))) for entry in (ru, en)]
        assert fields[0] == fields[1], key


def test_russian_plurals():
    t = texts.Texts("ru")
    assert [t("sentence.of", n=n) for n in (1, 2, 5, 21)] == ["из 1 задачи", "из 2 задач", "из 5 задач", "из 21 задачи"]
    assert [t("board.systems", n=n) for n in (1, 3, 11)] == ["1 система", "3 системы", "11 систем"]
    one, many = (t("samples.shortened", n=n, count=str(n), limit="60") for n in (1, 21))
    assert one.startswith("Один длинный текст") and many.startswith("Показана только часть 21 длинного текста")


@pytest.mark.parametrize("lang", ["ru", "en"])
@pytest.mark.parametrize("data", sorted(ROOT.glob("tasks/*/data/test.jsonl")), ids=lambda path: path.parts[-3])
def test_every_part_of_the_test_data_has_a_name(data, lang):
    t = texts.Texts(lang)
    items = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    parts = {(dimension, item[dimension]) for item in items for dimension in ("topic", "difficulty", "slice")}
    assert not [part for part in sorted(parts) if not t.has(".".join(part))]


def test_the_commands_write_the_languages_asked_for(tmp_path):
    found = [str(run.path) for run in runs(tmp_path, documents=8, tasks=1, second={"adapter": "lora"})]

    def told(*arguments):
        done = CliRunner().invoke(app, [*arguments[:1], *found, *arguments[1:]])
        assert done.exit_code == 0, done.output
        return Path(done.stdout.strip()).read_text(encoding="utf-8")

    assert '<html lang="en"' in told("leaderboard", "--lang", "en", "--output", str(tmp_path / "board.html"))
    site_options = ("--lang", "en", "--alpha", "0.2", "--margin", "0.03", "--output", str(tmp_path / "site"))
    assert '<html lang="en"' in told("report", *site_options)
    assert not (tmp_path / "site" / "ru").exists() and not (tmp_path / "site" / "en").exists()
    pair = (tmp_path / "site" / "a--b.html").read_text(encoding="utf-8")
    assert '"alpha":0.2,"margin":0.03' in pair


@pytest.mark.parametrize("command", ["leaderboard", "report"])
def test_the_commands_refuse_a_language_they_have_not(tmp_path, command):
    done = CliRunner().invoke(app, [command, str(tmp_path), "--lang", "de"])
    assert done.exit_code == 2
    assert "'ru', 'en'" in done.output


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


def test_numbers_as_each_language_writes_them():
    ru, en = Numbers("ru"), Numbers("en")
    assert ru.percent(0.1234) == "12,3\u00a0%" and en.percent(0.1234) == "12.3%"
    assert ru.points(-0.0561) == "\u22125,6\u00a0п.п." and en.points(0.0561) == "+5.6\u00a0pp"
    assert (
        ru.significant(2.8758e18) == "2,88\u00a0·\u00a010¹⁸"
        and en.significant(-4e-5, signed=True) == "\u22124.00\u00a0·\u00a010⁻⁵"
    )
    assert ru.significant(0.0) == "0,000" and ru.significant(999_999.0) == "999\u00a0999,0"
    assert ru.points(-0.9876) == "\u221298,8\u00a0п.п." and ru.width(0.98765) == "98,8\u00a0п.п."
    assert ru.points(-0.0001) == "0,0\u00a0п.п."
    assert ru.integer(1234567) == "1\u00a0234\u00a0567" and en.integer(1234567) == "1,234,567"
    assert ru.p_value(0.0001) == "<\u00a00,001" and ru.p_value(0.0312) == "0,031"
    assert ru.duration(3725) == "1\u00a0ч 2\u00a0мин" and en.duration(12.34) == "12.3\u00a0s"
    assert ru.memory(3 * 2**30) == "3,0\u00a0ГиБ" and ru.parameters(7.24e9) == "7,2\u00a0млрд"
    assert ru.date("2026-01-15") == "15 января 2026\u00a0г." and ru.date("?") == "?"


def test_hidden_characters_become_visible():
    assert visible("a\u202eb\x00c\ud800\u200b") == "a⟨U+202E⟩b⟨U+0000⟩c⟨U+D800⟩⟨U+200B⟩"
    assert visible("строка\n\tвторая − 5 %\u00a0") == "строка\n\tвторая − 5 %\u00a0"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-x", "'-x"), (-0.5, -0.5), ("имя", "имя"), (None, ""), (True, True)],
)
def test_spreadsheets_run_nothing(value, expected):
    assert cell(value) == expected


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


def test_inert_json_cannot_end_its_element():
    assert "<" not in page.inert_json({"a": "</script><!--", "b": "\ud800\u2028"})


def test_scales_place_and_tick():
    scale = Scale(-0.1, 0.3, 0, 400)
    assert scale.x(0.0) == 100
    assert scale.ticks(4) == [-0.1, 0.0, 0.1, 0.2, 0.3]
    steps = Scale(1, 15, 0, 100)
    assert steps.ticks(6, whole=True) == [5, 10, 15] and steps.ticks(6)[0] == 2.5
    assert Scale(1, 3, 0, 100).ticks(6, whole=True) == [1, 2, 3]
    wide = difference_scale([0.2], 0.01, 0, 100)
    assert wide.low < -0.01 and wide.high > 0.2


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


def printed(found):
    console = Console(file=io.StringIO(), width=120)
    print_comparison(found, console)
    return console.file.getvalue()
