"""The part of a model's output that is its answer, before any grader looks at it."""

import re

MAX_CHARACTERS = 20_000
"""Graders read at most this many characters from the end of an output."""

_REFUSAL = re.compile(
    r"\b(?:не могу|не можем|не в состоянии|не буду|отказываюсь)\s+(?:\w+\s+){0,3}?"
    r"(?:ответить|помочь|предоставить|дать|выполнить|рассчитать|посчитать|вычислить|определить|оценить|решить)"
    r"|\b(?:невозможно|нельзя)\s+(?:\w+\s+){0,3}?(?:рассчитать|посчитать|вычислить|определить|оценить|решить|ответить)"
    r"|\b(?:как|я)\s+(?:большая\s+)?языков\w+\s+модел|\b(?:I can(?:no|')t|I'm sorry|As an AI)\b"
    r"|недостаточно\s+(?:данных|информации)",
    re.IGNORECASE,
)


def prepare(output: object) -> tuple[str, str]:
    """The text to grade and a reason why there is none.

    Returns:
        (text, ""): something to grade: what follows the last `</think>`, at most `MAX_CHARACTERS` from the end;
        ("", "truncated"): a `<think>` that never closes;
        ("", "empty"): nothing, or not a string (a damaged sample file).
    """
    if not isinstance(output, str):
        return "", "empty"
    # Searched in the whole output: a thought may be longer than what graders read.
    _, closed, text = output.rpartition("</think>")
    if output.find("<think>", len(output) - len(text) if closed else 0) >= 0:
        return "", "truncated"
    if len(text) > MAX_CHARACTERS:
        # The cut may fall inside a number; what is left of it must not be read as a number.
        text = "…" + text[-MAX_CHARACTERS:].lstrip("0123456789.,\u00a0\u202f ")
    text = text.strip()
    return (text, "") if text else ("", "empty")


def is_refusal(text: str) -> bool:
    """Whether the text declines to answer. Ask only after no answer was found in it."""
    return _REFUSAL.search(text) is not None
