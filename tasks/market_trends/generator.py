"""Builds the family's data: scenarios from seeded draws, facts from the key-rate table, handwritten items as they are."""

import random
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from tasks.authoring.build import handwritten, main
from tasks.authoring.russian import number, quantize
from tasks.items import Item
from tasks.market_trends import key_rate, wording
from tasks.market_trends.macro import BYSTANDERS, INDICATORS
from tasks.market_trends.rubric import DIRECTIONS
from tasks.market_trends.scene import POINTS, PRICES, Participant, Scene, growth, scene, signed

FAMILY = "market_trends"
SIZES = {"train": 900, "validation": 75, "test": 210}
FACTUAL_SHARE = 0.15
_SEED = 20251027


def build() -> dict[str, list[Item]]:
    """Every split's items, in file order; the test split ends with the handwritten ones."""
    splits = {split: _split(split, size) for split, size in SIZES.items()}
    splits["test"] += handwritten(FAMILY)
    return splits


def _split(split: str, size: int) -> list[Item]:
    rng = random.Random(_SEED + list(SIZES).index(split))
    deck = _deck(rng)
    return [_item(rng, split, index, deck) for index in range(size)]


def _deck(rng: random.Random) -> Iterator[str]:
    """Directions without end, equally often each."""
    while True:
        cards = list(DIRECTIONS) * 4
        rng.shuffle(cards)
        yield from cards


def _item(rng: random.Random, split: str, index: int, deck: Iterator[str]) -> Item:
    drawn = scene(rng, split, deck, factual=rng.random() < FACTUAL_SHARE)
    template, instruction = _instruction(rng, split, drawn)
    references = list(dict.fromkeys(_reference(rng, split, drawn) for _ in range(6)))[:2]
    misses = sum(_thumb(participant, drawn) != participant.direction for participant in drawn.participants)
    return Item(
        id=f"market-{split}-{index:04d}",
        category=FAMILY,
        topic="key_rate_history" if drawn.dates else "scenario",
        slice="generated",
        difficulty="hard" if misses * 3 >= len(drawn.participants) * 2 else "basic",
        template_id=f"market-{split}-{template}",
        instruction=instruction,
        output=references[0],
        references=references,
        gold={
            "directions": [
                {"sector": one.name, "direction": one.direction, "formula": one.formula} for one in drawn.participants
            ],
            "changes": _changes(drawn),
        },
        source="generator",
    )


def _changes(drawn: Scene) -> list[str]:
    """Changes of prices in percent and of rates in points: answers cite them, and not every formula has them as a part."""
    used = {name: drawn.economy[name] for participant in drawn.participants for name in participant.case.uses}
    prices = [growth(used[name].before, used[name].after) for name in PRICES if name in used]
    return [
        str(value) for value in (*prices, *(used[name].after - used[name].before for name in POINTS if name in used))
    ]


def _thumb(participant: Participant, drawn: Scene) -> str:
    """What the rule of thumb says: good or bad by the sign of one indicator, the circumstances left aside."""
    indicator, sign = participant.case.thumb
    moved = drawn.economy[indicator].sign() if indicator else 1
    return DIRECTIONS[0] if moved * sign > 0 else DIRECTIONS[-1]


def _instruction(rng: random.Random, split: str, drawn: Scene) -> tuple[str, str]:
    """The prompt, and the mark of its wording."""
    opening, economy = _opening(rng, split, drawn)
    heading, question = (rng.randrange(len(lines[split])) for lines in (wording.PARTICIPANTS, wording.QUESTIONS))
    mark = rng.choice(("- ", "— ", "• ") if split == "train" else ("* ", "– "))
    people = [wording.PARTICIPANTS[split][heading]]
    for participant in drawn.participants:
        about = rng.choice(participant.case.about[split]).format(**participant.texts)
        people.append(f"{mark}{participant.header}: {about}.")
    asked = wording.QUESTIONS[split][question]
    blocks = [economy, "\n".join(people), asked] if rng.random() < 0.7 else ["\n".join(people), economy, asked]
    return f"{opening}-q{question:02d}", _tidy("\n".join(blocks))


def _opening(rng: random.Random, split: str, drawn: Scene) -> tuple[str, str]:
    if drawn.dates:
        index = rng.randrange(len(wording.FACTS[split]))
        text = wording.FACTS[split][index].format(**_fact_texts(drawn.dates))
        return f"f{index:02d}", f"{text} {wording.FICTION[split]}"
    index = rng.randrange(len(wording.OPENINGS[split]))
    line = rng.choice(wording.MACRO_LINES[split])
    needed = list(dict.fromkeys(name for participant in drawn.participants for name in participant.case.uses))
    needed += rng.sample(BYSTANDERS, rng.randint(1, 3))
    rng.shuffle(needed)
    lines = [wording.macro_line(name, drawn.economy[name], line, split) for name in needed]
    if rng.random() < 0.5:
        prose = "; ".join(lines)
        return f"s{index:02d}", f"{wording.OPENINGS[split][index]} {prose[0].upper()}{prose[1:]}."
    return f"s{index:02d}", "\n".join([wording.OPENINGS[split][index], *lines])


def _fact_texts(dates: tuple[date, date]) -> Mapping[str, str]:
    year = dates[1].year - 1
    rates = {f"key{at}": INDICATORS["key"].text(key_rate.KEY_RATE[moment]) for at, moment in enumerate(dates)}
    days = {f"day{at}": key_rate.day(moment) for at, moment in enumerate(dates)}
    return rates | days | {"year": str(year), "infl": f"{number(key_rate.INFLATION[year], 1)}%"}


def _reference(rng: random.Random, split: str, drawn: Scene) -> str:
    lines = [f"{participant.name}: {participant.direction}" for participant in drawn.participants]
    reasons = [_reason(rng, split, participant) for participant in drawn.participants]
    closing = rng.choice(wording.CLOSINGS[split])
    text = " ".join([*reasons, closing]).strip()
    return _tidy("\n".join([*lines, rng.choice(wording.OUTLOOKS[split]).format(text=text)]))


def _reason(rng: random.Random, split: str, participant: Participant) -> str:
    because = rng.choice(participant.case.because[split]).format(**participant.texts)
    effect = Decimal(participant.effect.numerator) / participant.effect.denominator
    decimals = 0 if abs(effect) >= 10 else 1
    size = quantize(abs(effect), decimals)
    templates = wording.CONCLUSIONS[split][participant.direction] if size else wording.NO_EFFECT[split]
    conclusion = rng.choice(templates).format(
        e=f"{signed(effect, decimals)}%", size=f"{number(size)}%", base=participant.case.base
    )
    return f"{participant.name} — {because}; {conclusion}."


def _tidy(text: str) -> str:
    """One full stop where an abbreviation ends a sentence, and no needless zeros («16,00%»)."""
    return re.sub(r"(руб|п|г|барр|унц)\.\.", r"\1.", re.sub(r"(\d),(?:00|(\d)0)(?=%)", _short, text))


def _short(match: re.Match[str]) -> str:
    return f"{match[1]},{match[2]}" if match[2] else match[1]


if __name__ == "__main__":
    main(FAMILY, build)
