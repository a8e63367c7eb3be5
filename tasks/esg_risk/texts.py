"""Puts a drawn company into words: the facts of the instruction, and the reference answers."""

import random
import tomllib
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from tasks.authoring.russian import NBSP, counted, number, plural, quantize
from tasks.esg_risk import rubric
from tasks.esg_risk.profile import Company, Fact, Happening, Reading

ANSWER_LINES = ("Экологический риск", "Социальный риск", "Управленческий риск", "Общий риск")
"""Names of the four answer lines, in the order environment, social, governance, overall."""

_HOW_MANY = ("ноль", "один", "два", "три")
_COUNTED = {"ltifr": ("случай", "случая", "случаев"), "claims": ("иск", "иска", "исков")}


@lru_cache(maxsize=3)
def wording(split: str) -> dict[str, Any]:
    """The authored sentences of one split: `wording/<split>.toml`."""
    return tomllib.loads((Path(__file__).parent / "wording" / f"{split}.toml").read_text(encoding="utf-8"))


def plain(value: Decimal | int, decimals: int | None = None) -> str:
    """A number as people type it: decimal comma, ordinary spaces."""
    return number(value, decimals).replace(NBSP, " ")


def with_unit(value: Decimal, reading: Reading) -> str:
    """ "24,5%", "1,64 т CO₂-экв./т стали", "0,85"."""
    text = plain(value, reading.decimals)
    return f"{text}%" if reading.unit == "%" else f"{text} {reading.unit}".rstrip()


def bare(value: Decimal, reading: Reading) -> str:
    """The number without a unit that stands nearby anyway; a per cent sign stays."""
    return with_unit(value, reading) if reading.unit == "%" else plain(value, reading.decimals)


def sentence(rng: random.Random, fact: Fact, owner: Company, split: str) -> str:
    """One fact as a clause of the instruction."""
    words = wording(split)
    if isinstance(fact, Happening):
        return event_text(rng.choice(words["events"][fact.key]), fact, owner.year)
    if fact.parts:
        slots = part_slots(fact)
        return rng.choice(words["computed"][fact.key]).format(
            b=bare(fact.industry, fact), bu=with_unit(fact.industry, fact), **slots
        )
    name = name_of(fact, split)
    frames = words["frames"]["direct" if fact.previous is None else "trend"]
    if name.endswith(")"):
        frames = [frame for frame in frames if not frame.startswith("{name} (")]
    return rng.choice(frames).format(
        name=name,
        v=with_unit(fact.value, fact),
        b=bare(fact.industry, fact),
        p=bare(fact.previous, fact) if fact.previous is not None else "",
        year=owner.year,
        prev=owner.year - 1,
    )


def name_of(reading: Reading, split: str) -> str:
    """What the texts of a split call an indicator."""
    names = wording(split)["names"][reading.key]
    return names[reading.variant % len(names)]


def event_text(template: str, event: Happening, year: int) -> str:
    """An event's words with its number."""
    days = plural(int(event.amount), "день", "дня", "дней")
    return template.format(x=plain(event.amount), x_days=days, year=year)


def part_slots(reading: Reading) -> dict[str, str]:
    """Slots of a sentence that gives an indicator through its components."""
    slots = {key: plain(part) for key, part in reading.parts.items() if isinstance(part, Decimal)}
    if reading.key in _COUNTED:
        slots["a"] = counted(int(reading.parts["a"]), *_COUNTED[reading.key]).replace(NBSP, " ")
    if "unit_d" in reading.parts:
        slots["d"] += f" {reading.parts['unit_d']}"
    return slots


def calculation(reading: Reading) -> str:
    """The derivation of an indicator from its components: «(312,4 + 96,1) / 240,5»."""
    parts = {key: plain(part) for key, part in reading.parts.items() if isinstance(part, Decimal)}
    if reading.key == "co2":
        factor = f" × {parts['factor']}" if reading.parts["factor"] != 1 else ""
        return f"({parts['a']} + {parts['c']}) / {parts['d']}{factor}"
    tail = {"ltifr": "", "claims": " × 1000"}.get(reading.key, " × 100")
    return f"{parts['a']} / {parts['d']}{tail}"


