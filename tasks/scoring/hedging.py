"""Whether an answer commits itself to one value: ranges, bounds and «25% или 30%» do not."""

import re
from fractions import Fraction

from tasks.scoring.quantity import Quantity, quantities
from tasks.scoring.units import Unit, conversion

_RANGE = re.compile(r" ?(?:[-−]|\.\.\.?|…|±|÷) ?(?:[$€₽])?\d| ?(?:±)")
_FROM_TO = re.compile(r"\bот \Z", re.IGNORECASE)
_BOUND = re.compile(
    r"(?:[<>≤≥]=?|\b(?:более|больше|свыше|выше|менее|меньше|ниже|минимум|максимум|не превы\w+|превы\w+)(?: чем)?(?: (?:на|за|в))?) ?\Z",
    re.IGNORECASE,
)
_NEXT_IN_LIST = re.compile(r"[ ,;]*\d{1,2}[.)] (?=[\d$€₽-])")
_MORE_BY = re.compile(r"\b(?:больше|меньше|выше|ниже) на \Z", re.IGNORECASE)
_UP_TO = re.compile(r"^\W*до \Z", re.IGNORECASE)
_OTHER = re.compile(
    r"(?: [^\W\d_]+(?=.{0,30}\b(?:или|либо)\b)){0,3}[ ,(]*(?P<or>(?:\b(?:или|либо|or)\b|/)[^\d\n.;]{0,30})?(?:\b(?:и|,) )?$",
    re.IGNORECASE,
)


def is_bound(text: str, start: int, end: int, quantity: Quantity) -> bool:
    """Whether a quantity is one end of a range («20–25%», «от 20 до 25%») or a bound («более 25%», «> 25%»)."""
    before = text[max(start, quantity.start - 24) : quantity.start]
    if _RANGE.match(text, quantity.end, end) or _FROM_TO.search(before) or _UP_TO.search(before):
        return True
    return bool(_BOUND.search(before)) and not _MORE_BY.search(before)


def has_rival(text: str, end: int, chosen: Quantity, gold: Unit) -> bool:
    """Whether another value of the same kind is offered beside the chosen one: «25% или 30%», «25% и 30%»."""
    following = quantities(text, chosen.end, min(end, chosen.end + 120))[:2]
    position = chosen.end
    if (numbered := _NEXT_IN_LIST.match(text, chosen.end, end)) and len(following) > 1:
        return _rivals(chosen, following[1], gold, False) and following[1].start >= numbered.end()
    for other in following:
        link = _OTHER.fullmatch(text[position : other.start]) if text[position : other.start].strip(" (") else None
        if link and not other.year and _rivals(chosen, other, gold, bool(link.group("or"))):
            return True
        position = other.end
    return False


def _rivals(chosen: Quantity, other: Quantity, gold: Unit, offered: bool) -> bool:
    first, second = chosen.to(gold), other.to(gold)
    if first is None or second is None:
        return False
    if not offered and (chosen.unit.kind != other.unit.kind or chosen.unit.factor != other.unit.factor):
        return False
    return not any(
        abs(one - two) <= max(step, other_step) / 2
        for one, step in _readings(chosen, first, gold)
        for two, other_step in _readings(other, second, gold)
    )


def _readings(quantity: Quantity, value: Fraction, gold: Unit) -> list[tuple[Fraction, Fraction]]:
    """What a quantity may say in the gold's unit, each with its rounding: 0,25 may also be 25%."""
    step = quantity.step * (conversion(quantity.unit, gold) or 1)
    as_share = [(value * 100, step * 100)] if quantity.unit.bare and gold.kind == "percent" else []
    return [(value, step), *as_share]
