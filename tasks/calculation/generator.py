"""Builds the calculation data: `python -m tasks.calculation.generator`.

Train and validation use the families of `SEEN`; the test uses them with new figures and wordings (slice `seen`), the
families of `UNSEEN` (slice `unseen`), and the items of `handwritten.jsonl`.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tasks import ROOT
from tasks.authoring.build import main
from tasks.authoring.companies import INDUSTRIES, company
from tasks.authoring.russian import quantize
from tasks.calculation.distractors import distracting_sentence
from tasks.calculation.formula import Formula
from tasks.calculation.formulas import SEEN, UNSEEN
from tasks.calculation.frames import FRAMES, UNITS, places
from tasks.calculation.problem import Line, Problem, Style, draw, other_unit, with_unit
from tasks.items import Item, read_jsonl, validate

SEED = 20240917
PER_FORMULA = {"train": 48, "validation": 3, "seen": 4, "unseen": 13}
"""Items that each formula family gets."""
LONGEST_WORDS = 100
"""Characters of formulas in words that an answer may carry."""

_VARIANTS = ("plain", "distractor", "mixed_units", "plain", "plain")
_STYLES = tuple(
    Style(currency, space) for currency in ("руб.", "руб.", "рублей", "₽") for space in (" ", " ", "\u00a0")
)
_INDUSTRIES = tuple(industry for industry in INDUSTRIES if industry != "bank")
_DATED = {"period": "год", "since": "ключевая ставка действует с"}
"""Names that a list gives the placeholders of dated facts."""


@dataclass(frozen=True)
class _Draft:
    """A problem on its way to an item."""

    problem: Problem
    split: str
    variant: str
    converted: str
    """Name of the input that is given in another unit, or empty."""

    @property
    def formula(self) -> Formula:
        return self.problem.formula

    @property
    def difficulty(self) -> str:
        if self.variant != "plain":
            return self.variant
        return "one_step" if len(self.formula.steps) == 1 else "multi_step"

    def figure(self, name: str) -> str:
        return self.problem.figure(name, converted=name == self.converted)


def build() -> dict[str, list[Item]]:
    """Every split's items, the same on every run."""
    rng = random.Random(SEED)
    used: set[tuple[str, str]] = set()
    handwritten = validate(read_jsonl(ROOT / "calculation" / "handwritten.jsonl"), "handwritten.jsonl")
    test = [*_items(rng, SEEN, "test", "seen", used), *_items(rng, UNSEEN, "test", "unseen", used)]
    train = list(_items(rng, SEEN, "train", "generated", used))
    validation = list(_items(rng, SEEN, "validation", "generated", used))
    # Neighbours in a file share no formula, so that any prefix of it is a fair sample.
    for items in (test, train, validation):
        rng.shuffle(items)
    return {
        "train": _numbered(train, "train"),
        "validation": _numbered(validation, "validation"),
        "test": [*_numbered(test, "test"), *handwritten],
    }


def _numbered(items: list[Item], split: str) -> list[Item]:
    return [item.model_copy(update={"id": f"calc-{split}-{n:04d}"}) for n, item in enumerate(items, 1)]


def _items(
    rng: random.Random, formulas: tuple[Formula, ...], split: str, slice_: str, used: set[tuple[str, str]]
) -> Iterator[Item]:
    count = PER_FORMULA[slice_ if split == "test" else split]
    for formula in formulas:
        for index in range(count):
            draft = _draft(rng, formula, split, _VARIANTS[index % len(_VARIANTS)])
            while (formula.id, draft.problem.inputs) in used:
                draft = _draft(rng, formula, split, draft.variant)
            used.add((formula.id, draft.problem.inputs))
            yield _item(rng, draft, slice_, index)


def _draft(rng: random.Random, formula: Formula, split: str, variant: str) -> _Draft:
    problem = draw(formula, rng)
    if variant != "mixed_units":
        return _Draft(problem, split, variant, "")
    names = [i.name for i in formula.inputs if other_unit(i, problem.values[i.name], problem.scale)]
    # Some families (rates only) have nothing to convert.
    return _Draft(problem, split, variant, rng.choice(names)) if names else _Draft(problem, split, "plain", "")


def _item(rng: random.Random, draft: _Draft, slice_: str, index: int) -> Item:
    template, text = _instruction(rng, draft, index)
    references = _references(rng, draft)
    return Item(
        id="pending",
        category="calculation",
        topic=draft.formula.topic,
        slice=slice_,
        difficulty=draft.difficulty,
        template_id=f"{draft.formula.id}-{draft.split}-{template}",
        instruction=_tidy(rng.choice(_STYLES)(text)),
        output=references[0],
        references=references,
        gold={
            "value": f"{draft.problem.answer:f}",
            "unit": draft.problem.unit,
            "decimals": draft.problem.decimals,
            "formula": draft.formula.id,
            "inputs": draft.problem.inputs,
        },
        source="generator",
    )


