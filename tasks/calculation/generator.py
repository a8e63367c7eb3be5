"""Builds the calculation data: `python -m tasks.calculation.generator`.

Train and validation use the families of `SEEN`; the test uses them with new figures and wordings (slice `seen`), the
families of `UNSEEN` (slice `unseen`), and the items of `handwritten.jsonl`.
"""

import random
from collections.abc import Iterator

from tasks.authoring.build import handwritten, main
from tasks.calculation.drawing import draw
from tasks.calculation.formula import Formula
from tasks.calculation.formulas import SEEN, UNSEEN
from tasks.calculation.prompt import Draft, instruction
from tasks.calculation.solution import references
from tasks.items import Item

SEED = 20240917
PER_FORMULA = {"train": 48, "validation": 3, "seen": 4, "unseen": 13}
"""Items that each formula family gets."""
_VARIANTS = ("plain", "distractor", "mixed_units", "plain", "plain")


def build() -> dict[str, list[Item]]:
    """Every split's items, the same on every run."""
    rng = random.Random(SEED)
    used: set[tuple[str, str]] = set()
    test = [*_items(rng, SEEN, "test", "seen", used), *_items(rng, UNSEEN, "test", "unseen", used)]
    train = list(_items(rng, SEEN, "train", "generated", used))
    validation = list(_items(rng, SEEN, "validation", "generated", used))
    # Shuffled, so that the first items of a file (`--limit`) are a fair sample of it.
    for items in (test, train, validation):
        rng.shuffle(items)
    return {
        "train": _numbered(train, "train"),
        "validation": _numbered(validation, "validation"),
        "test": [*_numbered(test, "test"), *handwritten("calculation")],
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


def _draft(rng: random.Random, formula: Formula, split: str, variant: str) -> Draft:
    problem = draw(formula, rng)
    if variant != "mixed_units":
        return Draft(problem, split, variant, "")
    names = [i.name for i in formula.inputs if problem.converted(i.name)]
    # Some families (rates only) have nothing to convert.
    return Draft(problem, split, variant, rng.choice(names)) if names else Draft(problem, split, "plain", "")


def _item(rng: random.Random, draft: Draft, slice_: str, index: int) -> Item:
    template, text = instruction(rng, draft, index)
    solutions = references(rng, draft)
    return Item(
        id="pending",
        category="calculation",
        topic=draft.formula.topic,
        slice=slice_,
        difficulty=draft.difficulty,
        template_id=f"{draft.formula.id}-{draft.split}-{template}",
        instruction=text,
        output=solutions[0],
        references=solutions,
        gold={
            "value": f"{draft.problem.answer:f}",
            "unit": draft.problem.unit,
            "decimals": draft.problem.decimals,
            "formula": draft.formula.id,
            "inputs": draft.problem.inputs,
        },
        source="generator",
    )


if __name__ == "__main__":
    main("calculation", build)
