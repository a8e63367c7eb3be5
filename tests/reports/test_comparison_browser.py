"""The comparison page in a real browser, on the hostile fixture: it loads, harms nobody, and tells the truth."""

import gzip
import json
import re
import time
from base64 import b64decode
from collections import Counter

import pytest

from benchmark.samplefile import read_texts
from benchmark.visible import visible
from reports.entries import entries
from reports.numbers import Numbers
from reports.samples import browser as pack
from tests.reports.fixture import PAYLOADS

pytestmark = pytest.mark.browser
READY = "#browser[data-ready=true]"


@pytest.fixture
def opened(chromium, hostile):
    """Open the page in a language and check, at the end, that it asked for nothing and complained of nothing."""
    contexts = []

    def open_page(lang="ru", fragment="", **context):
        made = chromium.new_context(**context)
        page = made.new_page()
        page.requests, page.complaints = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(hostile.pages[lang].as_uri() + fragment)
        if context.get("java_script_enabled", True):
            page.wait_for_selector(READY)
        contexts.append((made, page))
        return page

    yield open_page
    for made, page in contexts:
        assert len([url for url in page.requests if not url.startswith("blob:")]) == 1
        assert page.complaints == []
        made.close()


def settled(page, action):
    page.evaluate("document.getElementById('browser').dataset.ready = 'false'")
    action()
    page.wait_for_selector(READY)


def found(page):
    return int(page.locator("#found").get_attribute("data-n"))


def test_loads_fast_small_and_alone(opened, hostile):
    ready = [opened().evaluate("performance.getEntriesByName('samples-ready')[0].startTime") for _ in range(3)]
    assert min(ready) < 2_000  # the least disturbed of three: other tests share the machine
    assert opened().evaluate("document.querySelectorAll('*').length") < 8_000
    assert hostile.pages["ru"].stat().st_size < 15e6


def test_no_payload_runs_while_all_samples_are_read(opened, hostile):
    page = opened()
    seen = page.evaluate(
        """async () => {
          const texts = [];
          const next = document.getElementById("next");
          for (;;) {
            const heads = document.querySelectorAll("#list .head");
            for (const head of heads) head.click();
            while (document.querySelectorAll("#list .panel").length < heads.length)
              await new Promise((done) => setTimeout(done, 1));
            texts.push(document.getElementById("list").textContent);
            if (next.disabled) return texts.join("\\n");
            const first = document.querySelector("#list li");
            next.click();
            while (document.querySelector("#list li") === first) await new Promise((done) => setTimeout(done, 5));
          }
        }"""
    )
    assert page.evaluate("window.__pwned") is None
    for payload in PAYLOADS:
        assert visible(payload) in seen
    assert page.locator("#list img, #list script, #list style, #list svg").count() == 0


def test_pages_flip_and_search_in_time(opened):
    page = opened()
    durations = []
    for _ in range(5):
        started = time.perf_counter()
        settled(page, lambda: page.locator("#next").click())
        durations.append(time.perf_counter() - started)
    assert min(durations) < 0.2
    started = time.perf_counter()
    settled(page, lambda: page.locator("[name=q]").fill("одинокий"))
    assert time.perf_counter() - started < 2


def test_filter_counts_are_pythons(opened, hostile):
    everything = list(entries(hostile.comparison, Numbers("ru")))
    states = Counter(entry.state for entry in everything)
    page = opened()
    assert found(page) == len(everything)
    for state, n in states.items():
        settled(page, lambda state=state: page.locator("[name=state]").select_option(state))
        assert found(page) == n
        assert page.locator(f"[name=state] option[value={state}]").get_attribute("data-n") == str(n)
    settled(page, lambda: page.locator("[name=state]").select_option("worse"))
    settled(page, lambda: page.locator("[name=task]").select_option("1"))
    assert found(page) == sum(entry.state == "worse" and entry.task == 1 for entry in everything)
    settled(
        page,
        lambda: page.locator("#filters").evaluate("form => { form.reset(); form.dispatchEvent(new Event('input')) }"),
    )
    settled(page, lambda: page.locator("[name=after]").select_option("refusal"))
    assert found(page) == sum(entry.finetuned.outcome == "refusal" for entry in everything)
    settled(page, lambda: page.locator("[name=before]").select_option("correct"))
    assert found(page) == sum(e.outcomes == ("correct", "refusal") for e in everything)
    settled(page, lambda: page.locator("[type=reset]").click())
    assert found(page) == len(everything)
    settled(page, lambda: page.locator("[name=part]").select_option("slice:handwritten"))
    assert found(page) == sum(e.baseline.slices["slice"] == "handwritten" for e in everything)