class Reference:
    """Writes reference answers of one item; variant 0, 1, 2 say every statement in another way."""

    def __init__(self, rng: random.Random, split: str) -> None:
        self._split = split
        self._words = wording(split)["reference"]
        self._all = wording(split)
        self._seed = rng.randrange(10_000)

    def write(self, facts: list[Fact], levels: dict[str, str], variant: int) -> str:
        """The whole answer: four labels, analysis, measures."""
        # The same draws for every variant, so that the variant alone changes each sentence.
        self._rng = random.Random(self._seed)
        self._variant = variant
        self._style = self._rng.randrange(3) + variant
        labels = [f"{name}: {level}" for name, level in zip(ANSWER_LINES, levels.values(), strict=True)]
        deciding = {p: self._deciding(facts, p, levels[p]) for p in rubric.PILLARS}
        analysis = [self._pillar(p, levels[p], deciding[p], facts) for p in rubric.PILLARS]
        return "\n".join(
            [*labels, f"Анализ: {' '.join(analysis)} {self._overall(levels)}", self._measures(list(deciding.values()))]
        )

    def _pick(self, options: list[str]) -> str:
        return options[(self._rng.randrange(len(options)) + self._variant) % len(options)]

    def _styled(self, options: list[str]) -> str:
        """Like `_pick`, but the same choice throughout an answer, as one author writes."""
        return options[self._style % len(options)]

    @staticmethod
    def _deciding(facts: list[Fact], pillar: str, level: str) -> Fact:
        """The fact that sets the level: an event before an indicator, the widest gap among indicators."""
        own = [fact for fact in facts if fact.pillar == pillar and fact.level == level]
        if level != rubric.LOW:
            own.sort(key=lambda fact: (isinstance(fact, Reading), -fact.gap if isinstance(fact, Reading) else 0))
            return own[0]
        return max((fact for fact in own if isinstance(fact, Reading)), key=lambda fact: fact.gap)

    def _pillar(self, pillar: str, level: str, fact: Fact, facts: list[Fact]) -> str:
        if isinstance(fact, Reading):
            text = self._reading(fact)
        else:
            kind = "event_high" if level == rubric.HIGH else "event_medium"
            cite = event_text(self._pick(self._all["cite"][fact.key]), fact, 0)
            text = self._pick(self._words[kind]).format(cite=cite)
            if level == rubric.HIGH:
                text += self._contrast(facts, pillar)
        head = self._styled(self._words[pillar])
        # «… 42 млн руб.» already ends the sentence.
        return self._styled(self._words["pillar"]).format(head=head, level=level, facts=text).replace("..", ".")

    def _reading(self, fact: Reading) -> str:
        slots = {
            "name": name_of(fact, self._split),
            "v": with_unit(fact.value, fact),
            "b": bare(fact.industry, fact),
            "gap": self._gap(fact),
        }
        if fact.parts:
            return self._pick(self._words["calc"]).format(calc=calculation(fact), **slots)
        text = self._pick(self._words["quant"]).format(**slots)
        if fact.previous is not None and fact.improved and fact.level != rubric.LOW:
            text += f"; {self._pick(self._words['trend'])}"
        return text

    def _gap(self, fact: Reading) -> str:
        rounded = quantize(fact.gap, 0)
        kind = {rubric.HIGH: "gap_high", rubric.MEDIUM: "gap_medium"}.get(fact.level, "gap_worse")
        if rounded < 0:
            kind = "gap_better"
        elif rounded == 0:
            kind = "gap_equal"
        return self._pick(self._words[kind]).format(d=abs(rounded))

    def _contrast(self, facts: list[Fact], pillar: str) -> str:
        """A good indicator beside a deciding event: it does not outweigh it."""
        good = [f for f in facts if isinstance(f, Reading) and f.pillar == pillar and quantize(f.gap, 0) < 0]
        if not good:
            return ""
        return "; " + self._pick(self._words["contrast"]).format(
            name=name_of(good[0], self._split), v=with_unit(good[0].value, good[0])
        )

    def _overall(self, levels: dict[str, str]) -> str:
        pillars = [levels[pillar] for pillar in rubric.PILLARS]
        if levels["governance"] == rubric.HIGH:
            kind = "overall_governance"
        elif pillars.count(rubric.HIGH) == 2:
            kind = "overall_two_high"
        elif rubric.HIGH in pillars:
            kind = "overall_one_high"
        else:
            kind = "overall_low" if levels["overall"] == rubric.LOW else "overall_medium"
        counted_level = rubric.LOW if kind == "overall_low" else rubric.MEDIUM
        return self._pick(self._words[kind]).format(n=_HOW_MANY[pillars.count(counted_level)])

    def _measures(self, deciding: list[Fact]) -> str:
        """One measure for each risk found, two where there is only one, monitoring where there is none."""
        keys = [fact.key for fact in deciding if fact.level != rubric.LOW]
        if not keys:
            chosen = [self._pick(self._words["keep"])]
        elif len(keys) == 1:
            first = self._pick(self._all["measure"][keys[0]])
            others = [measure for measure in self._all["measure"][keys[0]] if measure != first]
            chosen = [first, self._pick(others)]
        else:
            chosen = [self._pick(self._all["measure"][key]) for key in keys]
        return self._pick(self._words["measures"]).format(measures="; ".join(chosen))
