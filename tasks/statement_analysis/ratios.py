"""The ratios that the family asks for: name, unit, rounding, formula over statement lines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

Lines = Mapping[str, Decimal]
"""Amounts by RAS line code («1200» -> amount). Expenses (2120, 2330, …) are positive, losses negative."""

Formula = Callable[[Lines, Lines], Decimal]
"""A value from the current and the previous column."""


@dataclass(frozen=True)
class Statement:
    """A balance sheet and an income statement in one unit of money."""

    unit: str
    """«тыс. руб.» or «млн руб.»."""
    current: Lines
    """The end of the reporting period, and the period itself."""
    previous: Lines
    """The comparative column; empty where only one period is given."""
    decimals: int = 0
    """Digits after the comma in every amount."""


@dataclass(frozen=True)
class Ratio:
    """One ratio. Values are exact; rounding happens where they are shown."""

    name: str
    """As the task asks for it, in lower case: «коэффициент текущей ликвидности»."""
    codes: str
    """The formula over line codes, as a prompt may state it."""
    lines: tuple[str, ...]
    """Codes that the formula reads in the current column."""
    compute: Formula
    """The formula itself."""
    unit: str = ""
    """"" for a plain coefficient, "%", "дн.", or MONEY for the statement's own unit."""
    earlier: tuple[str, ...] = ()
    """Codes that the formula reads in the previous column."""

    def decimals(self, statement: Statement) -> int:
        """Digits after the comma: hundredths of a coefficient, tenths of a percent, whole days, the statement's money."""
        return statement.decimals if self.unit == MONEY else {"": 2, "%": 1, "дн.": 0}[self.unit]

    def shown_unit(self, statement: Statement) -> str:
        """The unit that stands after the value in the answer."""
        return statement.unit if self.unit == MONEY else self.unit

    def value(self, statement: Statement) -> Decimal:
        """The exact value for a statement that has every line in `lines` and `earlier`."""
        return self.compute(statement.current, statement.previous)


MONEY = "money"
_DAYS = Decimal(365)
_HUNDRED = Decimal(100)


def _mean(code: str) -> Formula:
    return lambda now, before: (now[code] + before[code]) / 2


def _growth(code: str) -> Formula:
    return lambda now, before: (now[code] / before[code] - 1) * _HUNDRED


RATIOS: dict[str, Ratio] = {
    "current": Ratio(
        "коэффициент текущей ликвидности", "1200 / 1500", ("1200", "1500"), lambda a, _: a["1200"] / a["1500"]
    ),
    "quick": Ratio(
        "коэффициент быстрой ликвидности",
        "(1230 + 1240 + 1250) / 1500",
        ("1230", "1240", "1250", "1500"),
        lambda a, _: (a["1230"] + a["1240"] + a["1250"]) / a["1500"],
    ),
    "absolute": Ratio(
        "коэффициент абсолютной ликвидности",
        "(1240 + 1250) / 1500",
        ("1240", "1250", "1500"),
        lambda a, _: (a["1240"] + a["1250"]) / a["1500"],
    ),
    "autonomy": Ratio("коэффициент автономии", "1300 / 1600", ("1300", "1600"), lambda a, _: a["1300"] / a["1600"]),
    "leverage": Ratio(
        "соотношение заёмного и собственного капитала",
        "(1400 + 1500) / 1300",
        ("1400", "1500", "1300"),
        lambda a, _: (a["1400"] + a["1500"]) / a["1300"],
    ),
    "own_working": Ratio(
        "коэффициент обеспеченности собственными оборотными средствами",
        "(1300 − 1100) / 1200",
        ("1300", "1100", "1200"),
        lambda a, _: (a["1300"] - a["1100"]) / a["1200"],
    ),
    "coverage": Ratio(
        "коэффициент покрытия процентов",
        "(2300 + 2330) / 2330",
        ("2300", "2330"),
        lambda a, _: (a["2300"] + a["2330"]) / a["2330"],
    ),
    "asset_turnover": Ratio(
        "коэффициент оборачиваемости активов", "2110 / 1600", ("2110", "1600"), lambda a, _: a["2110"] / a["1600"]
    ),
    "asset_turnover_mean": Ratio(
        "коэффициент оборачиваемости активов",
        "2110 / средняя 1600",
        ("2110", "1600"),
        lambda a, b: a["2110"] / _mean("1600")(a, b),
        earlier=("1600",),
    ),
    "gross_margin": Ratio(
        "рентабельность по валовой прибыли",
        "2100 / 2110",
        ("2100", "2110"),
        lambda a, _: a["2100"] / a["2110"] * _HUNDRED,
        "%",
    ),
    "sales_margin": Ratio(
        "рентабельность продаж", "2200 / 2110", ("2200", "2110"), lambda a, _: a["2200"] / a["2110"] * _HUNDRED, "%"
    ),
    "net_margin": Ratio(
        "рентабельность по чистой прибыли",
        "2400 / 2110",
        ("2400", "2110"),
        lambda a, _: a["2400"] / a["2110"] * _HUNDRED,
        "%",
    ),
    "roa": Ratio(
        "рентабельность активов", "2400 / 1600", ("2400", "1600"), lambda a, _: a["2400"] / a["1600"] * _HUNDRED, "%"
    ),
    "roa_mean": Ratio(
        "рентабельность активов",
        "2400 / средняя 1600",
        ("2400", "1600"),
        lambda a, b: a["2400"] / _mean("1600")(a, b) * _HUNDRED,
        "%",
        ("1600",),
    ),
    "roe": Ratio(
        "рентабельность собственного капитала",
        "2400 / 1300",
        ("2400", "1300"),
        lambda a, _: a["2400"] / a["1300"] * _HUNDRED,
        "%",
    ),
    "roe_mean": Ratio(
        "рентабельность собственного капитала",
        "2400 / средняя 1300",
        ("2400", "1300"),
        lambda a, b: a["2400"] / _mean("1300")(a, b) * _HUNDRED,
        "%",
        ("1300",),
    ),
    "revenue_growth": Ratio("темп прироста выручки", "2110", ("2110",), _growth("2110"), "%", ("2110",)),
    "asset_growth": Ratio("темп прироста активов", "1600", ("1600",), _growth("1600"), "%", ("1600",)),
    "inventory_days": Ratio(
        "период оборота запасов",
        "1210 × 365 / 2120",
        ("1210", "2120"),
        lambda a, _: a["1210"] * _DAYS / a["2120"],
        "дн.",
    ),
    "receivable_days": Ratio(
        "период оборота дебиторской задолженности",
        "1230 × 365 / 2110",
        ("1230", "2110"),
        lambda a, _: a["1230"] * _DAYS / a["2110"],
        "дн.",
    ),
    "net_debt": Ratio(
        "чистый долг",
        "1410 + 1510 − 1250",
        ("1410", "1510", "1250"),
        lambda a, _: a["1410"] + a["1510"] - a["1250"],
        MONEY,
    ),
    "working_capital": Ratio(
        "чистый оборотный капитал", "1200 − 1500", ("1200", "1500"), lambda a, _: a["1200"] - a["1500"], MONEY
    ),
}
"""Ratio by key; a key ending in `_mean` averages the balance sheet over the two dates."""

ANNUAL_ONLY = {"inventory_days", "receivable_days", "asset_turnover_mean", "roa_mean", "roe_mean", "asset_growth"}
"""Not asked of half-year or nine-month statements: 365 days and the two balance dates would not fit the period."""

EQUITY_POSITIVE_ONLY = {"leverage", "roe", "roe_mean"}
"""Meaningless where equity is negative, or was."""
