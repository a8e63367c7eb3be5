"""Reporting periods in the words of a press release, each with its code for the gold rows."""

import random
from dataclasses import dataclass

_MONTHS = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря")  # fmt: skip
_ENDS = {"FY": (31, 12), "Q1": (31, 3), "H1": (30, 6), "Q2": (30, 6), "9M": (30, 9), "Q3": (30, 9), "Q4": (31, 12)}

# kind -> ways to say it: (in …, over …, by the results of …, tag). {y} is the year.
_PHRASES = {
    "FY": (
        ("в {y} году", "за {y} год", "по итогам {y} года", "{y} г."),
        ("в {y} году", "за 12 месяцев {y} года", "по результатам {y} года", "12М {y}"),
    ),
    "H1": (
        ("в первом полугодии {y} года", "за первое полугодие {y} года", "по итогам первого полугодия {y} года", "1П {y}"),
        ("в I полугодии {y} года", "за I полугодие {y} г.", "по итогам I полугодия {y} года", "I пг. {y}"),
        ("в январе — июне {y} года", "за шесть месяцев {y} года", "по итогам 6 месяцев {y} года", "6М {y}"),
    ),
    "9M": (
        ("в январе — сентябре {y} года", "за девять месяцев {y} года", "по итогам девяти месяцев {y} года", "9М {y}"),
        ("в январе — сентябре {y} г.", "за 9 месяцев {y} г.", "по итогам 9 месяцев {y} г.", "9 мес. {y}"),
    ),
}  # fmt: skip
_QUARTERS = {"Q1": ("первом", "первый", "первого", "I", 1), "Q2": ("втором", "второй", "второго", "II", 2), "Q3": ("третьем", "третий", "третьего", "III", 3), "Q4": ("четвёртом", "четвёртый", "четвёртого", "IV", 4)}  # fmt: skip
_QUARTER_MONTHS = {"Q1": "январе — марте", "Q2": "апреле — июне", "Q3": "июле — сентябре", "Q4": "октябре — декабре"}


@dataclass(frozen=True)
class Period:
    """A reporting period as one document calls it."""

    kind: str
    """`FY`, `H1`, `9M`, `Q1` … `Q4`."""
    year: int
    inside: str
    """«в 2024 году»"""
    over: str
    """«за 2024 год»"""
    results: str
    """«по итогам 2024 года»"""
    tag: str
    """«9М 2024»: headlines, tables."""
    bank_date: bool
    """Whether the balance date is told as banks do, the first day after: «на 1 января 2025 года»."""

    @property
    def code(self) -> str:
        """2024, 2024-H1, 2024-9M, 2024-Q3."""
        return str(self.year) if self.kind == "FY" else f"{self.year}-{self.kind}"

    @property
    def share(self) -> float:
        """The part of a year that the period covers."""
        return {"FY": 1.0, "H1": 0.5, "9M": 0.75}.get(self.kind, 0.25)

    @property
    def is_quarter(self) -> bool:
        """Whether a comparison with the previous quarter makes sense."""
        return self.kind.startswith("Q")

    def _date(self, year: int) -> tuple[int, int, int]:
        day, month = _ENDS[self.kind]
        if self.bank_date:
            return (1, 1, year + 1) if month == 12 else (1, month + 1, year)
        return day, month, year

    @property
    def date_code(self) -> str:
        """The balance date as the text tells it: 2024-12-31."""
        day, month, year = self._date(self.year)
        return f"{year}-{month:02d}-{day:02d}"

    @property
    def date(self) -> str:
        """«31 декабря 2024 года»"""
        day, month, year = self._date(self.year)
        return f"{day} {_MONTHS[month - 1]} {year} года"

    @property
    def dotted(self) -> str:
        """«31.12.2024»"""
        day, month, year = self._date(self.year)
        return f"{day:02d}.{month:02d}.{year}"

    @property
    def prior_dotted(self) -> str:
        """The same date a year before."""
        day, month, year = self._date(self.year - 1)
        return f"{day:02d}.{month:02d}.{year}"

    @property
    def prior_tag(self) -> str:
        """The tag of the same period a year before."""
        return self.tag.replace(str(self.year), str(self.year - 1))

    @property
    def prior_over(self) -> str:
        """«за 2023 год»"""
        return self.over.replace(str(self.year), str(self.year - 1))


def period(rng: random.Random, kind: str, year: int, *, bank: bool = False) -> Period:
    """A period under one of its names; a document keeps to that name."""
    phrases = rng.choice(_PHRASES[kind] if kind in _PHRASES else _quarter_phrases(kind))
    inside, over, results, tag = (phrase.format(y=year) for phrase in phrases)
    return Period(kind, year, inside, over, results, tag, bank and rng.random() < 0.4)


def _quarter_phrases(kind: str) -> tuple[tuple[str, str, str, str], ...]:
    at, over, of, roman, number = _QUARTERS[kind]
    months = _QUARTER_MONTHS[kind]
    return (
        (f"{'во' if kind == 'Q2' else 'в'} {at} квартале {{y}} года", f"за {over} квартал {{y}} года", f"по итогам {of} квартала {{y}} года", f"{number} кв. {{y}}"),
        (f"{'во' if kind == 'Q2' else 'в'} {roman} квартале {{y}} года", f"за {roman} квартал {{y}} г.", f"по результатам {roman} квартала {{y}} года", f"{number}К {{y}}"),
        (f"в {months} {{y}} года", f"за {number} кв. {{y}} г.", f"по итогам {number}-го квартала {{y}} г.", f"{roman} кв. {{y}}"),
    )  # fmt: skip
