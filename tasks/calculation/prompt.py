"""Puts a problem into words: a wording of its family, inside a frame of its split."""

import random
import re
from dataclasses import dataclass

from tasks.authoring.companies import INDUSTRIES, company
from tasks.authoring.russian import quantize
from tasks.calculation.distractors import distracting_sentence
from tasks.calculation.figures import Style, with_unit
from tasks.calculation.formula import Formula
from tasks.calculation.frames import FRAMES, UNITS, places
from tasks.calculation.problem import Problem

_STYLES = tuple(
    Style(currency, space) for currency in ("руб.", "руб.", "рублей", "₽") for space in (" ", " ", "\u00a0")
)
_INDUSTRIES = tuple(industry for industry in INDUSTRIES if industry != "bank")
_DATED = {"period": "год", "since": "ключевая ставка действует с"}
"""Names that a list gives the placeholders of dated facts."""


@dataclass(frozen=True)
class Draft:
    """A problem on its way to an item."""

    problem: Problem
    split: str
    variant: str
    converted: str
    """Name of the input that is given in another unit, or empty."""

    @property
    def formula(self) -> Formula:
        """The problem's family."""
        return self.problem.formula

    @property
    def difficulty(self) -> str:
        """The item's difficulty: the variant's, or the family's own."""
        if self.variant != "plain":
            return self.variant
        return "one_step" if len(self.formula.steps) == 1 else "multi_step"

    def figure(self, name: str) -> str:
        """An input as this problem gives it."""
        return self.problem.converted(name) if name == self.converted else self.problem.figure(name)


def instruction(rng: random.Random, draft: Draft, index: int) -> tuple[str, str]:
    """The wording's name and the text. Wordings take turns, with every fifth or so a bare list."""
    frames, formula = FRAMES[draft.split], draft.formula
    wordings = formula.wordings(draft.split)
    choice = (index + len(formula.id)) % (len(wordings) + 1)
    slots = {"what": formula.what, "asked": formula.asked, "rounding": _rounding(rng, draft)}
    extra = _distractor(rng, draft) if draft.variant == "distractor" else ""
    if choice == len(wordings):
        rows = [*_rows(draft), *([extra] if extra else [])]
        text = rng.choice(frames.listing).format(rows="\n".join(rows), note=formula.note, **slots)
        return "list", _printed(rng, text)
    # A distracting sentence would come between a question and its answer format.
    silent = [number for number, wording in enumerate(wordings) if not wording.endswith("?")]
    choice = silent[choice % len(silent)] if extra else choice
    wording = wordings[choice]
    facts = " ".join(filter(None, (wording.format(**_placeholders(rng, draft)), extra, formula.note)))
    outer = frames.plain if wording.endswith("?") else frames.asking
    return str(choice + 1), _printed(rng, rng.choice(outer).format(facts=facts, **slots))


def _printed(rng: random.Random, text: str) -> str:
    """The text in a style of its own."""
    return tidy(rng.choice(_STYLES)(text))


def _placeholders(rng: random.Random, draft: Draft) -> dict[str, str]:
    year = rng.randint(2019, 2025)
    return {
        **{i.name: draft.figure(i.name) for i in draft.formula.inputs},
        **draft.problem.facts,
        "company": company(rng, draft.split, rng.choice(_INDUSTRIES)),
        "issuer": company(rng, draft.split, rng.choice(_INDUSTRIES), forms=("ПАО",)),
        "bank": company(rng, draft.split, "bank"),
        "year": str(year),
        "prev": str(year - 1),
    }


def _rows(draft: Draft) -> list[str]:
    bullet = FRAMES[draft.split].bullet
    rows = [bullet.format(label=i.label, figure=draft.figure(i.name)) for i in draft.formula.inputs]
    return rows + [bullet.format(label=_DATED[key], figure=text) for key, text in draft.problem.facts.items()]


def _distractor(rng: random.Random, draft: Draft) -> str:
    """Last year's value of an input where the family allows it, otherwise a sentence from the surroundings."""
    given = rng.choice([i for i in draft.formula.inputs if i.kind == "money"] or [draft.formula.inputs[0]])
    value = draft.problem.values[given.name]
    last_year = quantize(value * rng.randint(80, 96) / 100, max(0, -int(value.normalize().as_tuple().exponent)))
    if draft.formula.yearly and rng.random() < 0.6 and last_year:
        figure = with_unit(last_year, draft.problem.scale)
        return FRAMES[draft.split].last_year.format(label=given.label, figure=figure)
    return distracting_sentence(rng, draft.formula.surroundings, draft.split)


def _rounding(rng: random.Random, draft: Draft) -> str:
    frames, unit = FRAMES[draft.split], draft.problem.unit
    where = places(draft.problem.decimals, unit)
    if not unit:
        return rng.choice(frames.rounding_bare).format(places=where)
    return rng.choice(frames.rounding).format(into=UNITS[unit], places=where)


def tidy(text: str) -> str:
    """One full stop after an abbreviation that ends a sentence, no double spaces, none at a line's ends."""
    text = re.sub(r"\.\.+", ".", text)
    return re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", text)).strip()
