"""A number in digits: «1 234 567,89», «1,234,567.89», «1.234.567», «1,5×10^6», «2 1⁄2», exactly."""

import re
from dataclasses import dataclass
from fractions import Fraction

MAX_DIGITS = 40
MAX_EXPONENT = 30

_TEN_POWER = re.compile(r"[eE]([-+]?\d{1,4})(?![\w])| ?[×xх·] ?10 ?\^ ?\(? ?([-−+]?\d{1,4}) ?\)?")
_POWER = re.compile(r" ?\^ ?\(? ?([-−+]?\d{1,4}) ?\)?")
_FRACTION = re.compile(r"(?: (\d{1,12}))? ?[⁄/] ?(\d{1,12})(?![\d.,]*\d)")
_GROUPED = re.compile(r"(\d{1,3})(?:[ '_]\d{3})+")


@dataclass(frozen=True)
class Digits:
    """What a written number says."""

    value: Fraction
    step: Fraction
    """One unit of the last digit written."""
    thousands: Fraction | None = None
    """The second reading of a number like «1,250», whose only separator may also part thousands."""
    fraction: bool = False
    """Written as a fraction."""


def decimal_digits(token: str) -> Digits | None:
    """Digits with separators, unsigned; None for what is no number («12,34,5») or too long to be one.

    With both a point and a comma the last is the decimal one; one that repeats parts thousands; a single one is
    decimal, and keeps thousands as a second reading where that is possible.
    """
    if len(token) > 2 * MAX_DIGITS:
        return None
    whole, fraction = token, ""
    last = max(token.rfind("."), token.rfind(","))
    if last >= 0 and (token.count(token[last]) == 1 or token.find("," if token[last] == "." else ".") >= 0):
        whole, fraction = token[:last], token[last + 1 :]
    whole = _ungrouped(whole) or ("0" if not whole and fraction else "")
    if not whole or (not fraction.isdecimal() and fraction) or len(whole) + len(fraction) > MAX_DIGITS:
        return None
    thousands = None
    if len(fraction) == 3 and last == len(whole) and len(whole) <= 3 and whole[0] != "0":
        thousands = Fraction(int(whole + fraction))
    return Digits(Fraction(int(whole + fraction), 10 ** len(fraction)), Fraction(1, 10 ** len(fraction)), thousands)


def _ungrouped(whole: str) -> str:
    """The digits of a whole part whose groups are strict; empty where they are not."""
    if whole.isdecimal():
        return whole
    separators = {character for character in whole if not character.isdecimal()}
    if len(separators) != 1:
        return ""
    first, *groups = whole.split(separators.pop())
    strict = 1 <= len(first) <= 3 and first != "0" and all(len(group) == 3 for group in groups)
    return first + "".join(groups) if strict else ""


def number_at(text: str, token: str, end: int, limit: int) -> tuple[Digits | None, int]:
    """A number whose digits are `token`, with the power or fraction that follows, and where all of it ends."""
    digits = decimal_digits(token)
    ten_power = _TEN_POWER.match(text, end, limit)
    if ten_power:
        exponent = int((ten_power.group(1) or ten_power.group(2)).replace("−", "-"))
        return _scaled(digits, exponent), ten_power.end()
    power = _POWER.match(text, end, limit)
    if power and _POWER.match(text, power.end(), limit):
        return None, power.end()  # a tower of powers
    if power:
        return _raised(digits, int(power.group(1).replace("−", "-"))), power.end()
    fraction = _FRACTION.match(text, end, limit) if token.isdecimal() else None
    if fraction and digits:
        return _divided(digits, fraction), fraction.end()
    return digits, end


def _scaled(digits: Digits | None, exponent: int) -> Digits | None:
    if digits is None or abs(exponent) > MAX_EXPONENT:
        return None
    scale = Fraction(10) ** exponent
    return Digits(digits.value * scale, digits.step * scale)


def _raised(digits: Digits | None, exponent: int) -> Digits | None:
    if digits is None or abs(exponent) > MAX_EXPONENT or (not digits.value and exponent < 0):
        return None
    value = digits.value**exponent
    too_long = max(value.numerator, value.denominator) >= 10**MAX_DIGITS
    return None if too_long else Digits(value, Fraction(0))


def _divided(digits: Digits, match: re.Match[str]) -> Digits | None:
    numerator, denominator = match.groups()
    if not int(denominator):
        return None
    if numerator:
        return Digits(digits.value + Fraction(int(numerator), int(denominator)), Fraction(0), fraction=True)
    return Digits(digits.value / int(denominator), Fraction(0), fraction=True)
