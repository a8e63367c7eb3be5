"""Russian word forms and numbers for generated texts: agreement, declension, typographic number formats."""

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from tasks.scoring.lemma import morph

NBSP = "\u00a0"


def plural(count: int, one: str, few: str, many: str) -> str:
    """The noun form after an integer: plural(21, "год", "года", "лет") -> "год"."""
    last_two, last = abs(count) % 100, abs(count) % 10
    if 11 <= last_two <= 14:
        return many
    if last == 1:
        return one
    return few if 2 <= last <= 4 else many


def counted(count: int, one: str, few: str, many: str) -> str:
    """ "5 лет" with a no-break space."""
    return f"{count}{NBSP}{plural(count, one, few, many)}"


@lru_cache(maxsize=4096)
def inflect(word: str, *grammemes: str) -> str:
    """One word in the case and number asked for (pymorphy3 grammemes: "gent", "datv", "ablt", "plur", …).

    Case of the first letter is kept. A word with no such form comes back unchanged: check generated texts by eye.
    """
    parsed = morph().parse(word)[0].inflect(set(grammemes))
    if parsed is None:
        return word
    return parsed.word.capitalize() if word[:1].isupper() else parsed.word


def quantize(value: Decimal, decimals: int) -> Decimal:
    """Round half up, as Russian accounting does; never returns a negative zero."""
    rounded = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return abs(rounded) if rounded == 0 else rounded


def number(value: Decimal | int, decimals: int | None = None, *, grouped: bool = True, minus: str = "\u2212") -> str:
    """A number as Russians print it: decimal comma, groups of three set off by no-break spaces, U+2212 minus.

    Four-digit whole parts are grouped too («1 250»); pass grouped=False for plain digits.
    """
    exact = Decimal(value) if decimals is None else quantize(Decimal(value), decimals)
    sign, digits = (minus, -exact) if exact < 0 else ("", exact)
    whole, _, fraction = f"{digits:f}".partition(".")
    if grouped:
        whole = f"{int(whole):,}".replace(",", NBSP)
    return f"{sign}{whole}{',' + fraction if fraction else ''}"


def percent(value: Decimal | int, decimals: int | None = None) -> str:
    """ "12,5 %" is the typographer's form; the benchmark writes the bankers' usual «12,5%»."""
    return f"{number(value, decimals)}%"
