"""The leaderboard: one page over many systems, without any sample in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.comparing.names import told_apart
from benchmark.leaderboard.ranking import Ranking, rank
from benchmark.leaderboard.references import references
from benchmark.leaderboard.standings import Standing
from benchmark.runs.records import RunRecord
from benchmark.visible import visible
from reports import views
from reports.page import Nav, inert_json, render
from tasks.items import write_text

References = Mapping[str, Mapping[str, float]]
"""Reference row → task → score."""


def write(runs: Sequence[RunRecord], path: Path, lang: str = "ru") -> Path:
    """Rank the runs, write the page and return its path."""
    ranking = rank(distinct(runs))
    write_text(path, page(ranking, lang, references(ranking.records, ranking.grader)))
    return path


def distinct(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """The runs, each directory once, however often it was named, and no two with one name."""
    return told_apart(list({run.path.resolve(): run for run in runs}.values()))


def page(
    ranking: Ranking,
    lang: str,
    floors: References,
    *,
    pairs: Mapping[tuple[str, str], str] | None = None,
    nav: Sequence[Nav] = (),
) -> str:
    """The page as HTML text.

    Args:
        floors: the reference rows.
        pairs: (baseline's path, fine-tuned run's path) → relative address of their comparison page.
        nav: links to the site's other pages, where the page is part of a site.
    """
    trials = [standing for trial in ranking.trials for standing in trial.standings]
    standings = (*ranking.ranked, *trials, *ranking.unranked)
    numbers = {str(standing.run.path): number for number, standing in enumerate(standings)}
    # Which runs are linked, by their numbers in the table.
    links = {(numbers[a], numbers[b]): href for (a, b), href in (pairs or {}).items() if a in numbers and b in numbers}
    return render(
        "leaderboard.html.j2",
        lang,
        style="report.css",
        scripts=("sort.js", "leaderboard.js"),
        r=ranking,
        v=views,
        floors=floors,
        facts=[views.facts(standing.run) for standing in standings],
        numbers=numbers,
        to_here=[[(a, href) for (a, b), href in links.items() if b == number] for number in range(len(standings))],
        standings=standings,
        data=inert_json(_data(ranking, lang, links)),
        nav=nav,
    )


def _data(ranking: Ranking, lang: str, links: Mapping[tuple[int, int], str]) -> dict[str, object]:
    """What the chart of chosen systems is drawn from."""
    return {
        "tasks": [visible(ranking.records[name].title(lang)) for name in ranking.tasks],
        "systems": [_points(standing, ranking.tasks) for standing in ranking.ranked],
        "pairs": [[a, b, href] for (a, b), href in sorted(links.items())],
    }


def _points(standing: Standing, tasks: Sequence[str]) -> dict[str, object]:
    cells = [standing.cells[name] for name in tasks]
    return {
        "name": visible(standing.run.name),
        "average": [standing.average, standing.low, standing.high],
        "cells": [[cell.value, cell.low, cell.high] for cell in cells],
    }
