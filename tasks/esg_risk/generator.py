"""Builds the family's data: `python -m tasks.esg_risk.generator`."""

import random
from collections.abc import Iterator
from itertools import product

from tasks.authoring.build import handwritten, main
from tasks.esg_risk import rubric
from tasks.esg_risk.profile import Company, Fact, Happening, Reading, draw_company, draw_pillar
from tasks.esg_risk.texts import Reference, bare, name_of, plain, sentence, with_unit, wording
from tasks.items import Item

SEED = 20_250_904
SIZES = {"train": 900, "validation": 72, "test": 208}
"""Generated items a split; the handwritten ones are added to test."""

_OVERALL_CYCLE = (rubric.HIGH, rubric.MEDIUM, rubric.LOW, rubric.HIGH, rubric.MEDIUM, rubric.LOW, rubric.HIGH)
_MARKS = {"train": ("— ", "• "), "validation": ("* ",), "test": ("- ", "– ")}
_HARD_FACTS = 4
"""An item is hard from this many facts on that mislead: computed values, improved but bad, one event among good."""


def build() -> dict[str, list[Item]]:
    """All items of the three splits."""
    splits = {split: _split(split, size) for split, size in SIZES.items()}
    splits["test"] += handwritten("esg_risk")
    return splits


def _split(split: str, size: int) -> list[Item]:
    rng = random.Random(f"{SEED}-{split}")
    decks = {overall: _deck(rng, overall) for overall in rubric.LEVELS}
    wanted = (_OVERALL_CYCLE[number % len(_OVERALL_CYCLE)] for number in range(size))
    return [_item(rng, split, number, next(decks[overall])) for number, overall in enumerate(wanted)]


def _item(rng: random.Random, split: str, number: int, levels: dict[str, str]) -> Item:
    owner = draw_company(rng, split)
    facts = [fact for pillar in rubric.PILLARS for fact in draw_pillar(rng, owner, pillar, levels[pillar])]
    prompts = wording(split)["prompts"]
    prompt = number % len(prompts)
    reference = Reference(rng, split)
    references = [reference.write(facts, levels, variant) for variant in range(2)]
    return Item(
        id=f"esg-{split}-{number + 1:04d}",
        category="esg_risk",
        topic=owner.industry,
        slice="generated",
        difficulty="hard" if sum(map(_misleads, facts)) >= _HARD_FACTS else "basic",
        template_id=f"esg-{split}-{prompt + 1:02d}",
        instruction=_instruction(rng, split, owner, facts, prompts[prompt]),
        output=references[0],
        references=references,
        gold=levels,
        source="generator",
    )


def _deck(rng: random.Random, overall: str) -> Iterator[dict[str, str]]:
    """Pillar levels that give the overall level, every combination equally often, in mixed order."""
    combinations = [c for c in product(rubric.LEVELS, repeat=3) if rubric.overall_level(*c) == overall]
    while True:
        for levels in rng.sample(combinations, len(combinations)):
            yield dict(zip(rubric.PILLARS, levels, strict=True)) | {"overall": overall}


def _misleads(fact: Fact) -> bool:
    if isinstance(fact, Happening):
        return fact.level == rubric.HIGH
    return bool(fact.parts) or (fact.previous is not None and fact.improved == (fact.level != rubric.LOW))


def _instruction(rng: random.Random, split: str, owner: Company, facts: list[Fact], prompt: list[str]) -> str:
    intro, ask = prompt
    intro = intro.format(
        company=owner.name,
        industry=owner.sector.name,
        staff=f"{plain(owner.staff)} человек",
        revenue=plain(owner.revenue),
        year=owner.year,
    )
    layout = rng.choice((_bullets, _grouped, _prose, _table))
    intro = intro.replace(" о АО", " об АО")
    return f"{intro}\n{layout(rng, split, owner, facts)}\n{ask}"


def _noise(rng: random.Random, split: str, year: int) -> list[str]:
    """Up to two statements that decide nothing."""
    chosen = rng.sample(wording(split)["noise"], rng.choice((0, 1, 1, 2)))
    return [
        text.format(money=rng.randrange(4, 90), trees=rng.randrange(6, 60) * 10, share=rng.randrange(15, 45),
                    goal=year + rng.randrange(3, 9))
        for text in chosen
    ]  # fmt: skip


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _bullets(rng: random.Random, split: str, owner: Company, facts: list[Fact]) -> str:
    lines = [sentence(rng, fact, owner, split) for fact in facts] + _noise(rng, split, owner.year)
    rng.shuffle(lines)
    mark = rng.choice((*_MARKS[split], ""))
    return "\n".join(f"{mark or f'{i}) '}{line}" for i, line in enumerate(lines, 1))


def _prose(rng: random.Random, split: str, owner: Company, facts: list[Fact]) -> str:
    lines = [sentence(rng, fact, owner, split) for fact in facts] + _noise(rng, split, owner.year)
    rng.shuffle(lines)
    return " ".join(_capital(f"{line.rstrip('.')}.") for line in lines)


def _grouped(rng: random.Random, split: str, owner: Company, facts: list[Fact]) -> str:
    headings = rng.choice(wording(split)["headings"])
    noise = _noise(rng, split, owner.year)
    lines = []
    for heading, pillar in zip(headings, rubric.PILLARS, strict=True):
        own = [sentence(rng, fact, owner, split) for fact in facts if fact.pillar == pillar]
        if pillar == "environment":
            own += noise
        rng.shuffle(own)
        lines.append(f"{heading}. " + " ".join(_capital(f"{text.rstrip('.')}.") for text in own))
    return "\n".join(lines)


def _table(rng: random.Random, split: str, owner: Company, facts: list[Fact]) -> str:
    words = wording(split)
    head = rng.choice(words["table_heads"])
    separator = " | " if "|" in head else "; "
    rows = [head]
    rest = []
    for fact in rng.sample(facts, len(facts)):
        if isinstance(fact, Reading) and not fact.parts and fact.previous is None:
            cells = (name_of(fact, split), with_unit(fact.value, fact), bare(fact.industry, fact))
            rows.append(separator.join(cells))
        else:
            rest.append(sentence(rng, fact, owner, split))
    rest += _noise(rng, split, owner.year)
    tail = " ".join([rng.choice(words["table_rest"]), *(_capital(f"{text.rstrip('.')}.") for text in rest)])
    return "\n".join(rows + ([tail] if rest else [])) if len(rows) > 1 else _prose(rng, split, owner, facts)


if __name__ == "__main__":
    main("esg_risk", build)
