"""One row of an answer or of the gold, its fields read by type."""

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any

from tasks.scoring.amounts import in_base, read_amount, read_unit
from tasks.scoring.periods import period_code
from tasks.scoring.row_names import LOSSES, company_name, metric_name
from tasks.scoring.rows import FIELDS
from tasks.scoring.units import Unit

_NOTHING = frozenset({"", "null", "none", "nan", "-", "—", "–", "нет", "нет данных", "н/д", "н.д.", "не указано"})


class Row:
    """A row, its fields normalized when first asked for."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._raw = {name: None if _is_nothing(row.get(name)) else row[name] for name in FIELDS}

    def states(self, name: str) -> bool:
        """Whether the row gives this field; null, an empty string and «н/д» give nothing."""
        return self._raw[name] is not None

    @cached_property
    def _metric(self) -> str:
        return metric_name(str(self._raw["metric"])) if self.states("metric") else ""

    @cached_property
    def names(self) -> dict[str, str]:
        """Metric, company and period in one spelling; only those that the row states."""
        names = {"metric": LOSSES.get(self._metric, self._metric)} if self.states("metric") else {}
        if self.states("period"):
            names["period"] = period_code(str(self._raw["period"]))
        if self.states("entity"):
            names["entity"] = company_name(str(self._raw["entity"]))
        return names

    @cached_property
    def value(self) -> "Quantity":
        """Value and unit; a named loss is negative, whatever its sign."""
        quantity = Quantity(self._raw["value"], self._raw["unit"])
        if self._metric in LOSSES and quantity.number is not None:
            quantity.number = -abs(quantity.number)
        return quantity

    @cached_property
    def change(self) -> "Quantity":
        """Change and its unit."""
        return Quantity(self._raw["change"], self._raw["change_unit"])


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING)


class Quantity:
    """A number field and its unit field, read together: either may carry the unit."""

    def __init__(self, value: object, unit: object) -> None:
        self.stated = value is not None
        read = read_amount(value)
        self.number: Fraction | None = read[0] if read else None
        own = read[1] if read else None
        named = read_unit(unit[:60]) if isinstance(unit, str) else None
        self.unit_stated = unit is not None or own is not None
        self.unit = _joined(own, named) if unit is not None else own
        if own is not None and self.unit is None:
            self.number = None

    def base(self) -> tuple[Fraction, str] | None:
        """The amount in its base unit; None where number or unit was not read."""
        if self.number is None or self.unit is None:
            return None
        return in_base(self.number, self.unit)


def _joined(own: Unit | None, named: Unit | None) -> Unit | None:
    """One unit out of that in the value and that in the unit field; None where they contradict each other."""
    if own is None or named is None or own == named:
        return named
    if not own.kind and named.kind and named.factor in (1, own.factor):
        return Unit(named.kind, own.factor)
    return None
