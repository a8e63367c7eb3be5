"""The site: which runs are paired, what is published, equal bytes anywhere, its commands."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.compare import compare
from benchmark.leaderboard.ranking import rank
from benchmark.results import load_run
from reports import filenames, site
from reports.numbers import Numbers
from tests.reports.fixture import Shape, write_run
from tests.reports.reading import printed, runs, shown

ROOT = Path(__file__).parents[2]


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


def written_as(folder, limit=8, grader="g1", **system):
    """A run that says this of its system, in the directory that the pages' names come from."""
    system = {"pretrained": "base", "quantization": "nf4", "dtype": "bfloat16", "backend": "hf"} | system
    shape = Shape(
        documents=limit or 12,
        tasks=1,
        limit=limit,
        grader=grader,
        adapter=system.get("adapter"),
        changes={"system": system},
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


def test_a_base_that_the_same_code_graded_is_taken_first(tmp_path):
    asked_otherwise = written_as(tmp_path / "rescored", grader="g2", limit=None, apply_chat_template=True)
    found = [written_as(tmp_path / "plain", limit=None), written_as(tmp_path / "shown", limit=None, num_fewshot=1)]
    tuned = written_as(tmp_path / "tuned", grader="g2", limit=None, adapter="adapters/lora")
    index = site.write([*found, asked_otherwise, tuned], tmp_path / "site", ["en"])
    assert [path.name for path in index.parent.glob("*--tuned.html")] == ["rescored--tuned.html"]
    alone = site.write([*found, tuned], tmp_path / "alone", ["en"])
    assert "plain--tuned.html" in {path.name for path in alone.parent.glob("*.html")}


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


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Модель Gemma-3 4-бит", "model-gemma-3-4-bit"),
        ("Съешь ещё этих мягких французских булок", "sesh-eshchyo-etikh-myagkikh-frantsuzskikh-bulok"),
        ("базовы\u0438\u0306", "bazovyy"),  # as some file systems hold «й»
        ("щ" * 50, "shch" * 15),
        ("я" * 29 + "й-ж", "ya" * 29 + "y"),
        ("../<svg onload=1>\u202e\ud800", "svg-onload-1"),
        ("模型", "run"),
        ("..", "run"),
    ],
)
def test_a_page_is_called_what_its_run_is_called(name, stem):
    assert filenames.stem(name) == stem


def test_runs_with_russian_names_have_pages_that_are_told_apart(tmp_path):
    names = ("базовая", "дообученная", "Дообученная!")
    adapters = (None, "adapters/a", "adapters/b")
    found = [written_as(tmp_path / name, adapter=adapter) for name, adapter in zip(names, adapters, strict=True)]
    index = site.write(found, tmp_path / "site", ["ru"])
    pages = sorted(path.name for path in index.parent.glob("*--*.html"))
    assert pages == ["bazovaya--doobuchennaya-2.html", "bazovaya--doobuchennaya.html"]


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
