"""The printed page, read back from its PDF: what a manager holds in hand."""

import re

import pytest
from pypdf import PdfReader

from benchmark.compare import compare
from benchmark.results import load_run
from reports import comparison
from reports.numbers import Numbers
from tests.reports.fixture import Shape, write_run

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("printed")
    first = Shape(tasks=6, documents=60, seed=1, skill=0.35, name="org/model-1b")
    second = Shape(tasks=6, documents=60, seed=2, skill=0.6, name="org/model-1b + lora", adapter="adapters/lora")
    return compare(*(load_run(write_run(folder / str(shape.seed), shape)) for shape in (first, second)))


def printed_pages(visit, path, target):
    """The text of each printed page, white space squeezed."""
    visit(path).pdf(path=target, format="A4")
    return [" ".join(page.extract_text().replace("\u00a0", " ").split()) for page in PdfReader(target).pages]


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_page_one_says_it_all(visit, found, lang, tmp_path):
    path = comparison.write(found, tmp_path / "page.html", lang)
    first, *others = printed_pages(visit, path, tmp_path / "page.pdf")
    f, counts = Numbers(lang), found.counts
    words = {"ru": ("Улучшено", "ухудшено", "из 6 задач"), "en": ("improved", "worsened", "of 6 tasks")}[lang]
    assert all(word in first for word in words)
    assert (f"Улучшено {counts['improved']}" if lang == "ru" else f"{counts['improved']} improved") in first
    figures = [
        f.percent(found.average.baseline),
        f.percent(found.average.finetuned),
        f.points(found.average.ci_low, unit=False),
    ]
    figures += [f.points(delta.difference) for delta in found.deltas]
    for text in (*figures, *(delta.title[lang] for delta in found.deltas), "org/model-1b + lora"):
        assert text.replace("\u00a0", " ") in first, text
    assert {"ru": "Исходная", "en": "Baseline"}[lang] in first
    whole = " ".join(others)
    for delta in found.deltas:
        assert f.interval(delta).replace("\u00a0", " ") in whole
    # What only a screen can do is not printed.
    assert {"ru": "Скачать JSON", "en": "Download JSON"}[lang] not in first + whole


def test_a_table_that_goes_on_repeats_its_head(visit, tmp_path):
    runs = [load_run(write_run(tmp_path / str(seed), Shape(tasks=30, documents=8, seed=seed))) for seed in (1, 2)]
    path = comparison.write(compare(*runs), tmp_path / "page.html", "en")
    pages = printed_pages(visit, path, tmp_path / "page.pdf")
    table = [page for page in pages if re.search(r"\d+ / \d+ / \d+", page)]
    assert len(table) > 1
    assert all("Better / worse / same" in page for page in table)
    assert "improved" in pages[0] and "of 30 tasks" in pages[0]
