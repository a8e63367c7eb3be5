"""The judge on trial: numeric graders against answers that people labelled.

A grader is worth what it gets right on answers that somebody has read. `trial` counts, for ours and for two published
ones on the same labelled answers, agreement, false accepts (worse: a model is praised for a wrong number) and false
rejects.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from benchmark.errors import UserError
from tasks.items import DataError, read_jsonl
from tasks.scoring.numeric import grade

TRIPLES = Path(__file__).resolve().parents[1] / "tests" / "scoring"
SETS = {"development": TRIPLES / "triples_dev.jsonl", "held back": TRIPLES / "triples_heldout.jsonl"}
"""The answers that the rules were developed on, and those labelled without sight of the code."""


@dataclass(frozen=True)
class Triple:
    """A labelled answer."""

    output: str
    gold: str
    unit: str
    decimals: int | None
    correct: bool
    """What the person who read it decided."""
    outcome: str
    """And the kind of mistake, one of `tasks.scoring.numeric.OUTCOMES`."""
    note: str
    source: str = "written"
    """`written` by a person, or said by a `model`."""
    formula_match: bool | None = None
    """Whether the sum written in the answer gives the gold; None where nobody looked."""


@dataclass(frozen=True)
class Row:
    """One grader on one set of answers."""

    grader: str
    n: int
    agreed: int
    false_accepts: int
    false_rejects: int
    accepted: dict[str, int]
    """The false accepts by the outcome that the answers were labelled with, the most frequent first."""


@dataclass(frozen=True)
class Disagreement:
    """An answer that a grader judges otherwise than the person who labelled it."""

    triple: Triple
    verdict: str


def read_triples(path: Path) -> list[Triple]:
    """The labelled answers of a file.

    Raises:
        UserError: the file is missing or a line is not a labelled answer; names file and line.
    """
    try:
        rows = read_jsonl(path)
    except FileNotFoundError as error:
        raise UserError(f"{path}: missing; run from a checkout of the repository, which holds it") from error
    except DataError as error:
        raise UserError(str(error)) from error
    triples = []
    for number, row in enumerate(rows, 1):
        try:
            triples.append(Triple(**row))
        except TypeError as error:
            raise UserError(f"{path}:{number}: not a labelled answer ({error})") from error
    return triples


def ours(triple: Triple) -> bool:
    """RuFinBench's own grader."""
    return grade(triple.output, triple.gold, triple.unit, decimals=triple.decimals).correct


def math_verify(triple: Triple) -> bool:
    """Math-Verify as its README shows it, told the gold both with and without the percent sign."""
    from math_verify import parse, verify  # a development dependency, only needed for the comparison

    golds = [triple.gold, f"{triple.gold}%"] if triple.unit == "%" else [triple.gold]
    # It reports what it cannot parse on stderr, an answer at a time.
    with redirect_stderr(io.StringIO()):
        answer = parse(triple.output)
        return any(verify(parse(gold), answer) for gold in golds)


def gsm8k(triple: Triple, name: str) -> bool:
    """A filter of lm-eval's gsm8k with that task's exact match, both read from the installed lm-eval."""
    from lm_eval.api.metrics import exact_match_hf_evaluate
    from lm_eval.filters.extraction import RegexFilter

    pattern, options = _gsm8k_settings(name)
    extracted = RegexFilter(**pattern).apply([[triple.output]], [{}])[0][0]
    return bool(exact_match_hf_evaluate([extracted], [triple.gold], **options)["exact_match"])


@cache
def _gsm8k_settings(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    import lm_eval.tasks

    task = yaml.safe_load((Path(lm_eval.tasks.__file__).parent / "gsm8k" / "gsm8k.yaml").read_text("utf-8"))
    steps = next(entry["filter"] for entry in task["filter_list"] if entry["name"] == name)
    pattern = {key: value for key, value in steps[0].items() if key != "function"}
    metric = task["metric_list"][0]
    return pattern, {key: metric[key] for key in ("ignore_case", "ignore_punctuation", "regexes_to_ignore")}


GRADERS: dict[str, Callable[[Triple], bool]] = {
    "RuFinBench": ours,
    "Math-Verify": math_verify,
    "lm-eval gsm8k strict-match": lambda triple: gsm8k(triple, "strict-match"),
    "lm-eval gsm8k flexible-extract": lambda triple: gsm8k(triple, "flexible-extract"),
}


def trial(path: Path) -> list[Row]:
    """Every grader on the labelled answers of a file, ours first."""
    triples = read_triples(path)
    return [_row(name, triples, [grader(triple) for triple in triples]) for name, grader in GRADERS.items()]


def _row(name: str, triples: list[Triple], verdicts: list[bool]) -> Row:
    judged = list(zip(triples, verdicts, strict=True))
    accepted = Counter(triple.outcome for triple, verdict in judged if verdict and not triple.correct)
    return Row(
        grader=name,
        n=len(judged),
        agreed=sum(triple.correct == verdict for triple, verdict in judged),
        false_accepts=accepted.total(),
        false_rejects=sum(triple.correct and not verdict for triple, verdict in judged),
        accepted=dict(accepted.most_common()),
    )


def disagreements(triples: Iterable[Triple]) -> list[Disagreement]:
    """Answers where our grader's typed outcome, or its formula match, is not the labelled one."""
    found = []
    for triple in triples:
        verdict = grade(triple.output, triple.gold, triple.unit, decimals=triple.decimals)
        if verdict.outcome != triple.outcome:
            found.append(Disagreement(triple, verdict.outcome))
        elif triple.formula_match not in (None, verdict.formula_match):
            found.append(Disagreement(triple, f"formula_match={verdict.formula_match}"))
    return found


def main() -> None:
    """Print the trial on every set that is present, and each answer that our grader judges otherwise."""
    console = Console(highlight=False)
    for name, path in SETS.items():
        if not path.exists():
            continue
        triples = read_triples(path)
        console.print(_table(f"{name}: {len(triples)} labelled answers ({path.name})", trial(path)))
        differing = disagreements(triples)
        console.print(f"Typed outcomes that differ from the label: {len(differing)} of {len(triples)}")
        for entry in differing:
            label = f"{entry.triple.outcome} → {entry.verdict}"
            console.print(
                f"  {label}: {entry.triple.output[-80:]!r}, gold {entry.triple.gold} {entry.triple.unit}", markup=False
            )


def _table(title: str, rows: list[Row]) -> Table:
    table = Table(
        *("grader", "agreement", "false accepts", "false rejects", "falsely accepted, by label"),
        title=title,
        title_justify="left",
    )
    for row in rows:
        counts = (row.agreed, row.false_accepts, row.false_rejects)
        accepted = ", ".join(f"{outcome} {count}" for outcome, count in row.accepted.items())
        table.add_row(row.grader, *(f"{count} ({count / row.n:.1%})" for count in counts), accepted)
    return table


if __name__ == "__main__":
    main()
