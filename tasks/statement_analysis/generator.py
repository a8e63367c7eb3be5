"""Builds the family's data: invented statements, ratios to compute, the state by the rubric, reference answers."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tasks.authoring.build import handwritten, main
from tasks.authoring.companies import company
from tasks.authoring.russian import inflect
from tasks.dataset import SPLITS
from tasks.items import Item
from tasks.statement_analysis import layouts, rubric
from tasks.statement_analysis import wordings as words
from tasks.statement_analysis.industries import INDUSTRIES
from tasks.statement_analysis.layouts import Periods, Style
from tasks.statement_analysis.ratios import ANNUAL_ONLY, EQUITY_POSITIVE_ONLY, RATIOS, Statement
from tasks.statement_analysis.references import compose, gold_ratio
from tasks.statement_analysis.statements import SCENARIOS, Draw, draw

FAMILY = "statement_analysis"
SIZES = {"train": 840, "validation": 66, "test": 210}
_SEEDS = {"train": 4101, "validation": 4102, "test": 4103}

_BY_STATE = {
    rubric.STABLE: ("stable", "growing", "shrinking_but_sound", "seasonal_sound", "young_but_sound"),
    rubric.UNSTABLE: (
        "leveraged", "illiquid_but_profitable", "thin_coverage", "stretched",
        "loss_but_liquid", "young_in_the_red", "seasonal_gap",
    ),
    rubric.CRISIS: (
        "cash_crunch", "negative_equity", "profit_but_negative_equity", "liquid_but_negative_equity",
        "young_in_crisis",
    ),
}  # fmt: skip

_RUBRIC_LINES = {"1200", "1300", "1500", "1600", "2300", "2330", "2400"}
_DERIVABLE = {
    "1200": {"1100", "1600"},
    "1300": {"1600", "1400", "1500"},
    "1500": {"1600", "1300", "1400"},
    "1600": {"1100", "1200"},
    "2100": {"2110", "2120"},
    "2300": {"2400", "2410"},
}
"""A line that may be left out, and those it then follows from."""


@dataclass(frozen=True)
class _Question:
    """What an item asks about its statements, and which lines it shows."""

    keys: tuple[str, ...]
    shown: frozenset[str]
    hidden: str
    """A line that the formulas need and that is left out, or nothing."""


def build() -> dict[str, list[Item]]:
    """All three splits; the handwritten items close the test split."""
    splits = {split: _split(split) for split in SIZES}
    splits["test"] += handwritten(FAMILY)
    return splits


def _split(split: str) -> list[Item]:
    rng = random.Random(_SEEDS[split])
    states = tuple(_BY_STATE)
    return [_item(rng, split, position, states[position % len(states)]) for position in range(SIZES[split])]


def _item(rng: random.Random, split: str, position: int, state: str) -> Item:
    drawn = _draw_state(rng, state)
    annual = drawn.months == 12
    statement = drawn.statement
    two = bool(statement.previous) and annual and rng.random() < 0.55
    if not two:
        statement = Statement(statement.unit, statement.current, {}, statement.decimals)
    style = layouts.draw_style(rng)
    question = _question(rng, statement, annual, style)
    wording = position % len(words.PROMPTS[split])
    ratios = [gold_ratio(RATIOS[key], statement) for key in question.keys]
    answers = compose(rng, split, statement, ratios)
    hard = bool(question.hidden) or any(RATIOS[key].earlier for key in question.keys) or len(question.keys) == 5
    return Item(
        id=f"{FAMILY}-{split}-{position + 1:04}",
        category=FAMILY,
        topic=drawn.scenario,
        slice="generated",
        difficulty="hard" if hard else "basic",
        template_id=f"{split}-{wording + 1:02}-{style.layout}{'-ifrs' if style.ifrs else ''}",
        instruction=_instruction(rng, split, wording, drawn, statement, question, style),
        output=answers[0],
        references=answers,
        gold={"ratios": ratios, "state": state, "lines": _lines(statement, question)},
        source="generator",
    )


def _draw_state(rng: random.Random, state: str) -> Draw:
    """A company in the state, clear of every threshold."""
    while True:
        drawn = draw(rng, rng.choice(_BY_STATE[state]))
        found = rubric.signs(drawn.statement.current)
        if rubric.state(found) == state and not rubric.near_boundary(found, drawn.statement.current["2110"]):
            return drawn


def _question(rng: random.Random, statement: Statement, annual: bool, style: Style) -> _Question:
    usable = [key for key in RATIOS if _askable(key, statement, annual)]
    names: dict[str, str] = {}
    for key in rng.sample(usable, len(usable)):
        names.setdefault(RATIOS[key].name, key)
    keys = tuple(list(names.values())[: rng.choice((3, 4, 4, 5))])
    needed = _RUBRIC_LINES.union(*(RATIOS[key].lines for key in keys))
    hidden = _hidden(rng, needed, statement)
    shown = needed - {hidden} | (_DERIVABLE[hidden] if hidden else set())
    size = rng.randint(10, 12) if statement.previous else rng.randint(10, 15)
    extras = [code for code in layouts.ORDER if code not in shown and code != hidden and _informative(code, statement)]
    shown |= set(rng.sample(extras, max(0, min(size - len(shown), len(extras)))))
    return _Question(keys, frozenset(shown), hidden)


def _lines(statement: Statement, question: _Question) -> list[dict[str, str]]:
    """The gold's record of what stands in the text, and of the hidden line that follows from it."""
    codes = question.shown | ({question.hidden} if question.hidden else set())
    return [
        {"code": code, "current": str(statement.current[code]), "previous": str(statement.previous.get(code, ""))}
        for code in layouts.ORDER
        if code in codes
    ]


