"""The browser, the hostile fixture and its pages, built once for all tests of the reports."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmark.compare import compare
from benchmark.comparing.comparison import Comparison
from benchmark.results import load_run
from benchmark.runs.records import RunRecord
from reports import comparison, site
from tests.reports.fixture import Shape, write_run
from tests.reports.payloads import NAMES, PAYLOADS

CI = os.environ.get("CI") == "true"
TASKS = 12
DOCUMENTS = 834 if CI else 42
"""Per task: 10,008 pairs in CI, 504 on a desk."""
SYSTEMS = 20


def unavailable(reason: str) -> None:
    """Skip on a desk; fail in CI, where everything has to be there."""
    if CI:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """The system's Chromium, headless."""
    from playwright.sync_api import sync_playwright

    path = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if path is None:
        unavailable("no Chromium here; install it: apt-get install chromium")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium) -> Iterator[Callable[..., Any]]:
    """Opens pages and checks, at the end, that they asked for nothing, complained of nothing and ran nobody's text."""
    contexts = []

    def open_page(path: Path, fragment: str = "", **context: Any) -> Any:
        made = chromium.new_context(**context)
        page = made.new_page()
        page.requests, page.complaints = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (page.complaints.append(dialog.message), dialog.dismiss()))
        contexts.append((made, page))
        page.goto(path.as_uri() + fragment)
        return page

    yield open_page
    for made, page in contexts:
        # Its own file, files that the test itself went to, and downloads of what it holds.
        assert all(url.startswith("blob:") or re.fullmatch(r"file:[^?#]*\.html", url) for url in page.requests)
        assert page.complaints == []
        assert page.evaluate("window.__pwned") is None
        made.close()


@pytest.fixture
def opened(visit, hostile) -> Callable[..., Any]:
    """Opens the hostile comparison's page in a language; it makes one request."""

    def open_page(lang: str = "ru", fragment: str = "", **context: Any) -> Any:
        page = visit(hostile.pages[lang], fragment, **context)
        if context.get("java_script_enabled", True):
            page.wait_for_selector(READY)
        assert len(page.requests) == 1
        return page

    return open_page


READY = "#browser[data-ready=true]"


@dataclass(frozen=True)
class Hostile:
    """The hostile fixture: two runs, their comparison, its page in each language."""

    comparison: Comparison
    pages: dict[str, Path]


SKILLS = (0.30, 0.45, 0.38, 0.60)


def hostile_runs(folder: Path, documents: int = DOCUMENTS) -> list[RunRecord]:
    """A baseline and an adapter with hostile text in every field that a run may bring; what is left out too."""
    shared = {"documents": documents, "hostile": True}
    first = Shape(**shared, tasks=TASKS + 1, seed=1, skills=SKILLS, name="Система")
    second = Shape(
        **shared, tasks=TASKS, seed=2, skills=(0.55, 0.45, 0.30, 0.62), name="Система+LoRA", adapter="adapters/lora"
    )
    written = [write_run(folder / NAMES[seed], shape) for seed, shape in enumerate((first, second))]
    with next(written[1].glob("samples_rufin_macro_1*")).open("a", encoding="utf-8") as file:
        file.write('{"broken": ')
    return [load_run(path) for path in written]


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    folder = tmp_path_factory.mktemp("hostile")
    found = compare(*hostile_runs(folder))
    return Hostile(found, {lang: comparison.write(found, folder / f"{lang}.html", lang) for lang in ("ru", "en")})


@pytest.fixture(scope="session")
def systems(tmp_path_factory: pytest.TempPathFactory) -> list[RunRecord]:
    """The runs that the leaderboard ranks."""
    folder = tmp_path_factory.mktemp("systems")
    shared = {"tasks": 4, "documents": 30, "hostile": True}
    return [
        load_run(
            write_run(
                folder / f"run{seed}{NAMES[seed % len(NAMES)]}",
                Shape(**shared, seed=seed, skill=0.3 + seed / 50, name=f"Система {seed}"),
            )
        )
        for seed in range(SYSTEMS - 1)
    ]


@pytest.fixture(scope="session")
def board(systems: list[RunRecord], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The leaderboard page of twenty systems, one of them not ranked, in a whole site."""
    folder = tmp_path_factory.mktemp("site")
    limit = f"5{PAYLOADS[1]}"
    short = Shape(tasks=4, documents=5, limit=limit, hostile=True, name="Короткий прогон")
    runs = [*systems, load_run(write_run(folder / "limited", short))]
    return site.write(runs, folder / "site").parent / "leaderboard.html"
