"""One problem of a formula family: its figures, its answer, its derivation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tasks.authoring.russian import number, quantize
from tasks.calculation.expression import evaluate, render
from tasks.calculation.figures import figure, other_unit, plain_decimal, with_unit
from tasks.calculation.formula import SCALES, Formula, Input

_BASE = {"shares": Decimal(10) ** 6}
"""Base units in one printed unit, where that is not one."""


@dataclass(frozen=True)
class Line:
    """One solved step: what it finds, the formula in words, with figures, and its value as printed."""

    name: str
    words: str
    figures: str
    sign: str
    value: str


@dataclass(frozen=True)
class Problem:
    """A formula family with figures."""

    formula: Formula
    values: Mapping[str, Decimal]
    """Inputs as given: money in `scale`, rates in percent."""
    scale: str
    decimals: int
    facts: Mapping[str, str] = field(default_factory=dict)
    """Text placeholders of the dated row."""

    @property
    def unit(self) -> str:
        """Unit of the answer."""
        return self.scale if self.formula.unit == "money" else self.formula.unit

    @property
    def operands(self) -> dict[str, Decimal]:
        """Inputs as the expressions take them: rates as fractions."""
        return {i.name: self.values[i.name] / (100 if i.is_percent else 1) for i in self.formula.inputs}

    @property
    def exact(self) -> Decimal:
        """The answer before rounding, in its unit."""
        values = dict(self.operands)
        for step in self.formula.steps:
            values[step.variable] = evaluate(step.expression, values)
        return values[self.formula.steps[-1].variable] * (100 if self.unit == "%" else 1)

    @property
    def answer(self) -> Decimal:
        """The gold value: rounded half up."""
        return quantize(self.exact, self.decimals)

    @property
    def inputs(self) -> str:
        """The inputs in base units (roubles, percent, days, pieces) as JSON, for the independent check."""
        base = {
            i.name: self.values[i.name] * (SCALES[self.scale] if i.kind == "money" else _BASE.get(i.kind, Decimal(1)))
            for i in self.formula.inputs
        }
        return json.dumps({name: f"{value.normalize():f}" for name, value in base.items()})

    def figure(self, name: str) -> str:
        """An input as the instruction prints it."""
        return figure(self.given(name), self.values[name], self.scale)

    def converted(self, name: str) -> str:
        """The same in a neighbouring unit; empty where that would read badly."""
        return other_unit(self.given(name), self.values[name], self.scale)

    def given(self, name: str) -> Input:
        """The declaration of an input."""
        return next(i for i in self.formula.inputs if i.name == name)

    def lines(self) -> list[Line]:
        """The derivation; intermediate results carry as many digits as the answer needs."""
        for digits in (2, 3, 4, 5, 6, 8, 10):
            lines, answer = self._derive(digits)
            if answer == self.answer:
                return lines
        raise ValueError(f"{self.formula.id}: no number of intermediate digits gives the answer")

    def _derive(self, digits: int) -> tuple[list[Line], Decimal]:
        values, units = dict(self.operands), {i.name: "%" if i.is_percent else "" for i in self.formula.inputs}
        labels = {i.name: i.label for i in self.formula.inputs}
        lines, shown = [], Decimal(0)
        for step in self.formula.steps:
            last = step is self.formula.steps[-1]
            unit = self.unit if last else self.scale if step.unit == "money" else step.unit
            scaled = evaluate(step.expression, values) * (100 if unit == "%" else 1)
            shown = quantize(scaled, self.decimals if last else digits)
            if not last and quantize(scaled, 4) == scaled:
                shown = scaled
            values[step.variable] = shown / (100 if unit == "%" else 1)
            printed = with_unit(shown, unit, self.decimals if last else None)
            figures = render(step.expression, _Atoms(values, units))
            words = step.words or render(step.expression, lambda name, _: labels[name])
            lines.append(Line(step.name, words, figures, "=" if shown == scaled else "≈", printed))
            units[step.variable], labels[step.variable] = ("%" if unit == "%" else ""), step.name
        return lines, shown


@dataclass(frozen=True)
class _Atoms:
    """Prints the names of an expression as figures."""

    values: Mapping[str, Decimal]
    units: Mapping[str, str]

    def __call__(self, name: str, as_fraction: bool) -> str:
        value = self.values[name]
        if self.units[name] == "%" and not as_fraction:
            return with_unit(value * 100, "%")
        return number(plain_decimal(value))
