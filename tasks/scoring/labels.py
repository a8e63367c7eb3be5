"""Closed answers: which of a few labels an answer states on its last anchored line."""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tasks.scoring.answer import is_refusal, prepare
from tasks.scoring.mentions import Stated, stated

Levels = Mapping[str, Sequence[str]]

MAX_VALUE = 400
"""Longest text after an anchor that is read."""

MAX_STATEMENTS = 100
"""Anchors that are read, from the end: a looping output has thousands of them."""

# One character for one, so that positions stay: ё is е, `уровень_риска` is a key, a written-out \n breaks a line.
_FOLD = str.maketrans({"ё": "е", "Ё": "Е", "_": " ", **dict.fromkeys("\u00a0\u202f\u2009\t", " ")})
_LEAD = re.compile(
    r"(?:^|[.,;!?{}()|:—–])\W*(?:\d{1,2}[.)]?\W+)?"
    r"(?:(?:итак|итог|итого|вывод|ответ|итогов\w+|окончательн\w+|обща?\w{0,2}|заключение|следовательно|"
    r"таким образом)\b\W*){0,2}$",
    re.IGNORECASE,
)
_GAP = re.compile(r"[^\n:=|—–.;,]{0,80}?(?P<separator>[:=|—–]|\s-|(?<=^)-|-\s)")
_NEXT_KEY = re.compile(r"[,;}]\s*[\"'*«]*\s*[^\W\d][\w ]{0,40}[\"'*»]*\s*[:=]")
_KEY_LINE = re.compile(r"[\W\d]*[^\W\d][\w ]{0,60}\W{0,4}[:=|]")
_SENTENCE = re.compile(r"[.!?;](?=\s|$)|\n")
_BECAUSE = re.compile(
    r"\b(?:так как|т\. ?к\.|поскольку|потому|из-за|ввиду|вследствие|по причине|в связи|несмотря|благодаря|"
    r"за счет|обусловлен\w*|учитывая|с учетом)\b",
    re.IGNORECASE,
)
_SECOND_THOUGHT = re.compile(
    r"\b(?:скорее|возможно|или|либо|ближе|точнее|вернее|вероятно)\b"
    r"|^\W*(?:нет|но|однако|хотя|впрочем)\b",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"\b(?:не ?определ\w+|не ?известн\w+|не ?ясн\w+|не ?однозначн\w+|недостаточно (?:данных|информации|сведений)|"
    r"нет данных|н/д|невозможно|нельзя|затрудня\w+|не могу)\b",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    r"\b(?:если|при условии|в случае|бы|чтобы|мо(?:гут|жет)|зависит|снизит\w*|снижен\w*|повысит\w*|повыш\w+|"
    r"станет|был[аио]?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class LabelReading:
    """What was read: the label or None, and how reading went."""

    label: str | None
    """A key of `levels`, or None."""
    outcome: str
    """`read`, `hedged`, `unparsed`, `refusal`, `empty` or `truncated`."""


@dataclass(frozen=True)
class _Statement:
    """One place where the anchor stands, and what it is said to be."""

    stated: Stated
    firm: bool
    """Whether it is a line of its own («Уровень риска: …»), not a phrase in running text."""
    cut: bool
    """Whether the text ends before the label is written out."""
    start: int
    end: int
    unknown: bool = False
    """Whether it says that the label cannot be told: «Уровень риска: не определён»."""

    @property
    def tells(self) -> bool:
        """Whether it answers, if only by declining to; «Банки — переоценивается 64% активов» and «… — доля высокая» do not."""
        labels = bool(self.stated.labels) and not self.stated.elsewhere
        return labels or self.stated.vague or self.stated.denied or self.unknown

    @property
    def label(self) -> str | None:
        """The one label that is stated."""
        return self.stated.labels[0] if len(self.stated.labels) == 1 and not self.stated.vague else None


def read_label(output: object, anchor: str, levels: Levels) -> LabelReading:
    """The label that the last line starting with `anchor` states.

    Args:
        output: what the model wrote; anything but a string is `empty`.
        anchor: the words before the label, as a regular expression: `уровень риска`, `банки`. Markdown, list
            marks, table cells, JSON quotes and any case around them are allowed; ё and е are one letter.
        levels: label -> words or phrases that state it, in any form: {"высокий": ["высокий", "максимальный"]}.

    A later anchored line that says nothing of the label leaves it standing; one that takes it back («не высокий»,
    «не определён») does not. Two different labels there are `hedged`, and so is a comparison («выше среднего») that is no label's own form.
    Where no line is anchored, a phrase in running text counts («риск оценивается как высокий» under the anchor
    `риск`), unless it only supposes («если …») or phrases disagree. A label is a whole word: «невысокий» does not
    state «высокий», and neither does «не высокий».
    """
    text, reason = prepare(output)
    if reason:
        return LabelReading(None, reason)
    text = text.replace("\\n", " \n").translate(_FOLD)
    statements = list(_statements(text, anchor, levels))
    firm = [statement for statement in statements if statement.firm]
    while len(firm) > 1 and firm[-1].cut:
        firm.pop()
    # An analysis comes back to the heading: «Социальный риск: текучесть хуже отрасли».
    firm = [statement for statement in firm if statement.tells] or firm
    chosen = firm or [statement for statement in statements if statement.stated.labels][-1:]
    if not chosen or not (chosen[-1].stated.labels or chosen[-1].stated.vague):
        return LabelReading(None, "refusal" if is_refusal(text) else "unparsed")
    label = chosen[-1].label
    if (
        label is None
        or _undecided(firm, text)
        or (not firm and len({one.label for one in statements if one.label}) > 1)
    ):
        return LabelReading(None, "hedged")
    return LabelReading(label, "read")


def _undecided(firm: Sequence[_Statement], text: str) -> bool:
    """Whether anchored lines list labels one under another, or change their mind more than once.

    One change is a correction, and its last word counts; a loop over all labels is no answer.
    """
    clear = [statement for statement in firm if statement.label]
    changes = [(one, two) for one, two in pairwise(clear) if one.label != two.label]
    return len(changes) > 1 or any(not re.search(r"\w", text[one.end : two.start]) for one, two in changes)


def _statements(text: str, anchor: str, levels: Levels) -> Iterator[_Statement]:
    pattern = re.compile(rf"(?<!\w)(?:{anchor.translate(_FOLD).replace(' ', ' +')})(?!\w)", re.IGNORECASE)
    for match in deque(pattern.finditer(text), maxlen=MAX_STATEMENTS):
        line = text.rfind("\n", 0, match.start()) + 1
        before = text[max(line, match.start() - 60) : match.start()]
        gap = _GAP.match(text, match.end())
        heading = re.match(r"\W*(?:\n|$)", text[match.end() : match.end() + MAX_VALUE]) is not None
        if _LEAD.search(before) and (gap or heading):
            value, end = _value(text, match, gap["separator"] if gap else "")
            cut = end == len(text) and _unfinished(value, levels)
            unknown = _UNKNOWN.search(_first_sentence(value)) is not None
            yield _Statement(_answer(value, levels), True, cut, match.start(), end, unknown)
        else:
            sentence, end = _sentence(text, match.start())
            if not _SUPPOSED.search(sentence):
                said = stated(_BECAUSE.split(text[match.end() : end])[0], levels)
                yield _Statement(said, False, False, match.start(), end)


def _value(text: str, anchor: re.Match[str], separator: str) -> tuple[str, int]:
    """What stands after an anchor on its line, in its table cell or its JSON string; after a bare heading, the next line."""
    end = text.find("\n", anchor.end())
    end = min(len(text) if end < 0 else end, anchor.end() + MAX_VALUE)
    value = text[anchor.end() : end]
    if not re.search(r"\w", value):
        following = re.compile(r"\W*(\w.*)").match(text, end)
        if following is None or _KEY_LINE.match(following[1]):
            return value, end
        return following[1][:MAX_VALUE], min(following.end(), following.start(1) + MAX_VALUE)
    if separator == "|":
        value = value[: _until(r"\w[^|]*(\|)", value)]
    elif quoted := re.match(r"\s*[\"']\s*:\s*\"[^\"]*\"", value):
        value = quoted.group()
    elif key := _NEXT_KEY.search(value, value.find(separator) + 1):
        # «высокий, возможно: средний» is not a new key.
        value = value if _SECOND_THOUGHT.search(key.group()) else value[: key.start()]
    return value, anchor.end() + len(value)


def _until(pattern: str, value: str) -> int:
    match = re.search(pattern, value)
    return match.start(1) if match else len(value)


def _answer(value: str, levels: Levels) -> Stated:
    """What a value states: its first sentence up to the reasons given, and second thoughts after it."""
    opening = _first_sentence(value)
    first = stated(_BECAUSE.split(opening)[0], levels)
    if not first.labels:
        first = stated(opening, levels)
    doubts = [stated(sentence, levels) for sentence in _sentences(value)[1:] if _SECOND_THOUGHT.search(sentence)]
    labels = dict.fromkeys(first.labels)
    for doubt in doubts:
        labels |= dict.fromkeys(doubt.labels)
    return Stated(tuple(labels), first.vague or any(doubt.vague for doubt in doubts), first.denied, first.elsewhere)


def _sentences(value: str) -> list[str]:
    return [part for part in _SENTENCE.split(value) if re.search(r"\w", part)]


def _first_sentence(value: str) -> str:
    return next(iter(_sentences(value)), "")


def _unfinished(value: str, levels: Levels) -> bool:
    last = (re.findall(r"\w+", value.lower()) or [""])[-1]
    forms = (form.translate(_FOLD) for forms in levels.values() for form in forms)
    return any(form != last and form.startswith(last) for form in forms)


def _sentence(text: str, position: int) -> tuple[str, int]:
    """The sentence around a position (at most `MAX_VALUE` characters either way), and where it ends."""
    head = _SENTENCE.split(text[max(0, position - MAX_VALUE) : position])[-1]
    tail = _SENTENCE.search(text, position, position + MAX_VALUE)
    end = tail.start() if tail else min(len(text), position + MAX_VALUE)
    return head + text[position:end], end