def _instruction(rng: random.Random, draft: _Draft, index: int) -> tuple[str, str]:
    """The wording's name and the text. Wordings take turns, with every fifth or so a bare list."""
    frames, formula = FRAMES[draft.split], draft.formula
    wordings = formula.wordings(draft.split)
    choice = (index + len(formula.id)) % (len(wordings) + 1)
    slots = {"what": formula.what, "asked": formula.asked, "rounding": _rounding(rng, draft)}
    extra = _distractor(rng, draft) if draft.variant == "distractor" else ""
    if choice == len(wordings):
        rows = [*_rows(draft), *([extra] if extra else [])]
        return "list", rng.choice(frames.listing).format(rows="\n".join(rows), note=formula.note, **slots)
    # A distracting sentence would come between a question and its answer format.
    silent = [number for number, wording in enumerate(wordings) if not wording.endswith("?")]
    choice = silent[choice % len(silent)] if extra else choice
    wording = wordings[choice]
    facts = " ".join(filter(None, (wording.format(**_placeholders(rng, draft)), extra, formula.note)))
    outer = frames.plain if wording.endswith("?") else frames.asking
    return str(choice + 1), rng.choice(outer).format(facts=facts, **slots)


def _placeholders(rng: random.Random, draft: _Draft) -> dict[str, str]:
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


def _rows(draft: _Draft) -> list[str]:
    bullet = FRAMES[draft.split].bullet
    rows = [bullet.format(label=i.label, figure=draft.figure(i.name)) for i in draft.formula.inputs]
    return rows + [bullet.format(label=_DATED[key], figure=text) for key, text in draft.problem.facts.items()]


def _distractor(rng: random.Random, draft: _Draft) -> str:
    """Last year's value of an input where the family allows it, otherwise a sentence from the surroundings."""
    given = rng.choice([i for i in draft.formula.inputs if i.kind == "money"] or [draft.formula.inputs[0]])
    value = draft.problem.values[given.name]
    last_year = quantize(value * rng.randint(80, 96) / 100, max(0, -int(value.normalize().as_tuple().exponent)))
    if draft.formula.yearly and rng.random() < 0.6 and last_year:
        figure = with_unit(last_year, draft.problem.scale)
        return FRAMES[draft.split].last_year.format(label=given.label, figure=figure)
    return distracting_sentence(rng, draft.formula.surroundings, draft.split)


def _rounding(rng: random.Random, draft: _Draft) -> str:
    frames, unit = FRAMES[draft.split], draft.problem.unit
    where = places(draft.problem.decimals, unit)
    if not unit:
        return rng.choice(frames.rounding_bare).format(places=where)
    return rng.choice(frames.rounding).format(into=UNITS[unit], places=where)


def _tidy(text: str) -> str:
    """One full stop after an abbreviation that ends a sentence, no double or trailing spaces."""
    text = re.sub(r"\.\.+", ".", text)
    return re.sub(r" +(?=\n|$)", "", re.sub(r" {2,}", " ", text)).strip()


def _references(rng: random.Random, draft: _Draft) -> list[str]:
    """Two solutions in the split's own words, both ending with the answer line."""
    frames, lines = FRAMES[draft.split], draft.problem.lines()
    layouts = rng.sample(frames.solution, len(frames.solution))
    # A long formula in words stays out of the answer itself, which must fit the length that a model may write.
    if sum(len(line.words) for line in lines) > LONGEST_WORDS:
        layouts.sort(key=lambda layout: "{words}" in layout)
    opening = [_conversion(rng, draft)] if draft.converted else []
    answer = f"Ответ: {with_unit(draft.problem.answer, draft.problem.unit, draft.problem.decimals)}"
    texts = ["\n".join([*opening, *_solution(layout, lines), answer]) for layout in layouts[:2]]
    return [_tidy(Style()(text)) for text in texts]


def _conversion(rng: random.Random, draft: _Draft) -> str:
    plain = draft.problem.figure(draft.converted)
    return rng.choice(FRAMES[draft.split].conversion).format(given=draft.figure(draft.converted), converted=plain)


def _solution(layout: str, lines: list[Line]) -> list[str]:
    return [
        layout.format(
            n=n,
            name=line.name,
            Name=line.name[:1].upper() + line.name[1:],
            words=line.words,
            figures=line.figures,
            sign=line.sign,
            value=line.value,
        )
        for n, line in enumerate(lines, 1)
    ]


if __name__ == "__main__":
    main("calculation", build)
