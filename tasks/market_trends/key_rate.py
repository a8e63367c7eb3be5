"""Public facts: the Bank of Russia's key rate by the date it took effect, and Rosstat's yearly inflation.

Sources: Bank of Russia, «Ключевая ставка Банка России» (cbr.ru/hd_base/KeyRate); Rosstat, consumer price index,
December to December of the previous year. As of 27 October 2025.
"""

from datetime import date
from decimal import Decimal

from tasks.authoring.russian import NBSP

KEY_RATE: dict[date, Decimal] = {
    date(2014, 3, 3): Decimal("7"), date(2014, 4, 28): Decimal("7.5"), date(2014, 7, 28): Decimal("8"),
    date(2014, 11, 5): Decimal("9.5"), date(2014, 12, 12): Decimal("10.5"), date(2014, 12, 16): Decimal("17"),
    date(2015, 2, 2): Decimal("15"), date(2015, 3, 16): Decimal("14"), date(2015, 5, 5): Decimal("12.5"),
    date(2015, 6, 16): Decimal("11.5"), date(2015, 8, 3): Decimal("11"), date(2016, 6, 14): Decimal("10.5"),
    date(2016, 9, 19): Decimal("10"), date(2017, 3, 27): Decimal("9.75"), date(2017, 5, 2): Decimal("9.25"),
    date(2017, 6, 19): Decimal("9"), date(2017, 9, 18): Decimal("8.5"), date(2017, 10, 30): Decimal("8.25"),
    date(2017, 12, 18): Decimal("7.75"), date(2018, 2, 12): Decimal("7.5"), date(2018, 3, 26): Decimal("7.25"),
    date(2018, 9, 17): Decimal("7.5"), date(2018, 12, 17): Decimal("7.75"), date(2019, 6, 17): Decimal("7.5"),
    date(2019, 7, 29): Decimal("7.25"), date(2019, 9, 9): Decimal("7"), date(2019, 10, 28): Decimal("6.5"),
    date(2019, 12, 16): Decimal("6.25"), date(2020, 2, 10): Decimal("6"), date(2020, 4, 27): Decimal("5.5"),
    date(2020, 6, 22): Decimal("4.5"), date(2020, 7, 27): Decimal("4.25"), date(2021, 3, 22): Decimal("4.5"),
    date(2021, 4, 26): Decimal("5"), date(2021, 6, 15): Decimal("5.5"), date(2021, 7, 26): Decimal("6.5"),
    date(2021, 9, 13): Decimal("6.75"), date(2021, 10, 25): Decimal("7.5"), date(2021, 12, 20): Decimal("8.5"),
    date(2022, 2, 14): Decimal("9.5"), date(2022, 2, 28): Decimal("20"), date(2022, 4, 11): Decimal("17"),
    date(2022, 5, 4): Decimal("14"), date(2022, 5, 27): Decimal("11"), date(2022, 6, 14): Decimal("9.5"),
    date(2022, 7, 25): Decimal("8"), date(2022, 9, 19): Decimal("7.5"), date(2023, 7, 24): Decimal("8.5"),
    date(2023, 8, 15): Decimal("12"), date(2023, 9, 18): Decimal("13"), date(2023, 10, 30): Decimal("15"),
    date(2023, 12, 18): Decimal("16"), date(2024, 7, 29): Decimal("18"), date(2024, 9, 16): Decimal("19"),
    date(2024, 10, 28): Decimal("21"), date(2025, 6, 9): Decimal("20"), date(2025, 7, 28): Decimal("18"),
    date(2025, 9, 15): Decimal("17"), date(2025, 10, 27): Decimal("16.5"),
}  # fmt: skip
"""The day from which a rate applied, and the rate in percent a year."""

INFLATION = {
    2014: Decimal("11.4"), 2015: Decimal("12.9"), 2016: Decimal("5.4"), 2017: Decimal("2.5"), 2018: Decimal("4.3"),
    2019: Decimal("3.0"), 2020: Decimal("4.9"), 2021: Decimal("8.4"), 2022: Decimal("11.9"), 2023: Decimal("7.4"),
    2024: Decimal("9.5"),
}  # fmt: skip
"""Consumer prices, December to December, in percent."""

_MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip


ESCROW = date(2019, 7, 1)
"""From this day housing is sold through escrow accounts: an earlier scene could not speak of them."""


def periods() -> list[tuple[date, date]]:
    """Pairs of dates, two months to a year and a half apart, between which the rate moved by a point or more."""
    return [
        (start, end)
        for start in KEY_RATE
        if start >= ESCROW
        for end in KEY_RATE
        if 60 <= (end - start).days <= 550 and abs(KEY_RATE[end] - KEY_RATE[start]) >= 1
    ]


def day(moment: date) -> str:
    """A date in the genitive: «16 декабря 2014 г.»"""
    return f"{moment.day}{NBSP}{_MONTHS[moment.month - 1]} {moment.year}{NBSP}г."
