"""Draws one problem of a formula family: its figures, how they are printed, its answer and derivation."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tasks.authoring.russian import NBSP, number, plural, quantize
from tasks.calculation.expression import evaluate, render
from tasks.calculation.formula import SCALES, Formula, Input

_UNITS = ("руб.", "тыс. руб.", "млн руб.", "млрд руб.")
_FACTORS = {"руб.": ("1", "1"), "тыс. руб.": ("1000", "100"), "млн руб.": ("1", "1"), "млрд руб.": ("0.1", "0.1")}
"""Of an input's bounds and of its grid: a company that reports in billions is a hundred times larger."""

COUNTED = {
    "дней": ("день", "дня", "дней"),
    "лет": ("год", "года", "лет"),
    "юаней": ("юань", "юаня", "юаней"),
    "месяцев": ("месяц", "месяца", "месяцев"),
}
"""Units whose noun agrees with the number; a fraction takes the genitive singular («45,6 дня»)."""

_SUFFIXES = {"percent": "%", "pp": " п.п.", "pieces": " шт.", "shares": " млн шт.", "usd": " долл.", "rub": " руб."}
_TERMS = {"days": "дней", "months": "месяцев", "years": "лет"}
_BASE = {"shares": Decimal(10) ** 6}


@dataclass(frozen=True)
class Style:
    """How one problem prints its figures."""

    currency: str = "руб."
    space: str = " "

    def __call__(self, text: str) -> str:
        """The text with this style's rouble sign and digit spacing; a bare «руб.» never becomes «рублей»."""
        if self.currency == "₽":
            text = text.replace("руб.", "₽")
        elif self.currency == "рублей":
            for scale in ("тыс.", "млн", "млрд"):
                text = text.replace(f"{scale} руб.", f"{scale} рублей")
        return text.replace(NBSP, self.space)


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

    def figure(self, name: str, *, converted: bool = False) -> str:
        """An input as the instruction prints it, in another unit where `converted`."""
        given = next(i for i in self.formula.inputs if i.name == name)
        value = self.values[name]
        if converted:
            return other_unit(given, value, self.scale)
        return with_unit(value, self._input_unit(given))

    def _input_unit(self, given: Input) -> str:
        return self.scale if given.kind == "money" else _TERMS.get(given.kind, _SUFFIXES.get(given.kind, ""))

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
        return number(_plain(value))


def _plain(value: Decimal) -> Decimal:
    """Without trailing zeros, and never in exponent form."""
    return Decimal(f"{value.normalize():f}")


def with_unit(value: Decimal, unit: str, decimals: int | None = None) -> str:
    """A number with its unit: «25,00%», «45,6 дня», «1 340 млн руб.»."""
    rounded = _plain(value) if decimals is None else quantize(value, decimals)
    text = number(rounded)
    if unit in COUNTED:
        whole = rounded == rounded.to_integral_value() and "," not in text
        unit = plural(int(rounded), *COUNTED[unit]) if whole else COUNTED[unit][1]
    return f"{text}{unit}" if unit.startswith(("%", " ")) or not unit else f"{text} {unit}"


def other_unit(given: Input, value: Decimal, scale: str) -> str:
    """The figure in a neighbouring unit, or an empty string where that would read badly."""
    if given.kind == "money":
        position = _UNITS.index(scale)
        # The larger unit where it keeps the figure short, else the smaller one; nobody writes 0,0005 млрд.
        if position < 3 and value >= (100_000 if scale == "руб." else 100):
            step = 2 if scale == "руб." and value >= 1_000_000 else 1
            return with_unit(value / 1000**step, _UNITS[position + step])
        return with_unit(value * 1000, _UNITS[position - 1]) if position > 1 else ""
    if given.kind == "months" and value % 6 == 0:
        return with_unit(value / 12, "лет")
    return with_unit(value * 12, "месяцев") if given.kind == "years" and value * 12 <= 72 else ""


def draw(formula: Formula, rng: random.Random) -> Problem:
    """A problem with plausible figures."""
    while True:
        scale = rng.choice(formula.scales)
        row = rng.choice(formula.rows) if formula.rows else {}
        values: dict[str, Decimal] = {}
        for given in formula.inputs:
            values[given.name] = Decimal(row[given.name]) if given.name in row else _drawn(given, values, scale, rng)
        facts = {key: text for key, text in row.items() if key not in values}
        problem = Problem(formula, values, scale, rng.choice(formula.decimals), facts)
        if min(values.values()) > 0 and _is_plausible(problem):
            return problem


def _drawn(given: Input, values: Mapping[str, Decimal], scale: str, rng: random.Random) -> Decimal:
    factor, grid = (Decimal(text) for text in (_FACTORS[scale] if given.kind == "money" else ("1", "1")))
    base = values[given.of] if given.of else factor
    step = given.step * grid
    low, high = int((given.low * base / step).to_integral_value()), int((given.high * base / step).to_integral_value())
    return _plain(rng.randint(low, high) * step)


def _is_plausible(problem: Problem) -> bool:
    formula, exact = problem.formula, problem.exact
    if formula.exact and quantize(exact, problem.decimals) != exact:
        return False
    # A rounded answer keeps at least two significant digits, or a near miss would pass for a hit.
    if abs(problem.answer) < 10 * Decimal(1).scaleb(-problem.decimals):
        return False
    if formula.plausible is None:
        return True
    expression, low, high = formula.plausible
    value = evaluate(expression, problem.operands) if expression else exact
    return Decimal(str(low)) <= value <= Decimal(str(high))
