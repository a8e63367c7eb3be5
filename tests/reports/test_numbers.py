"""Every number that a page prints is the data's, and the data's levels are what the sample files themselves give."""

import json
import re
from collections import Counter

import pytest
from sklearn.metrics import f1_score

from benchmark.compare import compare
from benchmark.leaderboard.ranking import rank
from benchmark.visible import visible

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("lang", ["ru", "en"])]
POINT = 0.0501
"""Printed per cents and points have one decimal."""


def printed(text, lang):
    """The numbers in a text, read back from the language's way of writing them."""
    plain = text.replace("\u2212", "-").replace("\u00a0", "").replace("п.п.", "").replace("–", " ")
    plain = plain.replace(",", "." if lang == "ru" else "")
    return [float(number) for number in re.findall(r"[-+]?\d+(?:\.\d+)?", plain)]


def rows_of(page, table, lang):
    """The numbers in each cell of a table, row by row."""
    rows = page.evaluate(
        """(table) => [...document.querySelectorAll(table + " tbody tr")].map((row) =>
          [...row.cells].map((cell) => [...cell.childNodes].map((node) => node.textContent).join(" ")))""",
        table,
    )
    return [[printed(cell, lang) for cell in row] for row in rows]


def percent(*values):
    return pytest.approx([100 * value for value in values], abs=POINT)


def probability(value):
    return pytest.approx([max(value, 0.001)], abs=0.000501)


def data_of(page):
    return json.loads(page.locator("#data-json").text_content())


def raw_level(run, task, metric):
    """A metric over a sample file, by other code than ours."""
    (file,) = (path for path in run.path.iterdir() if path.name.startswith(f"samples_{task}_2"))
    lines = file.read_text(encoding="utf-8").splitlines()
    values = [json.loads(line)[metric] for line in lines if line.endswith("}")]
    if not isinstance(values[0], list):
        return sum(values) / len(values)
    if len(values[0]) == 3:
        hits, *stated = (sum(column) for column in zip(*values, strict=True))
        return 2 * hits / sum(stated)
    golds, said = zip(*((gold, answer or "none") for gold, answer in values), strict=True)
    return f1_score(golds, said, labels=sorted(set(golds)), average="macro", zero_division=0)


def test_headlines(opened, lang):
    page = opened(lang)
    deltas = sorted(data_of(page)["deltas"], key=lambda d: (-d["difference"], d["task"]))
    rows = rows_of(page, "#table > .scroll", lang)
    for delta, (_, n, before, after, change, p, wins, detectable, _) in zip(deltas, rows, strict=True):
        assert n == [delta["n_pairs"]]
        assert before[:1] + after[:1] == percent(delta["baseline"], delta["finetuned"])
        assert change == percent(delta["difference"], delta["ci_low"], delta["ci_high"])
        assert p == probability(delta["p_adjusted"])
        assert wins[:2] == [delta["improved"], delta["worsened"]]
        assert sum(wins) == delta["n_pairs"]
        assert detectable == percent(delta["detectable"])
    classes = page.locator("#table > .scroll tbody tr").evaluate_all("rows => rows.map((row) => row.className)")
    assert classes == [delta["verdict"] for delta in deltas]


def test_other_metrics_and_floors(opened, lang):
    page = opened(lang)
    secondary = data_of(page)["secondary"]
    floors = {visible(delta["task"]): delta for delta in secondary if delta["metric"] == "rougeL_floor"}
    described = [delta for delta in secondary if delta not in floors.values()]
    rows = rows_of(page, "#table details", lang)
    assert len(rows) == len(described) == 6
    for delta, (_, _, n, before, after, change) in zip(described, rows, strict=True):
        assert n == [delta["n_pairs"]]
        assert before + after == percent(delta["baseline"], delta["finetuned"])
        assert change == percent(delta["difference"], delta["ci_low"], delta["ci_high"])
    beside = page.locator("#table > .scroll tr:has(td small:not(.interval):text-matches('floor|ориентир'))")
    assert beside.count() == len(floors) == 3
    for row in beside.all():
        floor = floors[row.get_attribute("data-task")]
        stated = [printed(row.locator("td").nth(at).text_content(), lang)[-1] for at in (1, 2)]
        assert stated == percent(floor["baseline"], floor["finetuned"])


