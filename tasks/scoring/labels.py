"""Closed answers: which of a few labels an answer states, by lemmas on its last anchored line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.scoring.answer import is_refusal, prepare
from tasks.scoring.rouge import lemmas


@dataclass(frozen=True)
class LabelReading:
    """What was read: the label or None, and how reading went."""

    label: str | None
    """A key of `levels`, or None."""
    outcome: str
    """`read`, `hedged`, `unparsed`, `refusal`, `empty` or `truncated`."""


def read_label(output: object, anchor: str, levels: Mapping[str, Sequence[str]]) -> LabelReading:
    """The label that the last line starting with `anchor` states.

    Args:
        output: what the model wrote; anything but a string is `empty`.
        anchor: the words before the label, as a regular expression without groups: `уровень риска`, `банки`.
            Markdown, list marks and any case around them are allowed; ё and е are one letter.
        levels: label -> lemmas that state it: {"высокий": ["высокий", "повышенный"]}.

    Two different labels on the line are `hedged`. A label is a whole word: «невысокий» does not state «высокий».
    """
    text, reason = prepare(output)
    if reason:
        return LabelReading(None, reason)
    pattern = re.compile(
        rf"^[^\w\n]*(?:\d+[.)]\s*)?[^\w\n]*(?:{anchor.replace('ё', 'е')})\b[^\w\n]*[:=—–-][^\w\n]*(.*)$",
        re.IGNORECASE | re.MULTILINE,
    )
    lines = pattern.findall(text.replace("ё", "е").replace("Ё", "Е"))
    if not lines:
        return LabelReading(None, "refusal" if is_refusal(text) else "unparsed")
    words = set(lemmas(lines[-1]))
    found = [label for label, forms in levels.items() if words & {lemma for form in forms for lemma in lemmas(form)}]
    if len(found) == 1:
        return LabelReading(found[0], "read")
    return LabelReading(None, "hedged" if found else "unparsed")
