"""For every reader: axe-core in each theme, language and width; the keyboard alone; no JavaScript."""

from itertools import product
from pathlib import Path

import pytest

from benchmark.results import load_run
from reports import site
from tests.reports.conftest import READY, unavailable
from tests.reports.fixture import Shape, write_run

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[2] / ".local" / "node_modules" / "axe-core" / "axe.min.js"
THEMES = (("light", "none"), ("dark", "none"), ("dark", "active"))
"""Colour scheme, forced colours."""
WIDTHS = (1280, 375)
PAIR, BOARD, INDEX = "base--lora.html", "leaderboard.html", "index.html"


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's source."""
    if not AXE.exists():
        unavailable("no axe-core here; install it: npm install --no-save --prefix .local axe-core@4.14.1")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Path:
    """A site of five hostile systems, the pair's page with its answers: everything that a page may hold, once."""
    folder = tmp_path_factory.mktemp("small")
    shared = {"tasks": 4, "documents": 25, "hostile": True}
    shapes = {
        "base": Shape(**shared, seed=1, name="Система"),
        "lora": Shape(**shared, seed=2, skill=0.7, name="Система+LoRA", adapter="adapters/lora"),
        "short": Shape(**shared | {"documents": 6}, seed=3, limit=6, name="Короткий прогон"),
        "brief": Shape(**shared | {"documents": 6}, seed=4, limit=6, name="Краткий прогон"),
        "other": Shape(**shared | {"documents": 5}, seed=5, limit=5, name="Другой прогон"),
    }
    runs = [load_run(write_run(folder / name, shape)) for name, shape in shapes.items()]
    return site.write(runs, folder / "site", publish_samples=True).parent


