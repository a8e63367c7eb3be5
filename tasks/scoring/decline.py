"""Losses and falls told in words: «убыток 5 млн», «снизилась на 3%»."""

import re

_DECLINE = re.compile(
    r"убыт|убыл|сни[жз]|сокра[тщ]|упал|паден|уменьш|отрицат|дефицит|отток|потер|спад|просел|обесцен|ниже|меньше|недоста[тч]",
    re.IGNORECASE,
)
_NEW_LEVEL = re.compile(r"\bдо \Z", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.;!?,(\n]")


def tells_of_decline(text: str, start: int, begin: int, end: int) -> bool:
    """Whether the words around a number say that it is a loss or a fall, so that it may lack a minus.

    They stand before it in its sentence, or right after it («5 млн убытка»). «Снизилась до 5 млн» is no fall of 5 млн.

    Args:
        start: where the segment begins.
        begin: where the number begins.
        end: where it ends.
    """
    before = text[max(start, begin - 150) : begin]
    after = text[end : end + 20]
    if stop := _SENTENCE_END.search(after):
        after = after[: stop.start()]
    return not _NEW_LEVEL.search(before) and _DECLINE.search(f"{before} {after}") is not None
