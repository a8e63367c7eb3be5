"""What every layout of a document is written with: a setting, facts, sentences, traps."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tasks.authoring.companies import company as invent_company
from tasks.extraction.facts import Fact, statement
from tasks.extraction.figures import rounded
from tasks.extraction.periods import Period, period
from tasks.extraction.sentences import (
    Change,
    Row,
    change_of,
    fill,
    needs,
    printed,
    row,
    slots,
)
from tasks.extraction.statements import BANK
from tasks.extraction.voice import Voice, voice
from tasks.extraction.wording import Wording

INDUSTRIES = (*(BANK,) * 6, "metallurgy", "chemistry", "retail", "construction", "transport", "energy", "food", "mining", "it", "telecom", "agriculture")  # fmt: skip
KINDS = ("FY", "FY", "H1", "9M", "Q1", "Q2", "Q3", "Q4")
_PUBLISHED = {"FY": ("марта", 1), "Q4": ("марта", 1), "Q1": ("мая", 0), "Q2": ("августа", 0), "H1": ("августа", 0), "Q3": ("ноября", 0), "9M": ("ноября", 0)}  # fmt: skip


@dataclass(frozen=True)
class Document:
    """A text, what it states, and what it is."""

    text: str
    rows: list[Row]
    topic: str
    hard: bool
    """Whether it holds something that must not become a row, or a row that is easily misread."""
    wording: str
    """Names the wording within its split: layout and opening."""
    company: str = ""
    """The only company that is asked for, where the text has several."""
    standard: str = ""
    """The only standard that is asked for, where the text has two."""


class Author:
    """Writes documents for one split."""

    def __init__(self, rng: random.Random, split: str, wording: Wording) -> None:
        self.rng = rng
        self.split = split
        self.wording = wording

    def setting(self, kinds: Sequence[str] = KINDS, when: Period | None = None) -> tuple[Voice, str]:
        """A company, its industry, and a reporting period unless it is given."""
        rng = self.rng
        industry = rng.choice(INDUSTRIES)
        bank = industry == BANK
        name = invent_company(rng, self.split, industry, ("ПАО", "АО") if bank else ("ПАО", "АО", "ООО"))
        if when is None:
            when = period(rng, rng.choice(kinds), rng.choice((2022, 2023, 2024, 2025)), bank=bank)
        return voice(rng, name, when, bank), industry

    def listed(self, voice: Voice, industry: str) -> list[Fact]:
        """Flows with a change: a list says the period once, so balance figures would have no date."""
        facts = [fact for fact in statement(self.rng, industry, voice.period) if fact.metric.kind == "flow"]
        facts = [fact for fact in facts if fact.percent and fact.value > 0]
        return self.rng.sample(facts, min(len(facts), self.rng.randint(2, 5)))

    def facts(self, voice: Voice, industry: str, count: int) -> list[Fact]:
        """Some of the company's figures, flows before balance figures; profit or revenue mostly among them."""
        rng = self.rng
        facts = statement(rng, industry, voice.period, fine=rng.random() < 0.75)
        lead = [fact for fact in facts if fact.metric.name in ("чистая прибыль", "выручка")]
        first = [rng.choice(lead)] if rng.random() < 0.7 else []
        others = [fact for fact in facts if fact not in first]
        chosen = first + rng.sample(others, count - len(first))
        return sorted(chosen, key=lambda fact: fact.metric.kind == "stock")

    def pick(self, templates: Sequence[str], values: dict[str, str]) -> str:
        """A template whose slots this fact can fill."""
        fitting = [text for text in templates if values.get("bare") or not needs(text, "bare")]
        return fill(self.rng.choice(fitting), values)

    def opening(self, voice: Voice) -> tuple[str, str]:
        """The lead of a release, with the gap that follows it, and its name."""
        number = self.rng.randrange(len(self.wording.leads))
        lead = fill(self.wording.leads[number], self.frame(voice))
        gap = self.rng.choice((" ", "\n", "\n\n"))
        # A heading has no full stop; a sentence may not follow it on the same line.
        return lead + (gap if lead.endswith(".") else "\n"), str(number)

    def frame(self, voice: Voice) -> dict[str, str]:
        """Slots that depend on the document alone."""
        month, later = _PUBLISHED[voice.period.kind]
        year = voice.period.year
        return {
            "company": voice.company,
            "name": voice.name,
            "standard": voice.standard,
            "other": voice.other,
            "over": voice.period.over,
            "inside": voice.period.inside,
            "results": voice.period.results,
            "tag": voice.period.tag,
            "pubdate": f"{self.rng.randint(3, 27)} {month} {year + later} года",
            "y1": str(year + 1),
            "y3": str(year + 3),
            "subj": voice.subject[0],
            "founded": str(self.rng.randint(1991, 2012)),
            "regions": str(self.rng.choice((12, 15, 18, 24, 27, 35, 46))),
            "phone": f"{self.rng.randint(10, 99)}-{self.rng.randint(10, 99)}",
        }

    def sentence(self, fact: Fact, voice: Voice) -> tuple[str, Row]:
        """One fact as a sentence, in whichever way suits it."""
        rng, words = self.rng, self.wording
        stock = fact.metric.kind == "stock"
        change = change_of(rng, fact, voice)
        values = slots(rng, fact, voice, change)
        if fact.value < 0:
            return self.loss(fact, voice, values)
        if change is None or rng.random() < 0.12:
            if not stock and fact.comparable and rng.random() < 0.5:
                return self.pick(words.against, values), row(fact, voice)
            return self.pick(words.stock_plain if stock else words.flow_plain, values), row(fact, voice)
        if not stock and voice.period.is_quarter and change.bare and rng.random() < 0.3:
            return self.quarterly(fact, voice, values, change)
        if not stock and rng.random() < 0.06:
            values["stale"] = voice.amount(self.near(fact.value), fact.unit)
            return self.pick(words.corrected, values), row(fact, voice)
        return self.pick(words.stock if stock else words.flow, values), row(fact, voice, change.amount, change.unit)

    def loss(self, fact: Fact, voice: Voice, values: dict[str, str]) -> tuple[str, Row]:
        """A negative figure: a net loss has its own words."""
        if fact.metric.name == "чистая прибыль":
            return self.pick(self.wording.losses, values), row(fact, voice)
        return self.pick(self.wording.flow_plain, values), row(fact, voice)

    def quarterly(self, fact: Fact, voice: Voice, values: dict[str, str], change: Change) -> tuple[str, Row]:
        """A quarter's figure with its change against the previous quarter, beside the yearly one or alone."""
        points = fact.points
        size = Decimal(self.rng.randint(1, 9) if points else self.rng.randint(11, 190)) / 10
        sequential = printed(size * self.rng.choice((1, 1, -1)), "п.п." if points else "%", voice)
        up = sequential.amount > 0
        grew = slots(self.rng, fact, voice, sequential)["grew"]
        values |= {"qby": sequential.by, "qsigned": sequential.signed, "qgrew": grew}
        if self.rng.random() < 0.65:
            return self.pick(self.wording.quarterly, values), row(fact, voice, change.amount, change.unit)
        values["rise"] = "рост" if up else "снижение"
        return self.pick(self.wording.previous_quarter, values), row(fact, voice, sequential.amount, sequential.unit)

    def near(self, value: Decimal, printed_like: Decimal | None = None) -> Decimal:
        """Another figure of about the same size, with the precision of `printed_like` (its own, if not given)."""
        exponent = int((value if printed_like is None else printed_like).as_tuple().exponent)
        other = rounded(value * Decimal(str(round(self.rng.uniform(0.8, 1.25), 3))), max(-exponent, 0))
        return other if other != value else value + Decimal(1).scaleb(exponent)

    def traps(self, facts: Sequence[Fact], voice: Voice, count: int) -> list[str]:
        """Sentences with figures that are no rows: a forecast, a target, last year's figure."""
        usable = [fact for fact in facts if fact.value > 0 and fact.comparable]
        told = []
        for template in self.rng.sample(self.wording.traps, count if usable else 0):
            fact = self.rng.choice(usable)
            # Last year's balance would need a date of its own.
            if fact.metric.kind == "flow" or not needs(template, "prior"):
                told.append(fill(template, self._trap_slots(fact, voice, template)))
        return told

    def expected(self, fact: Fact) -> Decimal:
        """A forecast for a whole year, of a size that suits the part of a year that the fact covers."""
        return self.near(fact.value / Decimal(str(fact.period.share)) if fact.accumulates else fact.value, fact.value)

    def _trap_slots(self, fact: Fact, voice: Voice, template: str) -> dict[str, str]:
        percent = Decimal(self.rng.randint(3, 25))
        yearly = needs(template, "y1") or needs(template, "y3")
        return (
            slots(self.rng, fact, voice, None)
            | self.frame(voice)
            | {
                "fvalue": voice.amount(self.expected(fact) if yearly else self.near(fact.value), fact.unit),
                "stale": voice.amount(self.near(fact.prior or fact.value), fact.unit),
                "fpct": voice.amount(percent / 10, "п.п.") if fact.points else voice.amount(percent, "%"),
                "market": voice.amount(percent, "%"),
            }
        )

    def ending(self, facts: Sequence[Fact], voice: Voice) -> tuple[list[str], bool]:
        """Traps and remarks that close a document, and whether there is a trap."""
        traps = self.traps(facts, voice, self.rng.choice((0, 1, 1, 2)))
        remark = fill(self.rng.choice(self.wording.noise), self.frame(voice))
        return [*traps, remark] if remark else traps, bool(traps)


def topic(industry: str) -> str:
    """`bank` or `corporate`."""
    return "bank" if industry == BANK else "corporate"
