"""Where in an answer its number stands. The gold's unit may decide between numbers, its value never does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from tasks.scoring.characters import BOX_CLOSE, BOX_OPEN
from tasks.scoring.quantity import Quantity, quantities
from tasks.scoring.units import Unit, conversion, unit_at


@dataclass(frozen=True)
class Located:
    """The quantity that an answer gives."""

    quantity: Quantity | None
    hedged: bool = False
    """Whether it is one of several: a range, a bound, «25% или 30%»."""
    decline: bool = False
    """Whether the words around it tell of a loss or a fall, so that a number without a sign may be negative."""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Segment:
    start: int
    end: int
    kind: str
    """`anchor`, `boxed` or `fallback`."""
    unit: Unit | None = None
    """The unit named before the colon: «Ответ (млн руб.): 1 250»."""


MAX_ANCHORS = 64
"""Anchors looked at, from the last: a model that loops writes thousands of them."""

_ANCHOR = re.compile(
    r"""(?<![^\W\d_]) (?:ответ|answer) \b ["'*_ ]*
        (?: \( (?P<round>[^()\n]{1,40}) \) | ,?\ (?P<plain>(?:в|на|задач)[^\n:=\d,-]{1,30}) | ,\ (?P<comma>[^\n:=\d-]{1,30}) )?
        ["' ]* (?: [:=]|\ ?[-−](?=\ |\n|[^\d\w]) | (?=[-−]\d) | $ | (?=\n) | (?=\ \d) )""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_SENTENCE = re.compile(r"[.!?;](?=\s+[A-ZА-ЯЁ(])|\n")
_EQUALS = re.compile(r"(?<![<>!=])=(?![>=])|≈|[()]")
_DIGIT = re.compile(r"\d")
_ANY_LINE_WITH_DIGIT = re.compile(r"[^\n]*\d[^\n]*")
_STEP = re.compile(r"=|^\W*(?:шаг|\d+[.)]\s)", re.IGNORECASE)
_RESULT = re.compile(r"(?:составл|состав[ия]|рав(?:ен|н)|получ|итог|будет|достиг)\w*|[-−:→]\ ", re.IGNORECASE)


def locate(text: str, gold: Unit) -> Located:
    """The number that a text gives as its answer.

    The later of the last non-empty box and the last anchor («Ответ:») with a number; failing both, the last line with
    a digit. In it: right of the last equals sign; of several numbers the first that can be in the gold's unit.

    Args:
        text: as `characters.plain` leaves it.
        gold: the gold's unit.
    """
    segments = _segments(text)
    values = []
    for segment in segments[:MAX_ANCHORS]:
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


def _segments(text: str) -> list[_Segment]:
    """Where answers are announced, the last first."""
    found = [
        _Segment(match.start() + 1, match.end(), "boxed")
        for match in re.finditer(f"{BOX_OPEN}[^{BOX_OPEN}{BOX_CLOSE}]*{BOX_CLOSE}", text)
    ]
    for match in _ANCHOR.finditer(text):
        start = match.end()
        end = _line_end(text, start)
        for _ in range(3):
            if _DIGIT.search(text, start, end) or any(True for _ in quantities(text, start, end, words=True)):
                break
            end = _line_end(text, end + 1) if end < len(text) else end
        note = match.group("round") or match.group("plain") or match.group("comma") or ""
        found.append(_Segment(start, end, "anchor", _noted_unit(note)))
    return sorted(found, key=lambda segment: segment.start, reverse=True)


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _noted_unit(note: str) -> Unit | None:
    """A unit in the words between the anchor and its colon: «(в млн руб.)», «, %»."""
    words = note.removeprefix("в ").strip()
    unit, end = unit_at(words, 0)
    return None if unit.bare or words[end:].strip(" .") else unit


def _candidates(text: str, segment: _Segment, gold: Unit) -> list[Quantity]:
    """The quantities that the segment may give, the best first."""
    if segment.kind == "boxed":
        return _boxed(text, segment, gold)
    found = quantities(text, segment.start, segment.end) or quantities(text, segment.start, segment.end, words=True)
    found = [quantity for quantity in found if not _is_prior(text, quantity)]
    if not found:
        return []
    end = segment.end
    if segment.kind == "anchor" and (sentence := _SENTENCE.search(text, found[0].end, segment.end)):
        end = sentence.start()
    begin = _after_equals(text, segment.start, end, found)
    return _ranked(text, [quantity for quantity in found if begin <= quantity.start and quantity.end <= end], gold)


def _boxed(text: str, segment: _Segment, gold: Unit) -> list[Quantity]:
    close = segment.end - 1
    found = quantities(text, segment.start, close) or quantities(text, segment.start, close, words=True)
    begin = _after_equals(text, segment.start, close, found) if found else segment.start
    ranked = _ranked(text, [quantity for quantity in found if quantity.start >= begin], gold)
    if ranked and ranked[0].unit.bare and not text[ranked[0].end : close].strip():
        unit, _ = unit_at(text, segment.end)  # «\boxed{25} %»
        ranked[0] = replace(ranked[0], unit=unit)
    return ranked


def _after_equals(text: str, start: int, end: int, found: list[Quantity]) -> int:
    """Right of the last equals sign that a quantity follows; signs inside a remark in brackets do not count."""
    first = found[0].start
    base = depth = 0
    begin = start
    for match in _EQUALS.finditer(text, start, end):
        sign = match.group()
        depth += (sign == "(") - (sign == ")")
        if match.start() < first:
            base = depth
        if sign in "=≈" and depth <= base and any(match.end() <= quantity.start < end for quantity in found[-1:]):
            begin = match.end()
    return begin


_FUNCTION_WORDS = re.compile(
    r"(?:во?|на|за|по|при|со?|от|до|из|к|у|об?|и|или|либо|а|но|что|это|так|как|то|для|если|где|же|не|годовых|около)$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[ \"]*([^\W\d_]+)")


def _ranked(text: str, found: list[Quantity], gold: Unit) -> list[Quantity]:
    return sorted(found, key=lambda quantity: _rank(text, quantity, gold)) if len(found) > 1 else found


def _rank(text: str, quantity: Quantity, gold: Unit) -> int:
    """How far a quantity is from being the answer: 0 it fits the unit or is bare, …, 4 it is a list's number."""
    if quantity.index:
        return 4
    if quantity.year:
        return 2
    if conversion(quantity.unit, gold) is None:
        return 3
    if not quantity.unit.bare:
        return 0
    word = _WORD.match(text, quantity.end)
    counted = word is not None and not _FUNCTION_WORDS.match(word.group(1))
    return 1 if counted and not gold.kind.endswith(word.group(1).lower() if word else "") else 0


_YEAR_WORD = re.compile(r" ?(?:г\b|гг\b|год)", re.IGNORECASE)
_YEAR_BEFORE = re.compile(
    r"\b(?:в|за|на|с|по|к|от|год[аеу]?|году|январ\w|декабр\w|квартал\w?|полугоди\w) $", re.IGNORECASE
)
_FROM = re.compile(r"\bсо? $", re.IGNORECASE)
_TO = re.compile(r" ?(?:годовых )?до\b", re.IGNORECASE)


def _is_prior(text: str, quantity: Quantity) -> bool:
    """A year («за 2022 г.»), or the first value in «с 20% до 25%»."""
    before = text[max(0, quantity.start - 12) : quantity.start]
    if quantity.year:
        return bool(_YEAR_WORD.match(text[quantity.end - 4 : quantity.end + 8].lstrip("0123456789"))) or bool(
            _YEAR_BEFORE.search(before)
        )
    return bool(_FROM.search(before) and _TO.match(text, quantity.end))


def _same(first: Quantity, second: Quantity) -> bool:
    return first.number == second.number and first.unit == second.unit


def _without_cut_repetition(
    text: str, values: list[tuple[_Segment, list[Quantity]]]
) -> list[tuple[_Segment, list[Quantity]]]:
    """Drops the last of many equal anchored answers where the output ends in the middle of it."""
    if len(values) < 4 or values[0][0].end != len(text):
        return values
    last, before = (text[segment.start : segment.end].strip() for segment, _ in values[:2])
    equal = all(_same(values[1][1][0], other[0]) for _, other in values[2:])
    return values[1:] if equal and before.startswith(last) and before != last else values


def _fallback(text: str, gold: Unit) -> Located:
    for segment in _lines_with_digits(text):
        found = [q for q in quantities(text, segment.start, segment.end) if not _is_prior(text, q) and not q.index]
        if not found:
            continue
        begin = _after_equals(text, segment.start, segment.end, found)
        right = [quantity for quantity in found if quantity.start >= begin]
        best = min(_rank(text, quantity, gold) for quantity in right)
        fitting = [quantity for quantity in right if _rank(text, quantity, gold) == best]
        chosen = fitting[0] if begin > segment.start else _after_result_word(text, segment, fitting)
        return _described(text, segment, [chosen], gold, ("fallback",))
    end = len(text)
    words = quantities(text, text.rfind("\n") + 1, end, words=True)
    return _described(text, _Segment(0, end, "fallback"), words[-1:], gold, ("fallback",)) if words else Located(None)


def _lines_with_digits(text: str) -> Iterator[_Segment]:
    """The last line with a digit, and the one before it where that holds dates and references only."""
    end = len(text)
    for _ in range(3):
        last = max(text.rfind(digit, 0, end) for digit in "0123456789")
        if last < 0:
            return
        start = text.rfind("\n", 0, last) + 1
        yield _Segment(start, _line_end(text, last), "fallback")
        end = start


def _after_result_word(text: str, segment: _Segment, fitting: list[Quantity]) -> Quantity:
    """The first number after the last word that announces a result («составила»), else the last number."""
    announced = None
    position = segment.start
    for quantity in fitting:
        if _RESULT.search(text, position, quantity.start):
            announced = quantity
        position = quantity.end
    return announced or fitting[-1]


_RANGE = re.compile(r" ?(?:[-−]|\.\.\.?|…|±|÷) ?(?:[$€₽])?\d| ?(?:±)")
_FROM_TO = re.compile(r"\bот $", re.IGNORECASE)
_BOUND = re.compile(
    r"(?:[<>≤≥]=?|\b(?:более|больше|свыше|выше|менее|меньше|ниже|минимум|максимум|не превы\w+|превы\w+)(?: чем)?(?: на)?) ?$",
    re.IGNORECASE,
)
_MORE_BY = re.compile(r"\b(?:больше|меньше|выше|ниже) на $", re.IGNORECASE)
_UP_TO = re.compile(r"^\W*до $", re.IGNORECASE)
_OTHER = re.compile(r"[ ,(]*(?P<or>(?:\b(?:или|либо|or)\b|/)[^\d\n.;]{0,30})?(?:\b(?:и|,) )?$", re.IGNORECASE)
_DECLINE = re.compile(
    r"убыт|убыл|сни[жз]|сокра[тщ]|упал|паден|уменьш|отрицат|дефицит|отток|потер|спад|просел|обесцен|недоста[тч]",
    re.IGNORECASE,
)


def _described(text: str, segment: _Segment, candidates: list[Quantity], gold: Unit, flags: tuple[str, ...]) -> Located:
    """The chosen quantity with what its surroundings say about it."""
    chosen = candidates[0]
    if segment.unit and chosen.unit.bare:
        chosen = replace(chosen, unit=segment.unit)
    chosen = _bracketed(text, segment, chosen)
    clause = text[segment.start : segment.end][:400]
    return Located(
        chosen,
        hedged=_is_bound(text, segment, chosen) or _has_rival(text, segment, chosen, gold),
        decline=_DECLINE.search(clause) is not None,
        flags=flags + _reading_flags(chosen),
    )


def _reading_flags(quantity: Quantity) -> tuple[str, ...]:
    marks = {"ambiguous_separator": quantity.thousands, "words": quantity.words, "fraction": quantity.fraction}
    return tuple(name for name, mark in marks.items() if mark)


def _bracketed(text: str, segment: _Segment, quantity: Quantity) -> Quantity:
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


def _is_bound(text: str, segment: _Segment, quantity: Quantity) -> bool:
    before = text[max(segment.start, quantity.start - 24) : quantity.start]
    if _RANGE.match(text, quantity.end, segment.end) or _FROM_TO.search(before) or _UP_TO.search(before):
        return True
    return bool(_BOUND.search(before)) and not _MORE_BY.search(before)


def _has_rival(text: str, segment: _Segment, chosen: Quantity, gold: Unit) -> bool:
    """Whether another value of the same kind is offered beside the chosen one: «25% или 30%», «25% и 30%»."""
    end = min(segment.end, chosen.end + 120)
    following = quantities(text, chosen.end, end)[:2]
    position = chosen.end
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
