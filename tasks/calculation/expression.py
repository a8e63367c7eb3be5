"""The derivations' small expression language: Python's arithmetic over names, evaluated exactly or printed in Russian.

Percent inputs are fractions in it: `rate` prints as «12%», `frac(rate)` as «0,12»; `P` prints as «100%» and is 1.
"""

import ast
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from functools import lru_cache

from tasks.authoring.russian import number

PRECISION = 50
"""Decimal digits carried; answers have at most a dozen."""

_SIGNS = {ast.Add: (" + ", 1), ast.Sub: (" − ", 1), ast.Mult: (" × ", 2), ast.Div: (" / ", 2), ast.Pow: ("^", 4)}
_NEGATIVE = 0
_UNARY = 3
_ATOM = 5


@lru_cache(maxsize=1024)
def _tree(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


def evaluate(expression: str, values: Mapping[str, Decimal]) -> Decimal:
    """The value over named values, in `PRECISION` digits."""
    with localcontext() as context:
        context.prec = PRECISION
        return _value(_tree(expression), values)


def _value(node: ast.expr, values: Mapping[str, Decimal]) -> Decimal:
    match node:
        case ast.Constant(value=constant):
            return Decimal(str(constant))
        case ast.Name(id="P"):
            return Decimal(1)
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.Call(func=ast.Name(id="frac"), args=[argument]):
            return _value(argument, values)
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument]):
            return _value(argument, values).sqrt()
        case ast.BinOp(left=left, op=sign, right=right):
            return _apply(sign, _value(left, values), _value(right, values))
    raise ValueError(f"not in the expression language: {ast.unparse(node)}")


def _apply(sign: ast.operator, left: Decimal, right: Decimal) -> Decimal:
    match sign:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.Pow():
            return left**right
    raise ValueError(f"not in the expression language: {type(sign).__name__}")


def render(expression: str, atom: Callable[[str, bool], str]) -> str:
    """The expression as a Russian derivation prints it.

    Args:
        atom: text of a name; the flag asks for the fraction («0,12») where the plain form is «12%».
    """
    return _text(_tree(expression), atom)[0]


def _text(node: ast.expr, atom: Callable[[str, bool], str]) -> tuple[str, int]:
    """Text and binding strength, so that the caller knows whether to bracket it."""
    match node:
        case ast.Constant(value=constant):
            return number(Decimal(str(constant))), _ATOM
        case ast.Name(id="P"):
            return "100%", _ATOM
        case ast.Name(id=name):
            text = atom(name, False)
            return text, _NEGATIVE if text.startswith("−") else _ATOM
        case ast.Call(func=ast.Name(id="frac"), args=[ast.Name(id=name)]):
            return atom(name, True), _ATOM
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument]):
            return f"√({_text(argument, atom)[0]})", _ATOM
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"−{_bracketed(operand, atom, _UNARY)}", _UNARY
        case ast.BinOp(left=left, op=sign, right=right):
            symbol, strength = _SIGNS[type(sign)]
            # The right side of −, / and ^ is bracketed at equal strength too: a / (b × c).
            tighter = strength + isinstance(sign, ast.Sub | ast.Div | ast.Pow)
            left_text = _bracketed(left, atom, strength + isinstance(sign, ast.Pow))
            return f"{left_text}{symbol}{_bracketed(right, atom, tighter)}", strength
    raise ValueError(f"not in the expression language: {ast.unparse(node)}")


def _bracketed(node: ast.expr, atom: Callable[[str, bool], str], strength: int) -> str:
    text, own = _text(node, atom)
    return f"({text})" if own < strength else text