def _askable(key: str, statement: Statement, annual: bool) -> bool:
    """Whether the ratio has a meaning here, and a value that rounding leaves something of."""
    ratio = RATIOS[key]
    if (ratio.earlier and not statement.previous) or (key in ANNUAL_ONLY and not annual):
        return False
    equities = [side["1300"] for side in (statement.current, statement.previous) if side]
    if key in EQUITY_POSITIVE_ONLY and min(equities) <= 0:
        return False
    return abs(ratio.value(statement)) * 10 ** ratio.decimals(statement) >= 10


def _hidden(rng: random.Random, needed: set[str], statement: Statement) -> str:
    """A needed line to leave out, or nothing."""
    codes = [code for code in _DERIVABLE if code in needed]
    if statement.current["2410"] <= 0 or (statement.previous and statement.previous["2410"] <= 0):
        codes.remove("2300")
    return rng.choice(codes) if rng.random() < 0.45 else ""


def _informative(code: str, statement: Statement) -> bool:
    """Whether an extra line may be shown: not an empty one, not a tax benefit, whose sign the layouts differ in."""
    return all(side[code] > 0 or (code[0] in "12" and code not in ("1240", "2410")) for side in _sides(statement))


def _sides(statement: Statement) -> list[dict]:
    return [dict(side) for side in (statement.current, statement.previous) if side]


def _instruction(
    rng: random.Random, split: str, wording: int, drawn: Draw, statement: Statement, question: _Question, style: Style
) -> str:
    inline = rng.random() < 0.75
    young = SCENARIOS[drawn.scenario].young
    hints = _hints(rng, split, question, style)
    names = [RATIOS[key].name + (_bracketed(hints.get(key, "")) if inline else "") for key in question.keys]
    return words.PROMPTS[split][wording].format(
        company=company(rng, split, drawn.industry, ("ООО", "АО") if young else ("ПАО", "АО", "ООО")),
        business=rng.choice(INDUSTRIES[drawn.industry].business[split]),
        period=_period(drawn),
        statement=layouts.render(statement, sorted(question.shown), style, _headings(rng, drawn)),
        ratios=f"{', '.join(names[:-1])} и {names[-1]}",
        note=" ".join(_notes(rng, split, drawn, question, {} if inline else hints)),
    )


def _bracketed(formula: str) -> str:
    if not formula:
        return ""
    return f" [{formula}]" if "(" in formula else f" ({formula})"


def _period(drawn: Draw) -> str:
    return {6: "за первое полугодие", 9: "за 9 месяцев", 12: "за"}[drawn.months] + (
        f" {drawn.year} {'год' if drawn.months == 12 else inflect('год', 'gent')}"
    )


def _headings(rng: random.Random, drawn: Draw) -> Periods:
    year, before = drawn.year, drawn.year - 1
    if drawn.months < 12:
        date = {6: "30.06", 9: "30.09"}[drawn.months]
        return Periods(f"{date}.{year} / {drawn.months} мес. {year}", "")
    return rng.choice(
        (
            Periods(f"{year} г.", f"{before} г."),
            Periods(f"31.12.{year}", f"31.12.{before}"),
            Periods(f"{year}", f"{before}"),
        )
    )


def _notes(rng: random.Random, split: str, drawn: Draw, question: _Question, hints: dict[str, str]) -> Iterator[str]:
    """Sentences beside the question: what is beside the point, formulas, which balance date, which period."""
    if rng.random() < 0.25:
        aside = rng.choice(words.ASIDES[split])
        yield aside.format(n=rng.randint(24, 980), m=rng.randint(100, 900), p=rng.randint(12, 88))
    if SCENARIOS[drawn.scenario].young:
        yield rng.choice(words.YOUNG_NOTES[split]).format(year=drawn.year)
    if hints:
        formulas = "; ".join(f"{RATIOS[key].name} — {formula}" for key, formula in hints.items())
        yield rng.choice(words.HINT_FRAMES[split]).format(hints=formulas)
    averaged = any(key.endswith("_mean") for key in question.keys)
    yield rng.choice((words.MEAN_NOTES if averaged else words.END_NOTES)[split])
    if drawn.months < 12:
        yield rng.choice(words.INTERIM_NOTES[split])


def _hints(rng: random.Random, split: str, question: _Question, style: Style) -> dict[str, str]:
    """Formulas of the ratios that textbooks define in more than one way, over line codes or in words."""
    in_words = style.ifrs or (style.layout != "codes" and rng.random() < 0.3)
    column = SPLITS.index(split)
    return {
        key: words.WORD_HINTS[key][column] if in_words else RATIOS[key].codes
        for key in question.keys
        if key in words.WORD_HINTS
    }


if __name__ == "__main__":
    main(FAMILY, build)