def test_the_first_screen(opened, lang):
    page = opened(lang)
    data = data_of(page)
    verdicts = {verdict: n for verdict, n in data["verdicts"].items() if n}
    counts = [printed(text, lang) for text in page.locator(".sentence > span:not(.rules)").all_text_contents()]
    assert [n for (n,) in counts if n] == list(verdicts.values())
    tiles = {
        tile.get_attribute("class").split()[1]: tile.locator("li").evaluate_all(
            "items => items.map((item) => [item.querySelector('a').hash, item.querySelector('b').textContent])"
        )
        for tile in page.locator(".tile").all()
    }
    assert {verdict: len(items) for verdict, items in tiles.items()} == verdicts
    for verdict, items in tiles.items():
        for address, text in items:
            delta = data["deltas"][int(address.removeprefix("#task-"))]
            assert delta["verdict"] == verdict
            assert printed(text, lang) == percent(delta["difference"])
    average = data["average"]
    stated = printed(page.locator("[data-average]").text_content().replace("95", ""), lang)
    size = average["difference"] if average["ci_low"] <= 0 <= average["ci_high"] else abs(average["difference"])
    assert sorted(stated) == percent(
        *sorted([size, *(average[key] for key in ("baseline", "finetuned", "ci_low", "ci_high"))])
    )


def test_slices_and_outcomes(opened, lang):
    page = opened(lang)
    data = data_of(page)
    rows = rows_of(page, "#changes table.sortable", lang)
    for part, (_, _, n, before, after, change, p) in zip(data["slices"][:10], rows, strict=True):
        assert n == [part["n"]]
        assert before + after + change == percent(part["baseline"], part["finetuned"], part["difference"])
        assert p == probability(part["p_adjusted"])
    gains = [part["difference"] for part in data["slices"]]
    assert gains == sorted(gains)
    matrices = page.locator(".matrix").evaluate_all(
        """tables => tables.map((table) => [...table.tBodies[0].rows].map((row) =>
          [...row.cells].slice(1).map((cell) => Number(cell.textContent) || 0)))"""
    )
    for flows, matrix in zip(data["outcomes"].values(), matrices, strict=True):
        cells = [n for row in matrix for n in row[:-1] if n]
        assert sorted(cells) == sorted(flow["n"] for flow in flows)
        assert [row[-1] for row in matrix] == [sum(row[:-1]) for row in matrix]
        before = Counter(flow["baseline"] for flow in flows for _ in range(flow["n"]))
        assert sorted(row[-1] for row in matrix if row[-1]) == sorted(before.values())


def test_levels_are_what_the_files_give(opened, hostile, lang):
    runs = hostile.comparison.baseline, hostile.comparison.finetuned
    data = data_of(opened(lang))
    for delta in (*data["deltas"], *data["secondary"]):
        levels = [raw_level(run, delta["task"], delta["metric"]) for run in runs]
        assert [delta["baseline"], delta["finetuned"]] == pytest.approx(levels, abs=1e-12)
        assert delta["difference"] == pytest.approx(levels[1] - levels[0], abs=1e-12)


def test_the_leaderboard(visit, board, systems, lang):
    ranking = rank(systems)
    page = visit(board if lang == "ru" else board.parent / "en" / board.name)
    data = json.loads(page.locator("#board-data").text_content())["systems"]
    rows = rows_of(page, ".board:has(tr[data-system])", lang)
    for system, standing, row in zip(data, ranking.ranked, rows, strict=True):
        assert row[0] == [standing.rank, standing.rank_low, standing.rank_high]
        assert system["average"] == [standing.average, standing.low, standing.high]
        assert row[2] == percent(*system["average"])
        for task, cell, stated in zip(ranking.tasks, system["cells"], row[3:], strict=False):
            assert stated == percent(*cell)
            assert cell[0] == pytest.approx(raw_level(standing.run, task, standing.run.tasks[task].headline), abs=1e-12)
        levels = [cell[0] for cell in system["cells"]]
        assert system["average"][0] == pytest.approx(sum(levels) / len(levels), abs=1e-9)
        assert row[7] == [4, 4]


def test_the_index(visit, board, systems, lang):
    ranking = rank(systems)
    page = visit(board.parent / ("en" if lang == "en" else "") / "index.html")
    top = rows_of(page, "#results", lang)
    for standing, (place, _, average) in zip(ranking.ranked[:5], top, strict=True):
        assert place == [standing.rank]
        assert average == percent(standing.average, standing.low, standing.high)
    pairs = rows_of(page, "#pairs", lang)
    first, *others = ranking.ranked[:11]
    for other, (_, average, verdicts) in list(zip(others, pairs, strict=True))[::3]:
        found = compare(first.run, other.run)
        assert average == percent(found.average.difference, found.average.ci_low, found.average.ci_high)
        assert verdicts == [n for n in found.counts.values() if n]
    documents = [row[2] for row in rows_of(page, "#data", lang)]
    assert documents == [[30]] * 4
