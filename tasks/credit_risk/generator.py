"""Builds the credit-risk data: `python -m tasks.credit_risk.generator`."""

import random
from decimal import Decimal
from types import ModuleType
from typing import Any

from tasks.authoring.build import handwritten, main
from tasks.authoring.companies import company
from tasks.credit_risk import profiles, render, rubric
from tasks.credit_risk.wording import test, train, validation
from tasks.items import Item

SEED = 20_250_601
WORDING: dict[str, ModuleType] = {"train": train, "validation": validation, "test": test}
SIZES = {"train": 900, "validation": 90, "test": 210}
LEVELS = ("низкий", "средний", "высокий")

JOBS = (
    "инженер", "бухгалтер", "водитель погрузчика", "учитель", "программист", "менеджер по продажам", "повар", "электрик",
    "врач", "товаровед", "оператор станка", "фармацевт", "логист", "сварщик", "администратор гостиницы", "юрист",
)  # fmt: skip
PURPOSES = (
    ("ремонт квартиры", "ремонт квартиры"), ("покупка автомобиля", "покупку автомобиля"), ("лечение", "лечение"),
    ("обучение ребёнка", "обучение ребёнка"), ("строительство бани", "строительство бани"), ("свадьба", "свадьбу"),
    ("мебель и техника", "мебель и технику"), ("первый взнос за дачу", "первый взнос за дачу"),
)  # fmt: skip
BUSINESS_PURPOSES = (
    ("пополнение оборотных средств", "пополнение оборотных средств"), ("покупка оборудования", "покупку оборудования"),
    ("ремонт производственных помещений", "ремонт производственных помещений"), ("закупка сырья", "закупку сырья"),
    ("обновление автопарка", "обновление автопарка"), ("запуск новой линии", "запуск новой линии"),
    ("исполнение госконтракта", "исполнение госконтракта"),
)  # fmt: skip
OBJECTS = (
    ("автомобиль", "автомобиль", (700, 2900)), ("гараж", "гараж", (300, 900)), ("дача", "дачу", (1100, 4200)),
    ("земельный участок", "земельный участок", (500, 2600)), ("доля в квартире", "долю в квартире", (1500, 4500)),
)  # fmt: skip
BUSINESS_OBJECTS = ("складское здание", "оборудование", "торговый павильон", "офисное помещение", "спецтехника", "цех")
INDUSTRIES = {
    "manufacturing": "машиностроение", "metallurgy": "металлообработка", "chemistry": "производство пластика",
    "retail": "розничная торговля", "agriculture": "сельское хозяйство", "construction": "строительство",
    "transport": "грузоперевозки", "it": "разработка ПО", "pharma": "аптечная сеть", "food": "пищевое производство",
    "timber": "деревообработка", "services": "услуги клининга",
}  # fmt: skip


def build() -> dict[str, list[Item]]:
    """All splits; the handwritten items follow the generated ones of the test split."""
    splits = {split: _split(split) for split in SIZES}
    splits["test"] += handwritten("credit_risk")
    return splits


