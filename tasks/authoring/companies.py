"""Invented company names, three disjoint pools: a name met in training never stands in a test item.

Every name joins an invented root to an industry's ending, so that it reads as a Russian company and belongs to none.
A quoted name does not decline: «ПАО „Северлен“» stands in every case as it is.
"""

import random

_ROOTS = {
    "train": (
        "Авиль", "Бурмат", "Велькам", "Гжатин", "Двинолен", "Елохов", "Жигарь", "Забельск", "Ивантур", "Калитвин",
        "Лемарь", "Мстинск", "Неревин", "Окшар", "Пышмар", "Рудонеж", "Сылвин", "Турмаль", "Унжар", "Халитов",
        "Цильмар", "Чусовар", "Шекснар", "Юрмаль", "Яйвинск", "Кокшар", "Тагилен", "Вишерс", "Лозьвин", "Паромар",
        "Светлояр", "Громадин", "Ладомир", "Полесар", "Тихомар", "Верхолен", "Каменар", "Дубрав", "Озеран", "Зареч",
    ),
    "validation": (
        "Бирюсар", "Вагранс", "Инзерен", "Кобрин", "Мологар", "Пижмар", "Ремизов", "Судогар", "Толвуйс", "Шуйгар",
        "Ветлужар", "Норильмар",
    ),
    "test": (
        "Алдамар", "Бологонс", "Витимар", "Герценс", "Дубнар", "Ергенин", "Зилаир", "Ижмарь", "Кандалар", "Лучегор",
        "Мезенар", "Ниворож", "Онегар", "Печенгар", "Рыльскар", "Сосьвин", "Тарногар", "Усьвар", "Хопёрс", "Черемшар",
        "Шелонар", "Юганс", "Янтарен", "Плюссар", "Оштинск",
    ),
}  # fmt: skip

_ENDINGS = {
    "manufacturing": ("маш", "станко", "механика", "прибор"),
    "metallurgy": ("металл", "сталь", "литьё", "прокат"),
    "chemistry": ("хим", "полимер", "азот", "лак"),
    "retail": ("торг", "маркет", "ритейл", "базар"),
    "agriculture": ("агро", "зерно", "мясо", "молоко"),
    "construction": ("строй", "девелопмент", "монолит", "дом"),
    "transport": ("транс", "логистик", "экспресс", "авто"),
    "energy": ("энерго", "газ", "нефть", "сети"),
    "it": ("софт", "тех", "дата", "цифра"),
    "telecom": ("телеком", "связь", "линк"),
    "bank": ("банк", "капитал", "кредит"),
    "pharma": ("фарм", "мед", "био"),
    "food": ("продукт", "хлеб", "пищепром", "кондитер"),
    "timber": ("лес", "бумага", "картон", "мебель"),
    "mining": ("руда", "уголь", "недра", "золото"),
    "services": ("сервис", "отель", "клининг", "консалт"),
}

INDUSTRIES = tuple(_ENDINGS)
"""Industry keys that `company` takes."""

_FORMS = ("ПАО", "АО", "ООО")


def company(rng: random.Random, split: str, industry: str = "", forms: tuple[str, ...] = _FORMS) -> str:
    """An invented name such as «ООО „Витимарстрой“», written with outer guillemets only: ООО «Витимарстрой».

    Args:
        split: `train`, `validation` or `test`; the pools are disjoint.
        industry: one of `INDUSTRIES`, or empty for any.
    """
    ending = rng.choice(_ENDINGS[industry or rng.choice(INDUSTRIES)])
    return f"{rng.choice(forms)} «{rng.choice(_ROOTS[split])}{ending}»"
