"""Reporting periods as Russians write them, brought to one code: 2024, 2024-H1, 2024-Q3, 2024-9M, 2024-07, 2024-12-31."""

import re
from functools import lru_cache

from tasks.scoring.rouge import lemmas

_MONTHS = ("январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь")  # fmt: skip
_MONTH_OF = {name: number for number, name in enumerate(_MONTHS, 1)}
_COUNTS = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "первый": 1, "второй": 2, "третий": 3, "четвертый": 4}
_COUNTS |= {"три": 3, "шесть": 6, "девять": 9, "двенадцать": 12}
_KINDS = {"q": "Q", "к": "Q", "кв": "Q", "квартал": "Q", "h": "H", "п": "H", "пг": "H", "полугодие": "H"}
_KINDS |= {"m": "M", "м": "M", "мес": "M", "месяц": "M"}
_SPANS = {(1, 3): "-Q1", (4, 6): "-Q2", (7, 9): "-Q3", (10, 12): "-Q4", (1, 6): "-H1", (7, 12): "-H2", (1, 9): "-9M"}
_SPANS[1, 12] = ""
_NOISE = frozenset(["за", "в", "на", "по", "год", "г", "итог", "fy", "и", "период", "отчетный", "с", "от", "состояние"])

_ISO = re.compile(r"(?<!\d)(20\d\d)-(\d\d)-(\d\d)(?!\d)")
_DOTTED = re.compile(r"(?<!\d)(\d{1,2})\.(\d{1,2})\.(20\d\d)(?!\d)")
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_SHORT_YEAR = re.compile(r"(?<=\D)(\d\d)\s*(?:г\.?|года?)?$")


@lru_cache(maxsize=4096)
def period_code(text: str) -> str:
    """The code of a period, or the text itself where it is none: «9 мес. 2024 г.» -> 2024-9M, «3Q24» -> 2024-Q3."""
    plain = text.strip().lower().replace("ё", "е")[:80]
    date = _ISO.search(plain)
    if date:
        return "-".join(date.groups())
    date = _DOTTED.search(plain)
    if date:
        day, month, year = date.groups()
        return f"{year}-{int(month):02d}-{int(day):02d}"
    year, rest = _split_year(plain)
    words = [word for word in lemmas(re.sub(r"[-–—]", " ", rest)) if word not in _NOISE]
    part = _part(words) if year else None
    return plain if part is None else year + part


def _split_year(plain: str) -> tuple[str, str]:
    match = _YEAR.search(plain)
    if match:
        return match.group(), plain[: match.start()] + " " + plain[match.end() :]
    match = _SHORT_YEAR.search(plain)
    return (f"20{match[1]}", plain[: match.start()]) if match else ("", plain)


def _part(words: list[str]) -> str | None:
    """What follows the year in the code; None where the words name no period."""
    months = [_MONTH_OF[word] for word in words if word in _MONTH_OF]
    kinds = [_KINDS[word] for word in words if word in _KINDS]
    counts = [_COUNTS[word] if word in _COUNTS else int(word) for word in words if word in _COUNTS or word.isdecimal()]
    if len(months) + len(kinds) + len(counts) != len(words) or len(counts) > 1 or max(counts, default=1) > 31:
        return None
    if months:
        return _of_months(months, counts) if not kinds else None
    if not kinds:
        return _of_number(counts)
    if len(kinds) > 1 or not counts:
        return None
    return _SPANS.get((1, counts[0])) if kinds[0] == "M" else f"-{kinds[0]}{counts[0]}"


def _of_months(months: list[int], days: list[int]) -> str | None:
    if len(months) == 2 and not days:
        return _SPANS.get((months[0], months[1]))
    if len(months) > 2 or len(months) == 2:
        return None
    return f"-{months[0]:02d}-{days[0]:02d}" if days else f"-{months[0]:02d}"


def _of_number(counts: list[int]) -> str | None:
    if not counts:
        return ""
    return f"-{counts[0]:02d}" if 1 <= counts[0] <= 12 else None
