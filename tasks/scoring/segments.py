"""The stretches of an answer that announce its number: boxes, anchors («Ответ:»), lines with digits."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tasks.scoring.characters import BOX_CLOSE, BOX_OPEN
from tasks.scoring.number_words import word_numbers
from tasks.scoring.units import Unit, unit_at

MAX_SEGMENT = 2_000
"""Characters read of one segment: of what follows an anchor the first, of a line without one the last."""
MAX_ANCHORS = 64
"""Anchors looked at, from the last: a model that loops writes thousands of them."""


@dataclass(frozen=True)
class Segment:
    """A stretch of text that may hold the answer."""

    start: int
    end: int
    kind: str
    """`anchor`, `boxed` or `fallback`."""
    unit: Unit | None = None
    """The unit named before the colon: «Ответ (млн руб.): 1 250»."""


_BOX = re.compile(f"{BOX_OPEN}[^{BOX_OPEN}{BOX_CLOSE}]*{BOX_CLOSE}")
_ANCHOR = re.compile(
    r"""(?<![^\W\d_]) (?:ответ|answer) \b ["'_ ]*
        (?: \( (?P<round>[^()\n]{1,40}) \)
          | ,?\ (?P<plain>(?:в|на|задач)[^\n:=\d,-]{1,30})
          | ,\ (?P<comma>[^\n:=\d-]{1,30}) )?
        ["' ]* (?: [:=] | \ ?[-−](?=\ |\n|[^\d\w]) | (?=[-−]\d) | $ | (?=\ \d) )""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_DIGIT = re.compile(r"\d")
_STEP = re.compile(r"=|^\W*(?:шаг|\d+[.)]\s)", re.IGNORECASE | re.MULTILINE)


def announced(text: str) -> list[Segment]:
    """Boxes and what follows anchors, the last first, `MAX_ANCHORS` at most.

    What follows an anchor is the rest of its line, or the next lines down to one with a number. A derivation of
    several lines under a heading «Ответ» is not announced: its last line is, as anywhere else.
    """
    boxes = [
        Segment(match.start() + 1, match.end(), "boxed")
        for match in _BOX.finditer(text)
        if match.end() - match.start() <= MAX_SEGMENT
    ]
    anchors = list(_ANCHOR.finditer(text))[-MAX_ANCHORS:]
    limits = [*(match.start() for match in anchors[1:]), len(text)][: len(anchors)]
    found = [_after_anchor(text, match, limit) for match, limit in zip(anchors, limits, strict=True)]
    segments = boxes[-MAX_ANCHORS:] + [segment for segment in found if segment]
    return sorted(segments, key=lambda segment: segment.start, reverse=True)


def _after_anchor(text: str, anchor: re.Match[str], limit: int) -> Segment | None:
    start = anchor.end()
    limit = min(limit, start + MAX_SEGMENT)
    own = end = min(_line_end(text, start), limit)
    for _ in range(3):
        if end >= limit or _DIGIT.search(text, start, end) or next(word_numbers(text, start, end), None):
            break
        end = min(_line_end(text, end + 1), limit)
    if end > own and _STEP.search(text, own + 1, end) and _DIGIT.search(text, end, min(limit, end + 200)):
        return None
    note = anchor.group("round") or anchor.group("plain") or anchor.group("comma") or ""
    return Segment(start, end, "anchor", _noted_unit(note))


def _noted_unit(note: str) -> Unit | None:
    """A unit in the words between the anchor and its colon: «(в млн руб.)», «, %»."""
    words = note.removeprefix("в ").strip()
    unit, end = unit_at(words, 0)
    return None if unit.bare or words[end:].strip(" .") else unit


def lines_with_digits(text: str) -> Iterator[Segment]:
    """The last lines with a digit, three at most, from the last: some hold dates and references only."""
    end = len(text)
    for _ in range(3):
        last = max(text.rfind(digit, 0, end) for digit in "0123456789")
        if last < 0:
            return
        end = text.rfind("\n", 0, last) + 1
        stop = _line_end(text, last)
        yield Segment(end if stop - end <= MAX_SEGMENT else _word_after(text, stop - MAX_SEGMENT), stop, "fallback")


def _word_after(text: str, position: int) -> int:
    """Where the next word begins: a cut may fall inside a number."""
    space = text.find(" ", position)
    return space + 1 if space >= 0 else len(text)


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end