@pytest.mark.parametrize("lang", ["ru", "en"])
@pytest.mark.parametrize("file", [PAIR, BOARD, INDEX])
def test_axe_finds_nothing(visit, axe, small, file, lang):
    page = visit(small / ("en" if lang == "en" else "") / file)
    if file == PAIR:
        page.wait_for_selector(READY)
        page.locator("[name=state]").select_option("worse")  # a short list is checked sooner, and holds all there is
        page.locator("#list .head .sign.worse").first.click()
        page.wait_for_selector("#list .panel")
        page.evaluate("document.querySelectorAll('details').forEach((details) => details.open = true)")
    for box in page.locator("tr[data-system] input").all():
        box.check()
    page.evaluate(axe)
    for (scheme, forced), width in product(THEMES, WIDTHS):
        page.emulate_media(color_scheme=scheme, forced_colors=forced)
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == [], (scheme, forced, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def violations(page):
    """Violations of WCAG 2.2 AA that axe-core sees: rule, place, remedy."""
    return page.evaluate(
        """async () => {
          const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
          const found = await axe.run({ runOnly: { type: "tag", values }, resultTypes: ["violations"] });
          return found.violations.flatMap((rule) =>
            rule.nodes.slice(0, 3).map((node) => [rule.id, node.target, node.failureSummary]));
        }"""
    )


def test_forced_colours_keep_what_the_charts_say(visit, small):
    """The reader's own colours replace ours: no mark or line may vanish in the background."""
    page = visit(small / PAIR, forced_colors="active", color_scheme="dark")
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    for part, colour in (("line.interval", "stroke"), (".zero", "stroke"), (".after", "fill"), (".label", "fill")):
        drawn = page.locator(f"svg.wide {part}").evaluate_all(
            f"nodes => [...new Set(nodes.map((node) => getComputedStyle(node).{colour}))]"
        )
        assert drawn and background not in drawn, part
    marks = page.locator("svg.wide .mark").evaluate_all(
        "nodes => nodes.map((node) => [getComputedStyle(node).fill, getComputedStyle(node).stroke])"
    )
    assert marks and all({*pair} - {background, "none"} for pair in marks)


def tab_to(page, selector, key="Tab", most=400):
    """Press Tab until the focus is on an element; every stop on the way shows that it has the focus."""
    for _ in range(most):
        page.keyboard.press(key)
        here, seen = page.evaluate(
            """(selector) => {
              const node = document.activeElement;
              const style = getComputedStyle(node);
              return [node.matches(selector), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0];
            }""",
            selector,
        )
        assert seen, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if here:
            return
    raise AssertionError(f"{most} times {key} do not lead to {selector}")


def active(page, what):
    return page.evaluate(f"document.activeElement.{what}")


def test_the_keyboard_alone_reads_a_comparison(visit, small):
    page = visit(small / PAIR)
    page.wait_for_selector(READY)
    tab_to(page, ".skip", most=1)
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    tab_to(page, ".tile a")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash").startswith("#task-")

    tab_to(page, "#table th:nth-child(5) button", "Shift+Tab")
    page.keyboard.press("Enter")
    assert sorted_by(page) == sorted(sorted_by(page))
    page.keyboard.press("Space")
    assert sorted_by(page) == sorted(sorted_by(page), reverse=True)
    tab_to(page, "#table th:nth-child(4) button", "Shift+Tab", most=1)
    tab_to(page, "#table details summary")
    page.keyboard.press("Space")
    assert page.locator("#table details[open] tbody tr").count() == 2

    tab_to(page, "#filters [name=state]")
    everything = int(page.locator("#found").get_attribute("data-n"))
    page.keyboard.press("ArrowDown")
    page.wait_for_function("n => Number(document.getElementById('found').dataset.n) < n", arg=everything)
    tab_to(page, "#filters [name=q]")
    page.keyboard.type("№ 7 ")
    page.wait_for_function("n => Number(document.getElementById('found').dataset.n) < n", arg=everything // 10)
    tab_to(page, "#filters [type=reset]")
    page.keyboard.press("Enter")
    page.wait_for_function("n => Number(document.getElementById('found').dataset.n) === n", arg=everything)

    tab_to(page, "#next")
    page.keyboard.press("Space")
    page.wait_for_selector("#prev:enabled")
    tab_to(page, "#list li:nth-child(2) .head")
    page.keyboard.press("Enter")
    page.wait_for_selector("#list li:nth-child(2) .panel")
    tab_to(page, "#list .panel pre", most=1)
    tab_to(page, "#list .panel summary")
    page.keyboard.press("Enter")
    assert page.locator("#list .panel details[open] tbody tr").count() > 0
    tab_to(page, "#list .panel a[href^='#sample=']")
    tab_to(page, "#list li:nth-child(2) .head", "Shift+Tab")
    page.keyboard.press("Space")
    assert page.locator("#list .panel").count() == 0

    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('li') === document.querySelector('#list li:nth-child(3)')")
    page.keyboard.press("k")
    page.keyboard.press("p")
    page.wait_for_selector("#prev:disabled")
    page.keyboard.press("/")
    assert active(page, "name") == "q"
    tab_to(page, "[data-export=data-csv]")
    with page.expect_download() as event:
        page.keyboard.press("Enter")
    assert event.value.suggested_filename == "comparison.csv"


def sorted_by(page):
    values = "cells => cells.map((cell) => Number(cell.dataset.value))"
    return page.locator("#table > .scroll td.delta").evaluate_all(values)


def test_the_keyboard_alone_reads_a_leaderboard(visit, small):
    page = visit(small / INDEX)
    tab_to(page, "main a[href='leaderboard.html']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#choose:not([hidden])")
    tab_to(page, "#board-filter")
    page.keyboard.type("lora")
    assert page.locator("tr[data-system]").filter(visible=True).count() == 1
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    tab_to(page, ".board th:nth-child(3) button")
    page.keyboard.press("Enter")
    assert page.locator(".board th[aria-sort=ascending]").count() == 1
    for number in (1, 2):
        tab_to(page, f"tr[data-system]:nth-child({number}) input")
        page.keyboard.press("Space")
    assert page.locator("#chosen-chart svg").count() == 1
    tab_to(page, "#chosen-links a")
    page.keyboard.press("Enter")
    page.wait_for_selector(READY)
    assert page.url.endswith(PAIR)


def test_a_wide_table_scrolls_by_arrow_keys(visit, small):
    page = visit(small / PAIR, viewport={"width": 375, "height": 800})
    tab_to(page, "#table .scroll")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")


def test_the_comparison_is_readable_without_javascript(visit, small):
    page = visit(small / PAIR, java_script_enabled=False)
    for section in ("summary", "comparability", "forest", "table", "changes", "cost", "method"):
        assert page.locator(f"#{section}").is_visible()
    assert page.locator("#table > .scroll tbody tr").count() == 4
    assert page.locator("noscript").is_visible()
    assert not page.locator("#browser").is_visible()
    assert dead_controls(page) == 0


def test_the_leaderboard_is_readable_without_javascript(visit, small):
    page = visit(small / BOARD, java_script_enabled=False)
    rows = page.locator("tr[data-system]")
    assert rows.count() == 2 and all(row.is_visible() for row in rows.all())
    for cell in rows.first.locator("td").all():
        assert cell.is_visible() and cell.inner_text().strip()
    assert page.locator(".why").inner_text().strip()
    assert page.locator(".trial tbody tr").count() == 2 and page.locator(".trial tbody tr").first.is_visible()
    assert page.locator("a[href='base--lora.html']").first.is_visible()
    assert dead_controls(page) == 0
    page.goto((small / INDEX).as_uri())
    assert page.locator("#results tbody tr").count() == 2 and page.locator("#pairs tbody tr").count() == 1
    assert dead_controls(page) == 0


def dead_controls(page):
    """Controls in view that do nothing without a script."""
    return page.locator("button, input, select").filter(visible=True).count()
