"""The browser, the hostile fixture and its pages, built once for all tests of the reports."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmark.compare import compare
from benchmark.comparison import Comparison
from benchmark.records import RunRecord
from benchmark.results import load_run
from reports import comparison, site
from tests.reports.fixture import Shape, write_run

CI = os.environ.get("CI") == "true"
TASKS = 12
DOCUMENTS = 834 if CI else 42
"""Per task: 10,008 pairs in CI, 504 on a desk."""
SYSTEMS = 20
AXE = Path(__file__).parents[2] / ".local" / "node_modules" / "axe-core" / "axe.min.js"


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


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's source."""
    if not AXE.exists():
        unavailable("no axe-core here; install it: npm install --no-save --prefix .local axe-core@4.14.1")
    return AXE.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Hostile:
    """The hostile fixture: two runs, their comparison, its page in each language."""

    comparison: Comparison
    pages: dict[str, Path]


SKILLS = (0.30, 0.45, 0.38, 0.60)


def hostile_runs(folder: Path, documents: int = DOCUMENTS) -> list[RunRecord]:
    """A baseline and an adapter with hostile text in every field that a page shows."""
    shared = {"tasks": TASKS, "documents": documents, "hostile": True}
    first = Shape(**shared, seed=1, skills=SKILLS, name="Система")
    second = Shape(**shared, seed=2, skills=(0.55, 0.45, 0.30, 0.62), name="Система+LoRA", adapter="adapters/lora")
    return [load_run(write_run(folder / name, shape)) for name, shape in (("base", first), ("lora", second))]


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    folder = tmp_path_factory.mktemp("hostile")
    found = compare(*hostile_runs(folder))
    return Hostile(found, {lang: comparison.write(found, folder / f"{lang}.html", lang) for lang in ("ru", "en")})


@pytest.fixture(scope="session")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The leaderboard page of twenty systems, in a whole site."""
    folder = tmp_path_factory.mktemp("site")
    runs = [
        load_run(
            write_run(
                folder / f"run{i}",
                Shape(tasks=4, documents=30, seed=i, skill=0.3 + i / 50, hostile=i % 2 == 0, name=f"Система {i}"),
            )
        )
        for i in range(SYSTEMS)
    ]
    return site.write([*runs[:-1], *_limited(folder)], folder / "site").parent / "leaderboard.html"


def _limited(folder: Path) -> list[RunRecord]:
    return [load_run(write_run(folder / "limited", Shape(tasks=4, documents=5, limit=5, name="Короткий прогон")))]
