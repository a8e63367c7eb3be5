"""The comparison page: one self-contained file for a pair of runs and a language."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.comparing.comparison import Comparison
from benchmark.comparing.export import as_dict
from benchmark.comparing.slices import SMALLEST
from reports import views
from reports.numbers import LANGUAGES
from reports.page import Nav, inert_json, render
from reports.samples import Browser, browser
from reports.tables import as_csv
from reports.texts import Texts
from tasks.items import write_text

__all__ = ["page", "write"]


def write(
    comparison: Comparison, path: Path, lang: str = "ru", *, samples: bool = True, nav: Sequence[Nav] = ()
) -> Path:
    """Write the page and return its path.

    Args:
        samples: whether the page carries prompts and answers; leave them out of what is published.
        nav: links to the site's other pages, where the page is part of a site.
    """
    write_text(path, page(comparison, lang, samples=samples, nav=nav))
    return path


def page(comparison: Comparison, lang: str = "ru", *, samples: bool = True, nav: Sequence[Nav] = ()) -> str:
    """The page as HTML text; the same comparison gives the same bytes."""
    if lang not in LANGUAGES:
        raise ValueError(f"lang={lang!r}: choose one of {', '.join(LANGUAGES)}")
    packed, texts = browser(comparison, lang) if samples else None, Texts(lang)
    controlled = comparison.comparability.kind == "controlled"
    return render(
        "comparison.html.j2",
        lang,
        style="report.css",
        scripts=("sort.js", "export.js", "diff.js", "samples.js") if samples else ("sort.js", "export.js"),
        c=comparison,
        v=views,
        sides=("baseline", "finetuned") if controlled else ("first", "second"),
        facts=[views.facts(run) for run in (comparison.baseline, comparison.finetuned)],
        browser=packed,
        smallest=SMALLEST,
        names=inert_json(_names(packed, texts) if packed else {}),
        data_json=inert_json(as_dict(comparison)),
        data_csv=inert_json(as_csv(comparison)),
        nav=nav,
    )


def _names(packed: Browser, texts: Texts) -> dict[str, dict[str, str]]:
    """What the browser's script calls outcomes, metrics and parts in the page's language."""
    return {
        "outcome": {name: texts.name("outcome", name) for name in packed.names},
        "metric": {name: texts.name("metric", name) for name in packed.metrics},
        "part": {f"{dimension}:{value}": texts.part(dimension, value) for dimension, value, _ in packed.parts},
    }
