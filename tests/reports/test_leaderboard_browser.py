"""The leaderboard in a real browser."""

import json

import pytest

from benchmark.results import load_run
from benchmark.visible import visible
from reports import leaderboard, site
from tests.reports.fixture import Shape, write_run

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit, board):
    return visit(board)


def test_lists_filters_and_sorts(page, board):
    assert board.stat().st_size < 1.5e6
    rows = page.locator("tr[data-system]")
    assert rows.count() == 19
    page.locator("#board-filter").fill("система 7")
    assert rows.filter(visible=True).count() == 1
    page.locator("#board-filter").fill("")
    page.locator(".board th button").nth(2).click()
    values = page.locator("tr[data-system] td:nth-child(3)").evaluate_all(
        "cells => cells.map((c) => Number(c.dataset.value))"
    )
    assert values == sorted(values)


def test_draws_two_to_four_chosen_systems(page):
    boxes = page.locator("tr[data-system] input")
    boxes.nth(0).check()
    assert page.locator("#chosen-chart svg").count() == 0
    boxes.nth(3).check()
    assert page.locator("#chosen-chart circle").count() == 2 * 5
    # A pair with a page of its own is linked: the first system and one of the next ten.
    assert page.locator("#chosen-links a").count() == 1
    data = json.loads(page.locator("#board-data").text_content())
    ends = page.locator("#chosen-chart .interval").evaluate_all(
        "lines => lines.map((line) => [line.x1.baseVal.value, line.x2.baseVal.value])"
    )
    ticks = page.locator("#chosen-chart text[text-anchor=middle]").evaluate_all(
        "texts => texts.map((text) => [Number(text.textContent), text.x.baseVal[0].value])"
    )
    (_, left), *_, (_, right) = ticks
    for at, system in enumerate((0, 3)):
        _, low, high = data["systems"][system]["average"]
        assert ends[at] == pytest.approx([left + (right - left) * end for end in (low, high)], abs=0.5)
    boxes.nth(4).check()
    boxes.nth(5).check()
    assert boxes.nth(6).is_disabled()


def test_two_runs_of_one_system_are_told_apart(visit, tmp_path):
    name = "org/a-model-of-some-size-instruct nf4\u202e"
    shapes = {
        place: Shape(documents=8, tasks=2, seed=len(place), name=name) for place in ("plain", "chat/run", "tool/run")
    }
    shapes["other"] = Shape(documents=8, tasks=2, name="org/other")
    runs = [load_run(write_run(tmp_path / place, shape)) for place, shape in shapes.items()]
    page = visit(site.write([*runs, runs[0]], tmp_path / "site", ["en"]).parent / "leaderboard.html")
    expected = {f"{visible(name)} ({place})" for place in ("plain", "chat/run", "tool/run")} | {"org/other"}
    rows = page.locator("tr[data-system]")
    said = rows.locator("th").evaluate_all("heads => heads.map((head) => head.childNodes[1].textContent)")
    assert set(said) == expected and len(said) == 4
    for box in rows.locator("input").all():
        box.check()
    labels = page.locator("#chosen-chart text.tick:has(title)")
    assert labels.locator("title").evaluate_all("nodes => nodes.map((node) => node.textContent)") == 3 * said
    shortened = labels.evaluate_all("nodes => nodes.map((node) => node.firstChild.textContent)")
    assert len(set(shortened)) == 4


def test_links_lead_to_the_pairs_and_back(page, board):
    first = page.locator("tr[data-system] a").first
    first.click()
    assert page.locator("#table").count() == 1
    page.locator("nav a").first.click()
    assert page.url.endswith("index.html")
    for fragment in ("pairs", "data", "method"):
        assert page.locator(f".contents a[href='#{fragment}']").count() == page.locator(f"#{fragment}").count() == 1
    page.locator(".contents a").first.click()
    assert page.url.endswith("leaderboard.html")
    page.goto(board.as_uri())


def test_the_whole_table_is_on_a_desktop_screen(chromium, tmp_path):
    """Six tasks, long reasons: no column hides behind the edge, nothing is asked of the reader but to read down."""
    shapes = [Shape(documents=8, tasks=6, seed=seed, name=f"org/model-{seed}-instruct") for seed in range(3)]
    shapes.append(Shape(documents=8, tasks=4, limit=8, grader="g2", name="org/short-run"))
    runs = [load_run(write_run(tmp_path / str(number), shape)) for number, shape in enumerate(shapes)]
    for lang in ("ru", "en"):
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.goto(leaderboard.write(runs, tmp_path / f"{lang}.html", lang).as_uri())
        widths = "nodes => nodes.map((node) => node.scrollWidth - node.clientWidth)"
        assert max(page.locator(".scroll").evaluate_all(widths)) <= 0
        reasons = page.locator(".why span").all_text_contents()
        assert any("--limit 8" in reason for reason in reasons) and len(reasons) == len(set(reasons)) == 3
        page.close()
