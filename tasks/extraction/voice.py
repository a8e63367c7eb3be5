"""What stays the same through one document: who reports, for which period, in which spelling."""

import random
from dataclasses import dataclass
from decimal import Decimal

from tasks.extraction.figures import amount
from tasks.extraction.periods import Period

_SUBJECTS = (("компания", "f"), ("группа", "f"), ("эмитент", "m"), ("общество", "n"))


@dataclass(frozen=True)
class Voice:
    """What stays the same through one document."""

    company: str
    """«ПАО „Витимарбанк“» in guillemets, as the text has it."""
    name: str
    """The name alone: the gold row's entity."""
    subject: tuple[str, str]
    """A common noun for the company and its gender."""
    period: Period
    standard: str
    other: str
    """The standard that the release is not about."""
    rouble: str
    minus: str
    year_on_year: str
    """«год к году»"""
    since: str
    """What a balance figure is compared with: «с начала года»."""

    def amount(self, value: Decimal, unit: str) -> str:
        """A figure in this document's style."""
        return amount(value, unit, self.rouble, self.minus)


def voice(rng: random.Random, company: str, period: Period, bank: bool) -> Voice:
    """Choose a document's manner."""
    subjects = (("банк", "m"), ("группа", "f")) if bank else _SUBJECTS
    standard, other = rng.choice((("МСФО", "РСБУ"), ("РСБУ", "МСФО")))
    year = period.year - 1
    full = period.kind == "FY"
    own = (f"по сравнению с {year} годом", f"к {year} году") if full else (f"к тому же периоду {year} года", f"по сравнению с аналогичным периодом {year} года")  # fmt: skip
    return Voice(
        company=company,
        name=company.split("«")[1].rstrip("»"),
        subject=rng.choice(subjects),
        period=period,
        standard=standard,
        other=other,
        rouble=rng.choice(("руб.", "руб.", "рублей", "₽")),
        minus=rng.choice(("\u2212", "-", "\u2013")),
        year_on_year=rng.choice((*own, "год к году", "в годовом выражении")),
        since="за год" if full else "с начала года",
    )
