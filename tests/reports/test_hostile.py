"""Hostile text in every field of a run: shown as text, run by nobody, in pages, spreadsheets, terminals and paths."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmark.compare import compare
from benchmark.comparing.export import as_dict, as_json
from benchmark.comparing.terminal import as_markdown
from benchmark.results import load_run
from benchmark.visible import visible
from reports.tables import as_csv
from tests.reports.conftest import hostile_runs
from tests.reports.fixture import Shape, write_run
from tests.reports.payloads import PAYLOADS
from tests.reports.reading import printed

FOREIGN = (
    "img, iframe, object, embed, link, base, meta[http-equiv=refresh], [onerror], [onload], [style], style ~ style"
)
"""Elements and attributes that no page of ours has."""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return compare(*hostile_runs(tmp_path_factory.mktemp("few"), documents=12))


def text_of(page):
    """The text of a page without its scripts and data."""
    return squeezed(
        page.evaluate(
            """() => {
              const body = document.body.cloneNode(true);
              for (const node of body.querySelectorAll("script")) node.remove();
              return body.textContent;
            }"""
        )
    )


def squeezed(text):
    """White space as a page shows it."""
    return " ".join(text.split())


PLACES = {("system", "pretrained"), ("system", "adapter")}
"""Shown by their last names alone."""


def brought(run, tasks, lang) -> Iterator[str]:
    """What the run says of itself that the page has a place for."""
    yield run.name
    for section in ("system", "model", "device", "options"):
        kept = {key: text for key, text in run.get(section).items() if (section, key) not in PLACES}
        yield from (text for text in kept.values() if isinstance(text, str))
    yield from (text for text in (run.model, run.adapter) if text)
    for name, version in run.get("versions").items():
        yield from (name, version)
    yield from (run.finished, run.results["system_instruction_sha"], *run.results["config"]["gen_kwargs"].values())
    yield from (value for key, value in run.model_args.items() if key.startswith("key"))
    for name in tasks:
        task = run.tasks[name]
        yield from (task.title(lang), task.version, task.metadata["dataset_sha256"][:12])


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["ru", "en"])
def test_the_comparison_shows_every_field_and_runs_none(opened, hostile, lang):
    page = opened(lang)
    found = hostile.comparison
    tasks = [delta.task for delta in found.deltas]
    texts = {text for run in (found.baseline, found.finetuned) for text in brought(run, tasks, lang)}
    texts |= {delta.metric for delta in (*found.deltas, *found.secondary)} | {found.unshared[0][0]}
    texts |= {part.value for part in found.slices[:10]} | {name for flow in found.outcomes[tasks[0]] for name in flow}
    shown = text_of(page)
    # Of the others some are known, and shown by their name in the page's language.
    texts = {text for text in texts if any(payload[:5] in text for payload in PAYLOADS)}
    assert len(texts) > 60
    assert [text for text in texts if squeezed(visible(text[:79])) not in shown] == []
    assert page.locator(FOREIGN).count() == 0
    assert page.locator("a:not([href^='#'])").count() == 0
    assert page.locator("#table > .scroll tbody tr").count() == len(hostile.comparison.deltas) == 12


@pytest.mark.browser
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
    for payload in PAYLOADS:
        assert visible(payload) in seen
    assert page.locator("#list img, #list script, #list style, #list svg").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("file", ["leaderboard.html", "index.html", "en/leaderboard.html", "en/index.html"])
def test_the_sites_pages_show_names_and_run_none(visit, board, file):
    page = visit(board.parent / file)
    for button in page.locator("th button").all():
        button.click()
    boxes = page.locator("tr[data-system] input")
    for at in range(min(3, boxes.count())):
        boxes.nth(at).check()
    shown = text_of(page)
    wanted = {f"rufin_{kind}_{i}" for i, kind in enumerate(("binary", "macro", "micro", "rouge"))}
    for task in wanted if "index" in file else ():
        assert task in shown
    for text in (f"--limit 5{PAYLOADS[1]}", f"Система 18{PAYLOADS[18]}") if "board" in file else ():
        assert squeezed(visible(text)) in shown
    assert page.locator(FOREIGN).count() == 0
    for href in page.locator("a").evaluate_all("links => links.map((link) => link.getAttribute('href'))"):
        assert re.fullmatch(r"#[\w-]+|(\.\./)?(en/)?[\w-]+\.html", href)


def test_no_cell_of_the_spreadsheet_is_a_formula(found):
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert len(rows) == len(found.deltas) + len(found.secondary)
    texts = [row[key] for row in rows for key in ("task", "metric", "method", "verdict", "reason")]
    assert any(text.startswith("'=") for text in texts) and any(text.startswith("'@") for text in texts)
    for text in texts:
        # However the reader's locale separates cells: at commas, semicolons, tabs, or at quotes left open.
        assert not any(part.lstrip()[:1] in {*"=+-@"} and part.strip() for part in re.split(r"[,;\t\n\r\"]", text))
        assert visible(text) == text


def test_nothing_reaches_the_terminal_but_text(found):
    table = printed(replace(found, baseline=replace(found.baseline, name="[bold]name[/bold]")))
    assert "[bold]name[/bold]" in table  # rich took no name for its markup
    for text in (table, as_markdown(found), as_json(found)):
        assert visible(text) == text
    assert json.loads(as_json(found)) == json.loads(json.dumps(as_dict(found), default=str))


def test_markdown_holds_no_markup_of_others(found):
    for line in as_markdown(found).splitlines():
        assert not re.search(r"(?<!\\)[<>`]", line)
        assert not line.startswith("|") or len(re.findall(r"(?<!\\)\|", line)) == 9


@pytest.mark.parametrize("name", ["../outside/t", "x/../../outside/t", "/etc/t", "..", "t\0"])
def test_a_tasks_name_leads_to_no_file_elsewhere(tmp_path, name):
    write_run(tmp_path / "outside", Shape(tasks=1, documents=5))
    run = write_run(tmp_path / "run", Shape(tasks=1, documents=5))
    (sample,) = (tmp_path / "outside").glob("samples_*")
    (tmp_path / "run" / "samples_..").mkdir()
    (tmp_path / "run" / "samples_x").mkdir()
    sample.rename(sample.with_name(sample.name.replace("samples_rufin_binary_0", "t")))
    (path,) = run.glob("results_*")
    results = json.loads(path.read_text(encoding="utf-8"))
    results["configs"] = {name: next(iter(results["configs"].values()))}
    path.write_text(json.dumps(results), encoding="utf-8")
    record = load_run(run)
    assert not record.tasks[name].samples
    assert [problem.kind for problem in record.problems] == ["no_samples"]
