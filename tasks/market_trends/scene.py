"""A scene: what an item is about before it is put into words (economy, participants, directions)."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tasks.authoring.companies import company
from tasks.authoring.russian import number, quantize
from tasks.market_trends import key_rate, macro, rubric
from tasks.market_trends.case import Case, literal
from tasks.market_trends.cases import CASES, HISTORICAL
from tasks.market_trends.macro import INDICATORS, Change

MAX_EFFECT = 60
"""Larger effects, in percent, would be a different story than a change of trend."""

PRICES = ("usd", "cny", "brent", "coal", "grain", "gold")
"""Indicators whose change is told in percent."""
POINTS = ("key", "ofz")
"""Indicators whose change is told in percentage points."""

_TRIES = 120
_SCALES = {"sector": (("млрд", Decimal(10)),), "company": (("млрд", Decimal(1)), ("млн", Decimal(100)))}


@dataclass(frozen=True)
class Participant:
    """One line of an item."""

    name: str
    """As the answer's line calls it."""
    header: str
    """As the prompt introduces it: with what kind of company it is."""
    case: Case
    texts: Mapping[str, str]
    """Every figure that wordings may name, as printed."""
    formula: str
    effect: Fraction
    direction: str


@dataclass(frozen=True)
class Scene:
    """One item's content."""

    economy: Mapping[str, Change]
    dates: tuple[date, date] | None
    """The real dates of a factual scene; None for a scenario."""
    participants: Sequence[Participant]


def scene(rng: random.Random, split: str, deck: Iterator[str], factual: bool) -> Scene:
    """A scene whose participants' directions come from the deck, as far as the economy allows them."""
    dates = rng.choice(_DATES) if factual else None
    cases = HISTORICAL if factual else CASES
    mode = "sector" if rng.random() < 0.4 else "company"
    size = rng.choices((3, 4, 5), weights=(60, 30, 10))[0]
    target, first = next(deck), rng.choice(cases)
    drawn = None
    # The economy is fitted to the first participant: some, like oil, have few figures of their own to be moved by.
    while drawn is None:
        economy = _economy(rng, dates)
        drawn = _participant(rng, split, first, economy, target, mode)
    participants = [drawn]
    target = next(deck)
    while len(participants) < size:
        case = rng.choice(cases)
        drawn = _participant(rng, split, case, economy, target, mode) if _fits(case, participants, mode) else None
        if drawn and all(drawn.name != other.name for other in participants):
            participants.append(drawn)
            target = next(deck)
    rng.shuffle(participants)
    return Scene(economy, dates, participants)


_DATES = [pair for pair in key_rate.periods() if pair[1].year - 1 in key_rate.INFLATION]


def _economy(rng: random.Random, dates: tuple[date, date] | None) -> dict[str, Change]:
    if dates:
        return {"key": Change(*(key_rate.KEY_RATE[moment] for moment in dates))}
    while True:
        economy = macro.draw(rng)
        if all(change.sign() for change in economy.values()):
            return economy


def _fits(case: Case, participants: Sequence[Participant], mode: str) -> bool:
    topics = [participant.case.topic for participant in participants]
    # Two banks side by side show that circumstances decide; two sectors of one name would not be told apart.
    if topics.count(case.topic) >= (1 if mode == "sector" else 2):
        return False
    # A refinery states its own price of crude, which must not disagree with a printed Brent.
    shown = {name for participant in participants for name in participant.case.uses}
    if case.topic == "refiner_damper":
        return "brent" not in shown
    return "brent" not in case.uses or "refiner_damper" not in topics


def _participant(
    rng: random.Random, split: str, case: Case, economy: Mapping[str, Change], target: str, mode: str
) -> Participant | None:
    unit, scale = rng.choice(_SCALES[mode])
    figures = _figures(rng, case, economy, target, scale)
    if figures is None:
        return None
    literals = {name: literal(figures[name], kind, unit) for name, kind in case.figures.items()}
    literals |= {name: f"{value:f}" for name, value in macro.values(economy).items()}
    formula = case.formula.format(**literals)
    effect = rubric.evaluate(formula)
    if rubric.direction(effect) != target:
        # The search is in floating point; on the very edge of a band only the exact value decides.
        return None
    texts = {name: kind.text(figures[name], unit) for name, kind in case.figures.items()} | macro_texts(economy)
    if mode == "sector":
        name = header = rng.choice(case.sectors)
    else:
        name = _company(rng, split, case)
        header = f"«{name}» ({case.kind})"
    return Participant(name, header, case, texts, formula, effect, target)


def _company(rng: random.Random, split: str, case: Case) -> str:
    """An invented name, without its legal form and quotes, that suits the kind of company."""
    while True:
        name = company(rng, split, case.industry).partition("«")[2].rstrip("»")
        if name.endswith(case.endings):
            return name


def _figures(
    rng: random.Random, case: Case, economy: Mapping[str, Change], target: str, scale: Decimal
) -> dict[str, Decimal] | None:
    """Figures that give the target direction; None where the economy does not allow it."""
    formula = case.formula.replace("{", "").replace("}", "")
    outside = macro.values({name: economy[name] for name in case.uses})
    known = {name: float(value) for name, value in outside.items()}
    for _ in range(_TRIES):
        figures = {name: kind.draw(rng, scale) for name, kind in case.figures.items()}
        if not case.possible(outside | figures):
            continue
        effect = rubric.estimate(formula, known | {name: float(value) for name, value in figures.items()})
        if abs(effect) <= MAX_EFFECT and rubric.direction(Fraction(effect)) == target:
            return figures
    return None


def macro_texts(economy: Mapping[str, Change]) -> dict[str, str]:
    """Every macro figure that a wording may name: {key0}, {key1}, and changes such as {dkey}, {dusd}, {durals}."""
    texts = {}
    for name, change in economy.items():
        texts[f"{name}0"], texts[f"{name}1"] = (INDICATORS[name].text(value) for value in (change.before, change.after))
        if name in POINTS:
            texts[f"d{name}"] = f"{signed((change.after - change.before).normalize())} п.п."
        elif name in PRICES:
            texts[f"d{name}"] = _growth(change.before, change.after)
    if "brent" in economy:
        before, after = (
            (getattr(economy["brent"], at) - getattr(economy["disc"], at)) * getattr(economy["usd"], at)
            for at in ("before", "after")
        )
        texts["durals"] = _growth(before, after)
    return texts


def signed(value: Decimal, decimals: int | None = None) -> str:
    """A number with its sign, plus included."""
    text = number(value, decimals)
    if not text.strip("0,"):
        return "0"
    return f"+{text}" if value > 0 else text


def growth(before: Decimal, after: Decimal) -> Decimal:
    """A change in percent, to one decimal."""
    return quantize((after / before - 1) * 100, 1)


def _growth(before: Decimal, after: Decimal) -> str:
    return f"{signed(growth(before, after), 1)}%"
