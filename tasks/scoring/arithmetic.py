"""A small safe calculator over exact numbers: no `eval`, and bounded in depth, in digits and so in time.

sum     = product (("+" | "-") product)*
product = power (("×" | "/") power)*
power   = prefix ("^" power)?
prefix  = ("-" | "+" | "√") power | number | "(" sum ")"
"""

from collections.abc import Sequence
from decimal import Context, Decimal
from fractions import Fraction

MAX_DEPTH = 40
MAX_TOKENS = 300
_MAX_BITS = 4_000
_LARGEST = Fraction(10) ** 60
_CONTEXT = Context(prec=50, Emax=200, Emin=-200)

Token = Fraction | str
"""A number, or one of + - × / ^ √ % ( )."""


def evaluate(tokens: Sequence[Token]) -> Fraction | None:
    """The value of an expression; None where it is malformed, undefined, or too deep or too large to be meant."""
    if len(tokens) > MAX_TOKENS:
        return None
    try:
        calculator = _Calculator(tokens)
        value = calculator.sum(0)
    except (ArithmeticError, IndexError):
        return None
    return value if calculator.position == len(tokens) else None


class _Calculator:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.position = 0

    def _accept(self, signs: str) -> str:
        """The next token if it is one of the signs, else nothing."""
        token = self.tokens[self.position] if self.position < len(self.tokens) else ""
        if isinstance(token, str) and token and token in signs:
            self.position += 1
            return token
        return ""

    def sum(self, depth: int) -> Fraction:
        if depth > MAX_DEPTH:
            raise ArithmeticError
        value = self._product(depth)
        while sign := self._accept("+-"):
            other = self._product(depth)
            value = _bounded(value + other if sign == "+" else value - other)
        return value

    def _product(self, depth: int) -> Fraction:
        value = self._power(depth)
        while sign := self._accept("×/"):
            other = self._power(depth)
            value = _bounded(value * other if sign == "×" else value / other)
        return value

    def _power(self, depth: int) -> Fraction:
        if depth > MAX_DEPTH:
            raise ArithmeticError
        value = self._prefix(depth)
        while self._accept("%"):
            value /= 100
        return _raise(value, self._power(depth + 1)) if self._accept("^") else value

    def _prefix(self, depth: int) -> Fraction:
        sign = self._accept("-+√")
        if sign == "√":
            return _raise(self._prefix(depth + 1), Fraction(1, 2))
        if sign:
            # «−2^2» is −4: the power binds closer than the sign.
            value = self._power(depth + 1)
            return -value if sign == "-" else value
        if self._accept("("):
            value = self.sum(depth + 1)
            if not self._accept(")"):
                raise ArithmeticError
            return value
        token = self.tokens[self.position]
        if isinstance(token, str):
            raise ArithmeticError
        self.position += 1
        return token


def _bounded(value: Fraction) -> Fraction:
    """The value, rounded to 50 digits where its exact form grows long."""
    if abs(value) > _LARGEST:
        raise ArithmeticError
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MAX_BITS:
        return Fraction(_decimal(value))
    return value


def _decimal(value: Fraction) -> Decimal:
    return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))


def _raise(base: Fraction, exponent: Fraction) -> Fraction:
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if exponent.denominator == 1 and bits * abs(exponent.numerator) <= _MAX_BITS:
        return _bounded(base**exponent.numerator)
    return _bounded(Fraction(_CONTEXT.power(_decimal(base), _decimal(exponent))))
