"""Where in an answer its number stands. The gold's unit may decide between numbers, its value never does."""

import re
from dataclasses import dataclass, replace

from tasks.scoring.answer import is_refusal
from tasks.scoring.choice import after_equals, after_result_word, is_prior, is_unfinished, rank, ranked
from tasks.scoring.decline import tells_of_decline
from tasks.scoring.hedging import has_rival, is_bound
from tasks.scoring.quantity import Quantity, quantities
from tasks.scoring.segments import Segment, announced, lines_with_digits
from tasks.scoring.units import Unit, unit_at


@dataclass(frozen=True)
class Located:
    """The quantity that an answer gives."""

    quantity: Quantity | None
    hedged: bool = False
    """Whether it is one of several: a range, a bound, «25% или 30%»."""
    decline: bool = False
    """Whether the words around it tell of a loss or a fall, so that a number without a sign may be negative."""
    flags: tuple[str, ...] = ()


_SENTENCE = re.compile(r"[.!?](?=\s+[A-ZА-ЯЁ(])|[;\n]")
_WORD = re.compile(r"[ \"]*([^\W\d_]+)")


def locate(text: str, gold: Unit) -> Located:
    """The number that a text gives as its answer.

    The later of the last non-empty box and the last anchor («Ответ:») with a number; failing both, the last line with
    a digit. In it: right of the last equals sign; of several numbers the first that can be in the gold's unit.

    Args:
        text: as `characters.plain` leaves it.
        gold: the gold's unit.
    """
    values = []
    for segment in announced(text):
        candidates = _candidates(text, segment, gold)
        if candidates:
            values.append((segment, candidates))
    if values:
        values = _without_cut_repetition(text, values)
        segment, candidates = values[0]
        repeats = sum(_same(other[0], candidates[0]) for _, other in values)
        flags = (segment.kind,) if segment.kind != "anchor" else ()
        return _described(text, segment, candidates, gold, flags + (("loop",) if repeats > 2 else ()))
    return _fallback(text, gold)


def _candidates(text: str, segment: Segment, gold: Unit) -> list[Quantity]:
    """The quantities that the segment may give, the best first."""
    if segment.kind == "boxed":
        return _boxed(text, segment, gold)
    found = quantities(text, segment.start, segment.end) or quantities(text, segment.start, segment.end, words=True)
    found = [quantity for quantity in found if not is_prior(text, quantity)]
    if not found:
        return []
    end = _first_sentence(text, segment, found, gold)
    begin = after_equals(text, segment.start, end, found)
    return ranked(text, [quantity for quantity in found if begin <= quantity.start and quantity.end <= end], gold)


def _first_sentence(text: str, segment: Segment, found: list[Quantity], gold: Unit) -> int:
    """Where the sentence with the first number ends. A semicolon ends it, unless only what follows names the unit."""
    sentence = _SENTENCE.search(text, found[0].end, segment.end)
    if not sentence:
        return segment.end
    named = [quantity.start for quantity in found if quantity.unit.kind == gold.kind]
    further = sentence.group() == ";" and named and named[0] > sentence.start()
    return segment.end if further else sentence.start()


def _boxed(text: str, segment: Segment, gold: Unit) -> list[Quantity]:
    close = segment.end - 1
    found = quantities(text, segment.start, close) or quantities(text, segment.start, close, words=True)
    begin = after_equals(text, segment.start, close, found) if found else segment.start
    best = ranked(text, [quantity for quantity in found if quantity.start >= begin], gold)
    if best and best[0].unit.bare and not text[best[0].end : close].strip():
        unit, _ = unit_at(text, segment.end)  # «\boxed{25} %»
        best[0] = replace(best[0], unit=unit)
    return best


def _same(first: Quantity, second: Quantity) -> bool:
    return first.number == second.number and first.unit == second.unit


def _without_cut_repetition(
    text: str, values: list[tuple[Segment, list[Quantity]]]
) -> list[tuple[Segment, list[Quantity]]]:
    """Drops the last of many equal anchored answers where the output ends in the middle of it."""
    if len(values) < 4 or values[0][0].end != len(text):
        return values
    last, before = (text[segment.start : segment.end].strip() for segment, _ in values[:2])
    equal = all(_same(values[1][1][0], other[0]) for _, other in values[2:])
    return values[1:] if equal and before.startswith(last) and before != last else values


def _fallback(text: str, gold: Unit) -> Located:
    for segment in lines_with_digits(text):
        found = [q for q in quantities(text, segment.start, segment.end) if not is_prior(text, q) and not q.index]
        if not found:
            continue
        begin = after_equals(text, segment.start, segment.end, found)
        if begin == segment.start and is_refusal(text[begin:]):
            return Located(None)  # «Недостаточно данных: известна лишь прибыль, 120 млн руб.»
        right = [quantity for quantity in found if quantity.start >= begin]
        best = min(rank(text, quantity, gold) for quantity in right)
        fitting = [quantity for quantity in right if rank(text, quantity, gold) == best]
        chosen = fitting[0] if begin > segment.start else after_result_word(text, segment.start, fitting)
        return _described(text, segment, [chosen], gold, ("fallback",))
    end = len(text)
    words = quantities(text, text.rfind("\n") + 1, end, words=True)
    return _described(text, Segment(0, end, "fallback"), words[-1:], gold, ("fallback",)) if words else Located(None)


def _described(text: str, segment: Segment, candidates: list[Quantity], gold: Unit, flags: tuple[str, ...]) -> Located:
    """The chosen quantity with what its surroundings say about it."""
    chosen = candidates[0]
    if segment.unit and chosen.unit.bare:
        chosen = replace(chosen, unit=segment.unit)
    if is_unfinished(text, chosen):
        return Located(replace(chosen, number=None), flags=(*flags, "expression"))
    chosen = _bracketed(text, segment, chosen)
    return Located(
        chosen,
        hedged=is_bound(text, segment.start, segment.end, chosen) or has_rival(text, segment.end, chosen, gold),
        decline=tells_of_decline(text, segment.start, chosen.start, chosen.end),
        flags=flags + _reading_flags(chosen),
    )


def _reading_flags(quantity: Quantity) -> tuple[str, ...]:
    marks = {"ambiguous_separator": quantity.thousands, "words": quantity.words, "fraction": quantity.fraction}
    return tuple(name for name, mark in marks.items() if mark)


def _bracketed(text: str, segment: Segment, quantity: Quantity) -> Quantity:
    """(1 250,5) is the accountant's minus where it is all there is."""
    if text[segment.start : quantity.start].strip(" \n:") != "(" or text[quantity.end : quantity.end + 1] != ")":
        return quantity
    unit, end = unit_at(text, quantity.end + 1, segment.end)
    if quantity.signed or quantity.number is None or _WORD.match(text, end, segment.end):
        return quantity
    return replace(
        quantity,
        number=-quantity.number,
        thousands=quantity.thousands and -quantity.thousands,
        signed=True,
        unit=unit if quantity.unit.bare else quantity.unit,
        end=end,
    )
