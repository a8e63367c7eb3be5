"""Grades a numeric answer written in Russian: reads the number, judges it, and says what went wrong.

The rules and the evidence for them are in docs/grading.md. The gold's value never steers what is read; its unit may.
"""

from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

from tasks.items import DataError
from tasks.scoring.answer import MAX_CHARACTERS, is_refusal, prepare
from tasks.scoring.characters import plain
from tasks.scoring.comparison import Target, mistake, readings
from tasks.scoring.digits import MAX_DIGITS, MAX_EXPONENT, decimal_digits
from tasks.scoring.expression import formula_gives
from tasks.scoring.locate import Located, locate
from tasks.scoring.quantity import Quantity, quantities
from tasks.scoring.units import gold_unit

OUTCOMES = (
    "correct",
    "rounding",
    "scale_error",
    "percent_fraction",
    "sign_error",
    "wrong_unit",
    "arithmetic_error",
    "wrong_value",
    "hedged",
    "unparsed",
    "truncated",
    "refusal",
    "empty",
)
"""Every outcome of a numeric answer; exactly one of them holds."""

_EXACT = Context(prec=MAX_DIGITS + 10)


@dataclass(frozen=True)
class Verdict:
    """The judgement of one numeric answer."""

    correct: bool
    """Equal to the gold to the precision asked."""
    outcome: str
    """One of `OUTCOMES`."""
    parsed: Decimal | None
    """The value read, in the gold's unit (as written, where the units do not compare); None where none was."""
    flags: tuple[str, ...] = ()
    """How it was read: `fallback`, `boxed`, `loop`, `share_for_percent`, …"""
    within_1pct: bool = False
    """Equal to the gold to 1%: a lenient score to publish beside the strict one."""
    formula_match: bool = False
    """An expression in the answer evaluates to the gold, whatever result the answer states."""


def grade(
    output: object, gold: str | float | Decimal | Fraction, unit: str = "", *, decimals: int | None = None
) -> Verdict:
    """Judge an answer against its gold.

    Args:
        output: what the model wrote; anything but a string is graded as `empty`.
        gold: the right number, in `unit`.
        unit: the gold's unit as the item names it: "%", "п.п.", "млн руб.", "дней"; "" for a ratio.
        decimals: decimals the item asks to round to; without it 0.2% counts as equal.

    Raises:
        DataError: the gold, its unit or its decimals cannot be used.
    """
    target = Target(_gold_value(gold), gold_unit(_text(unit)), _places(decimals))
    text, reason = prepare(output)
    if reason:
        return Verdict(False, reason, None)
    text = plain(text)[-MAX_CHARACTERS:]
    formula = formula_gives(text, target)
    found = locate(text, target.unit)
    if found.quantity is None or found.quantity.number is None:
        outcome = "refusal" if found.quantity is None and is_refusal(text) else "unparsed"
        return Verdict(False, outcome, None, found.flags, formula_match=formula)
    return _judge(found, found.quantity, target, formula)


def _judge(found: Located, quantity: Quantity, target: Target, formula: bool) -> Verdict:
    converted = quantity.to(target.unit)
    if converted is None:
        return Verdict(False, "wrong_unit", _decimal(quantity.number), found.flags, formula_match=formula)
    parsed = _decimal(converted)
    if found.hedged:
        return Verdict(False, "hedged", parsed, found.flags, formula_match=formula)
    possible = list(readings(quantity, target, found.decline))
    for value, flags in possible:
        if target.matches(value):
            return Verdict(True, "correct", parsed, found.flags + flags, within_1pct=True, formula_match=formula)
    outcome = mistake([value for value, _ in possible], target)
    if outcome == "wrong_value" and formula:
        outcome = "arithmetic_error"
    return Verdict(False, outcome, parsed, found.flags, within_1pct=outcome == "rounding", formula_match=formula)


def read(text: str) -> Quantity | None:
    """The one quantity that a short text states («1 250,5 млн руб.»); None where it states none or several.

    `Quantity.to(gold_unit("млн руб."))` is its number in a unit of choice.
    """
    prepared = plain(text[: 10 * MAX_DIGITS])
    found = quantities(prepared, 0, len(prepared)) or quantities(prepared, 0, len(prepared), words=True)
    return found[0] if len(found) == 1 and found[0].number is not None else None


def _gold_value(gold: object) -> Fraction:
    """The gold as an exact number; a float is what it prints as."""
    try:
        if isinstance(gold, str):
            sign, digits = (-1, gold.strip()[1:]) if gold.strip()[:1] in ("-", "−") else (1, gold.strip())
            written = decimal_digits(plain(digits))
            if written is not None:
                return sign * written.value
        elif isinstance(gold, int | float | Decimal | Fraction) and not isinstance(gold, bool):
            value = Fraction(repr(gold)) if isinstance(gold, float) else Fraction(gold)
            if not value or 10**-MAX_EXPONENT <= abs(value) < 10**MAX_DIGITS:
                return value
    except (ValueError, OverflowError):
        pass
    raise DataError(f"gold {gold!r}: not a number that can be graded; write it as in «12.5» or «-3,4», without a unit")


def _text(unit: object) -> str:
    if isinstance(unit, str):
        return unit
    raise DataError(f"unit {unit!r}: expected text such as «млн руб.», or an empty string for a ratio")


def _places(decimals: object) -> int | None:
    if decimals is None or (
        isinstance(decimals, int) and not isinstance(decimals, bool) and abs(decimals) <= MAX_DIGITS
    ):
        return decimals
    raise DataError(f"decimals {decimals!r}: expected a whole number or nothing")


def _decimal(value: Fraction | None) -> Decimal | None:
    if value is None:
        return None
    quotient = _EXACT.divide(Decimal(value.numerator), Decimal(value.denominator)).normalize(_EXACT)
    whole = int(quotient.as_tuple().exponent) > 0
    return quotient.quantize(Decimal(1), context=_EXACT) if whole and value.denominator == 1 else quotient