def _split(split: str) -> list[Item]:
    rng = random.Random(f"{SEED}-{split}")
    return [
        _item(rng, split, index, ("retail", "business")[index // 3 % 2], LEVELS[index % 3])
        for index in range(SIZES[split])
    ]


def _item(rng: random.Random, split: str, index: int, segment: str, level: str) -> Item:
    wording = WORDING[split]
    inputs = _inputs(rng, segment, level, index // 6)
    fields, pledged = _fields(rng, split, segment, inputs)
    opening, layout = rng.randrange(len(wording.PROMPTS)), rng.choice(render.LAYOUTS)
    text = render.profile(rng, wording, render.shown(inputs, segment, pledged=pledged), fields, segment, layout)
    references: list[str] = []
    while len(references) < 2:
        reference = render.answer(rng, wording, inputs, fields, segment)
        references += [reference] if reference not in references else []
    found = rubric.signs(inputs)
    return Item(
        id=f"credit-{split}-{index + 1:04d}",
        category="credit_risk",
        topic=f"{segment}_borrower",
        slice="generated",
        difficulty="hard" if _defeats_rule_of_thumb(inputs, found) else "basic",
        template_id=f"credit-{split}-{segment}-{opening:02d}-{layout}",
        instruction=wording.PROMPTS[opening].format(profile=text),
        output=references[0],
        references=references,
        gold=gold(inputs),
        source="generator",
    )


def gold(inputs: rubric.Inputs) -> dict[str, Any]:
    """The level, the signs that decide it, the stated figures, and what follows from them."""
    found = rubric.signs(inputs)
    return {
        "level": rubric.level(found),
        "rules": rubric.deciding(found),
        "inputs": {key: None if inputs[key] is None else float(inputs[key] or 0) for key in rubric.INPUT_KEYS},
        "derived": sorted({f"{rubric.rounded(value, 6).normalize():f}" for value in rubric.derived(inputs)}),
    }


def _inputs(rng: random.Random, segment: str, level: str, turn: int) -> profiles.Inputs:
    """A borrower of the level asked for; the sign that makes it goes round with `turn`, so that none is rare."""
    high, middle, draw = {
        "retail": (profiles.RETAIL_HIGH, profiles.RETAIL_MIDDLE, profiles.retail),
        "business": (profiles.BUSINESS_HIGH, profiles.BUSINESS_MIDDLE, profiles.business),
    }[segment]
    while True:
        leading = {"высокий": high, "средний": middle, "низкий": ()}[level]
        wanted = [leading[turn % len(leading)]] if leading else []
        if wanted and rng.random() < 0.35:
            wanted.append(rng.choice(middle))
        if _compatible(wanted):
            inputs = draw(rng, wanted)
            if set(rubric.signs(inputs)) == set(wanted):
                return inputs


def _compatible(wanted: list[str]) -> bool:
    """Whether one borrower can show all these signs: one of a kind, and a debt that can be serviced as stated."""
    kinds = [sign.split("_")[0] for sign in wanted]
    debt_signs = {"dscr", "leverage"} & set(kinds)
    if ("ebitda" in kinds and debt_signs) or ("startup" in kinds and {"revenue", "overdue"} & set(kinds)):
        return False
    if {"leverage_critical", "dscr_thin"} <= set(wanted):
        return False
    return len(set(kinds)) == len(kinds)


def _fields(rng: random.Random, split: str, segment: str, inputs: profiles.Inputs) -> tuple[render.Fields, bool]:
    fields = render.figures(rng, inputs, segment)
    if segment == "retail":
        years = int((inputs["tenure_months"] or 0) // 12)
        item, item_acc, (low, high) = rng.choice(OBJECTS)
        purpose, purpose_acc = rng.choice(PURPOSES)
        pledged = rng.random() < 0.4
        fields |= {
            "gender": rng.choice(("мужчина", "женщина")),
            "age": render.duration(12 * max(rng.randint(24, 57), 22 + years)),
            "job": rng.choice(JOBS),
            "fine": f"{rng.randint(18, 240)} тыс. руб.",
            "object": item,
            "object_acc": item_acc,
        }
        if pledged:
            fields["value"] = render.money(Decimal(rng.randint(low, high) // 50 * 50) / 1000)
    else:
        pledged = True
        industry = rng.choice(tuple(INDUSTRIES))
        purpose, purpose_acc = rng.choice(BUSINESS_PURPOSES)
        forms = ("ООО", "АО") if (inputs["revenue"] or 0) < 1000 else ("ООО", "АО", "ПАО")
        fields |= {
            "company": company(rng, split, industry, forms),
            "industry": INDUSTRIES[industry],
            "object": rng.choice(BUSINESS_OBJECTS),
        }
    return fields | {"purpose": purpose, "purpose_acc": purpose_acc}, pledged


def _defeats_rule_of_thumb(inputs: profiles.Inputs, found: list[str]) -> bool:
    """A clean history, a strong pledge or youth points one way, the rubric another; or the ratio must be computed."""
    critical = bool(set(found) & set(rubric.CRITICAL))
    looks_good = not inputs["overdue_days"] or (inputs["coverage"] or 0) >= 150
    computed = inputs["cash_flow"] is not None or (
        inputs["new_payment"] is not None and bool(inputs["existing_payments"])
    )
    return (critical and looks_good) or "startup_covered" in found or computed


if __name__ == "__main__":
    main("credit_risk", build)
