"""The whole site: index, leaderboard and pair pages in each language, linked by relative addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmark.compare import compare
from benchmark.comparing.comparison import Comparison
from benchmark.errors import UserError
from benchmark.leaderboard.ranking import Ranking, rank
from benchmark.leaderboard.references import references
from benchmark.runs.records import RunRecord
from reports import comparison, filenames, leaderboard
from reports.leaderboard import References
from reports.numbers import LANGUAGES
from reports.page import Nav, render
from reports.texts import Texts
from tasks.items import write_text

INDEX, BOARD = "index.html", "leaderboard.html"
NEXT = 10
"""Systems behind the first that get a page against it."""
_WEIGHTS = ("pretrained", "revision")
_FORM = ("quantization", "dtype", "backend", "apply_chat_template")
_SHOTS = ("num_fewshot",)


@dataclass(frozen=True)
class Pair:
    """Two runs with a page of their own."""

    file: str
    comparison: Comparison


def write(
    runs: Sequence[RunRecord],
    output: Path,
    lang: Sequence[str] = LANGUAGES,
    publish_samples: bool = False,
    *,
    alpha: float = 0.05,
    margin: float = 0.01,
) -> Path:
    """Write the site and return its index page.

    The first language's pages stand in `output` itself, each other language's in a folder of its name.

    Args:
        publish_samples: whether pair pages carry prompts and answers. Off, no model output leaves the machine.
    """
    if not runs:
        raise UserError("no runs given; name the run directories that the site is about")
    if output.exists() and not output.is_dir():
        raise UserError(f"--output {output}: is a file; name a directory for the site")
    runs = leaderboard.distinct(runs)
    ranking = rank(runs)
    floors = references(ranking.records, ranking.grader)
    pairs = _pairs(runs, ranking, alpha, margin)
    for language in lang:
        _write_language(ranking, floors, pairs, output, language, tuple(lang), publish_samples)
    write_text(output / ".nojekyll", "")
    return output / INDEX


def _write_language(
    ranking: Ranking,
    floors: References,
    pairs: Sequence[Pair],
    output: Path,
    language: str,
    languages: tuple[str, ...],
    publish_samples: bool,
) -> None:
    folder = output if language == languages[0] else output / language

    def nav(file: str) -> list[Nav]:
        return [*_home(language, file), *_alternates(file, language, languages)]

    for pair in pairs:
        path = folder / pair.file
        comparison.write(pair.comparison, path, language, samples=publish_samples, nav=nav(pair.file))
    hrefs = {(str(p.comparison.baseline.path), str(p.comparison.finetuned.path)): p.file for p in pairs}
    write_text(folder / BOARD, leaderboard.page(ranking, language, floors, pairs=hrefs, nav=nav(BOARD)))
    write_text(
        folder / INDEX,
        render(
            "index.html.j2", language, style="report.css", scripts=(),
            r=ranking, pairs=pairs, own=bool(floors), board=BOARD, nav=nav(INDEX),
        ),
    )  # fmt: skip


def _home(language: str, file: str) -> list[Nav]:
    return [] if file == INDEX else [Nav(Texts(language)("home"), INDEX)]


def _alternates(file: str, language: str, languages: tuple[str, ...]) -> list[Nav]:
    up = "" if language == languages[0] else "../"
    folders = {name: up if name == languages[0] else f"{up}{name}/" for name in languages}
    return [Nav(Texts(name)("language"), folders[name] + file, name) for name in languages if name != language]


def _pairs(runs: Sequence[RunRecord], ranking: Ranking, alpha: float, margin: float) -> list[Pair]:
    """The pairs that have a page."""
    pairs: list[Pair] = []
    for baseline, finetuned in _chosen(runs, [standing.run for standing in ranking.ranked]):
        both = "--".join(filenames.stem(run.path.resolve().name) for run in (baseline, finetuned))
        taken = {pair.file for pair in pairs}
        names = (f"{both}{f'-{number}' if number > 1 else ''}.html" for number in count(1))
        file = next(name for name in names if name not in taken)
        pairs.append(Pair(file, compare(baseline, finetuned, alpha=alpha, margin=margin)))
    return pairs


def _chosen(runs: Sequence[RunRecord], ranked: Sequence[RunRecord]) -> list[tuple[RunRecord, RunRecord]]:
    """Each adapter against its own base, the next systems against the first; without either, every run against one."""
    adapted = [(base, run) for run in runs if run.adapter for base in _bases(run, runs)]
    behind = [(ranked[0], run) for run in ranked[1 : NEXT + 1]]
    found = adapted + [pair for pair in behind if not any(set(map(id, pair)) == set(map(id, a)) for a in adapted)]
    return found or [(runs[0], run) for run in runs[1:]]


def _bases(run: RunRecord, runs: Sequence[RunRecord]) -> list[RunRecord]:
    """The model without the adapter: asked as the run was, then with other numbers of examples; else asked anyhow.

    A base that other code graded, or with another `--limit`, is taken only where there is none with the run's own; the
    pages then say so.
    """
    unadapted = [other for other in runs if not other.adapter and _facts(other, _WEIGHTS) == _facts(run, _WEIGHTS)]
    # Grading comes first: over other documents there is something to compare, under other graders no verdict at all.
    for fact in (lambda of: of.get("grader_sha256"), lambda of: of.limit):
        unadapted = [other for other in unadapted if fact(other) == fact(run)] or unadapted
    alike = [other for other in unadapted if _facts(other, _FORM) == _facts(run, _FORM)]
    # Runs asked alike differ in nothing that matters here: one page is enough for them.
    shots = {_facts(other, _SHOTS): other for other in reversed(alike)}
    own = _facts(run, _SHOTS)
    return sorted(shots.values(), key=lambda other: _facts(other, _SHOTS) != own) or unadapted[:1]


def _facts(run: RunRecord, keys: Sequence[str]) -> tuple[str, ...]:
    """What a run recorded of its system; where the weights were hashed, their path says nothing more."""
    system = dict(run.get("system") or run.model_args)
    system["pretrained"] = system.get("pretrained_sha256") or system.get("pretrained")
    return tuple(str(system.get(key) or "") for key in keys)
