"""The leaderboard in a real browser."""

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium, board):
    context = chromium.new_context()
    page = context.new_page()
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(board.as_uri())
    yield page
    assert complaints == []
    assert len(requests) == 1
    assert page.evaluate("window.__pwned") is None
    context.close()


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
    boxes.nth(4).check()
    boxes.nth(5).check()
    assert boxes.nth(6).is_disabled()


@pytest.mark.parametrize(
    ("file", "scheme", "width"),
    [
        ("leaderboard.html", "light", 1280),
        ("leaderboard.html", "dark", 375),
        ("en/leaderboard.html", "dark", 1280),
        ("index.html", "light", 375),
        ("en/index.html", "dark", 1280),
    ],
)
def test_accessible(chromium, axe, board, file, scheme, width):
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto((board.parent / file).as_uri())
    page.evaluate(axe)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    result = page.evaluate("(tags) => axe.run({ runOnly: { type: 'tag', values: tags } })", tags)
    broken = [
        (v["id"], node["target"], node["failureSummary"]) for v in result["violations"] for node in v["nodes"][:3]
    ]
    assert broken == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
