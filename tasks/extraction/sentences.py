"""The slots of the wording, filled for one fact so that verbs agree, and the gold row that the sentence states.

Slots, by example: nom «чистая прибыль», gen, acc; made «составила», grew «выросла», grown «увеличившись», climbed
«поднялась», changed «изменилась», fixed «зафиксирована»; rise «рост», rise_made «составил», higher «выше»; value
«12,4 млрд руб.», prior, stale; by «на 12,4%», bare «12,4%», signed «+12,4%», cmp «год к году», cmp_short «г/г»,
scmp «с начала года»; when / over / inside / results / on for the period; subj «компания» with raised, showed,
reflected, got, ended, named agreeing with it. A capital letter in the slot capitalizes its text.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tasks.authoring.russian import number
from tasks.extraction.facts import Fact
from tasks.extraction.figures import in_words, rounded
from tasks.extraction.voice import Voice

Row = dict[str, str | None]
"""A gold row: numbers as decimal strings, None where the text gives nothing."""

_PAST = {"m": "", "f": "а", "n": "о", "p": "и"}
_REFLEXIVE = {"m": "ся", "f": "ась", "n": "ось", "p": "ись"}
_PARTICIPLE = {"m": "зафиксирован", "f": "зафиксирована", "n": "зафиксировано", "p": "зафиксированы"}
_GREW = {"m": "вырос", "f": "выросла", "n": "выросло", "p": "выросли"}
_MULTIPLES = {Decimal("2.0"): "вдвое", Decimal("3.0"): "втрое", Decimal("2.5"): "в два с половиной раза"}
_SLOT = re.compile(r"\{(\w+)\}")


def row(fact: Fact, voice: Voice, change: Decimal | None = None, unit: str | None = None) -> Row:
    """The gold row of a fact, with the change that the sentence states, if any."""
    return {
        "metric": fact.metric.name,
        "value": plain(fact.value),
        "unit": fact.unit,
        "period": fact.period_code,
        "change": None if change is None else plain(change),
        "change_unit": None if change is None else unit,
        "entity": voice.name,
    }


def plain(value: Decimal) -> str:
    """A decimal string without trailing zeros: 12.40 -> 12.4."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class Change:
    """A change and the ways to print it."""

    amount: Decimal
    unit: str
    by: str
    """«на 12,4%», «в 2,3 раза»"""
    bare: str
    """«12,4%»; empty where the change is a multiple"""
    signed: str
    """«+12,4%», «рост в 2,3 раза»"""


def change_of(rng: random.Random, fact: Fact, voice: Voice) -> Change | None:
    """How this document tells the fact's change: in %, п.п., times, or roubles."""
    if not fact.percent:
        return None
    if fact.multiple is not None and rng.random() < 0.7:
        by = _MULTIPLES.get(fact.multiple, f"в {number(fact.multiple)} раза")
        return Change(fact.multiple, "раз", by, "", f"рост {by}")
    if fact.metric.unit == "money" and fact.prior is not None and rng.random() < 0.12:
        return printed(fact.value - fact.prior, fact.unit, voice)
    return printed(fact.percent, "п.п." if fact.points else "%", voice)


def printed(change: Decimal, unit: str, voice: Voice) -> Change:
    """A change that is a plain difference: in %, п.п. or a unit of money."""
    size = voice.amount(abs(change), unit)
    sign = "+" if change > 0 else voice.minus
    return Change(change, unit, f"на {size}", size, f"{sign}{size}")


def slots(rng: random.Random, fact: Fact, voice: Voice, change: Change | None) -> dict[str, str]:
    """Every slot that one fact's sentence may use."""
    period, subject = voice.period, voice.subject[1]
    up = change is None or change.amount > 0
    gender = fact.metric.gender
    prior = fact.prior if fact.prior is not None else fact.value
    values = {
        "nom": fact.metric.nominative,
        "gen": fact.metric.genitive,
        "acc": fact.metric.accusative,
        "short": fact.metric.short or fact.metric.nominative,
        "value": voice.amount(fact.value, fact.unit),
        "prior": voice.amount(prior, fact.unit),
        "loss": voice.amount(abs(fact.value), fact.unit),
        "prior_gen": f"{'прибыли' if prior > 0 else 'убытка'} в {voice.amount(abs(prior), fact.unit)}",
        "prior_nom": f"{'прибыль' if prior > 0 else 'убыток'} {voice.amount(abs(prior), fact.unit)}",
        "subj": voice.subject[0],
        "raised": ("увеличил" if up else "снизил") + _PAST[subject],
        "raised_n": "увеличило" if up else "снизило",
        "scmp": voice.since,
        "scmp_short": voice.since,
        "cmp": voice.year_on_year,
        "cmp_short": "г/г" if len(voice.year_on_year) > 12 else "год к году",
        "when": rng.choice((period.inside, period.over, period.results)),
        "on": f"на {period.date}",
        "prior_over": period.prior_over,
        "over": period.over,
        "inside": period.inside,
        "results": period.results,
        **_verbs(gender, up),
        **{name: stem + _PAST[subject] for name, stem in _SUBJECT_VERBS.items()},
    }
    if change is not None:
        values |= {"by": change.by, "bare": change.bare, "signed": change.signed}
    return values


_SUBJECT_VERBS = {
    "showed": "показал",
    "reflected": "отразил",
    "got": "получил",
    "ended": "закончил",
    "named": "называл",
}


def _verbs(gender: str, up: bool) -> dict[str, str]:
    past, reflexive = _PAST[gender], _REFLEXIVE[gender]
    return {
        "made": "составил" + past,
        "grew": _GREW[gender] if up else "снизил" + reflexive,
        "grew_m": "вырос" if up else "снизился",
        "grown": "увеличившись" if up else "сократившись",
        "climbed": ("поднял" if up else "опустил") + reflexive,
        "changed": "изменил" + reflexive,
        "fixed": _PARTICIPLE[gender],
        "rise": "рост" if up else "снижение",
        "rise_made": "составил" if up else "составило",
        "higher": "выше" if up else "ниже",
    }


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its slots filled; a slot with a capital letter is capitalized."""

    def one(match: re.Match[str]) -> str:
        name = match[1]
        if name in values:
            return values[name]
        text = values[name.lower()]
        return text[:1].upper() + text[1:]

    # An abbreviation at the end of a sentence has one full stop, not two.
    return _SLOT.sub(one, template).replace("..", ".")


def needs(template: str, slot: str) -> bool:
    """Whether a template uses a slot, capitalized or not."""
    return f"{{{slot}}}" in template.lower()


def words_change(percent: Decimal) -> tuple[str, Decimal, str]:
    """A rounded change in words: («на двенадцать процентов», 12, "%"); («вдвое», 2, "раз")."""
    value = abs(rounded(percent, 0))
    if value == 50 and percent > 0:
        return "в полтора раза", Decimal("1.5"), "раз"
    if value == 25:
        return "на четверть", value if percent > 0 else -value, "%"
    return f"на {in_words(value, '%')}", value if percent > 0 else -value, "%"