def test_every_linked_number_opens_that_many_answers(opened):
    """Three clicks to the reason: a number in a table, an answer in the list, its metrics."""
    page = opened()
    links = page.locator("#table > .scroll td a.see, .matrix td a.see")
    assert links.count() > 2 * 12
    for at in {0, 1, 7, links.count() // 2, links.count() - 1}:
        link = links.nth(at)
        settled(page, link.click)
        assert found(page) == int(re.sub(r"\D", "", link.text_content()))
    part = page.locator("#changes table.sortable tbody tr").first
    settled(page, part.locator("a.see").click)
    assert found(page) == int(part.locator("td").nth(1).get_attribute("data-value"))
    page.locator("#list .head").first.click()
    page.locator("#list .panel summary").click()
    assert page.locator("#list .values tbody tr").count() > 0


def test_search_finds_what_python_finds(opened, hostile):
    page = opened()
    settled(page, lambda: page.locator("[name=q]").fill("№ 17 компании"))
    everything = entries(hostile.comparison, Numbers("ru"))
    texts = ["".join(read_texts(e.baseline) + read_texts(e.finetuned)) for e in everything]
    assert found(page) == sum("№ 17 компании" in text for text in texts)


def test_worst_regressions_come_first(hostile):
    packed = pack(hostile.comparison, "ru")
    index = json.loads(gzip.decompress(b64decode(packed.index)))
    order = [index["states"][row[1]] for row in index["rows"]]
    assert order == sorted(order, key=lambda state: {"worse": 0, "better": 2}.get(state, 1))


def test_a_deep_link_opens_its_sample(opened, hostile):
    sample = hostile.comparison.pairs(hostile.comparison.deltas[3].task)[17][0]
    page = opened(fragment=f"#sample={sample.doc_hash[:12]}")
    page.wait_for_selector("#list .panel")
    assert visible(read_texts(sample).response) in page.locator("#list .panel").text_content()
    assert page.locator("#list .panel a").get_attribute("href") == f"#sample={sample.doc_hash[:12]}"


def printed(text):
    """The numbers in a text, read back from either language's way of writing them."""
    plain = text.replace("\u2212", "-").replace("\u00a0", "").replace("п.п.", "").replace(",", ".")
    return [float(number) for number in re.findall(r"[-+]?\d+(?:\.\d+)?", plain)]


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_printed_numbers_are_the_datas(opened, lang):
    page = opened(lang)
    data = json.loads(page.locator("#data-json").text_content())
    by_task = {delta["task"]: delta for delta in data["deltas"]}
    rows = page.locator("#table > .scroll tbody tr[data-task]")
    assert rows.count() == len(by_task)
    for row in rows.all():
        delta = by_task[row.get_attribute("data-task")]
        wanted = [100 * delta[key] for key in ("difference", "ci_low", "ci_high")]
        shown = printed(row.locator(".delta b").text_content() + row.locator(".interval").text_content())
        assert shown == pytest.approx(wanted, abs=0.0501)
        (p_value,) = printed(row.locator(".p span").text_content())
        assert p_value == pytest.approx(max(delta["p_adjusted"], 0.001), abs=0.000501)
        levels = [printed(row.locator("td").nth(at).text_content())[0] for at in (1, 2)]
        assert levels == pytest.approx([100 * delta["baseline"], 100 * delta["finetuned"]], abs=0.0501)
    assert page.locator("[data-average]").count() == (data["average"] is not None)


def test_svg_ends_stand_where_the_scale_says(opened):
    page = opened()
    data = {d["task"]: d for d in json.loads(page.locator("#data-json").text_content())["deltas"]}
    charts = page.evaluate(
        """() => [...document.querySelectorAll("#forest svg[data-low]")].map((svg) => ({
          scale: { ...svg.dataset },
          lines: [...svg.querySelectorAll("line.interval")].map((l) => [l.dataset.task, l.x1.baseVal.value, l.x2.baseVal.value]),
        }))"""
    )
    assert len(charts) == 2
    for chart in charts:
        low, high, left, right = (float(chart["scale"][key]) for key in ("low", "high", "left", "right"))
        assert len(chart["lines"]) == len(data)
        for task, *ends in chart["lines"]:
            for end, key in zip(ends, ("ci_low", "ci_high"), strict=True):
                expected = left + (data[task][key] - low) / (high - low) * (right - left)
                assert end == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize("lang", ["ru", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_accessible(opened, axe, lang, scheme, width):
    page = opened(lang, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.locator("#list .head").first.click()
    page.wait_for_selector("#list .panel")
    page.evaluate("document.querySelectorAll('details').forEach((details) => details.open = true)")
    page.evaluate(axe)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    result = page.evaluate("(tags) => axe.run({ runOnly: { type: 'tag', values: tags } })", tags)
    broken = [
        (v["id"], node["target"], node["failureSummary"]) for v in result["violations"] for node in v["nodes"][:3]
    ]
    assert broken == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_keyboard_alone_is_enough(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("#list .head").first.focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("#list li:nth-child(2) .panel")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement === document.querySelector('#list .head')")
    page.keyboard.press("n")
    page.wait_for_selector("#prev:enabled")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    heading = page.locator("#table th button").nth(4)
    heading.focus()
    page.keyboard.press("Enter")
    values = page.locator("#table > .scroll td.delta").evaluate_all(
        "cells => cells.map((cell) => Number(cell.dataset.value))"
    )
    assert values == sorted(values)
    assert page.locator("#table th[aria-sort=ascending]").count() == 1


def test_prints_the_verdict_on_page_one(opened, tmp_path):
    page = opened()
    target = tmp_path / "page.pdf"
    page.pdf(path=target, format="A4")
    page.emulate_media(media="print")
    height_px = 267 / 25.4 * 96  # A4 less the margins
    assert page.locator(".sentence").evaluate("node => node.getBoundingClientRect().bottom + scrollY") < height_px
    assert page.locator("#table thead").first.evaluate("node => getComputedStyle(node).display") == "table-header-group"
    assert not page.locator("#samples").is_visible()
    assert target.stat().st_size > 10_000


def test_readable_without_javascript(opened):
    page = opened(java_script_enabled=False)
    for section in ("summary", "comparability", "forest", "table", "changes", "cost", "method"):
        assert page.locator(f"#{section}").is_visible()
    assert page.locator("#table > .scroll tbody tr").count() == 12
    assert page.locator("noscript").is_visible()
    assert not page.locator("#browser").is_visible()


def test_exports_are_files_of_the_same_data(opened):
    page = opened()
    with page.expect_download() as event:
        page.locator("[data-export=data-json]").click()
    saved = json.loads(event.value.path().read_text(encoding="utf-8"))
    assert saved == json.loads(page.locator("#data-json").text_content())
