"""Which labels a short Russian phrase states: word forms, negation, comparison, «средний или высокий»."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tasks.scoring.lemma import parses

_WORD = re.compile(r"[^\W\d_]+")
_NEGATIONS = frozenset(("не", "ни", "нельзя", "вряд", "едва"))
_COMPARISONS = frozenset(("выше", "ниже", "больше", "меньше", "более", "менее", "лучше", "хуже"))
_TURNS = frozenset(("а", "но", "или", "либо", "зато"))
_ADJECTIVES = frozenset(("ADJF", "ADJS", "PRTF", "PRTS", "ADVB"))
_HEAD_NOUNS = frozenset(
    ("риск", "уровень", "степень", "категория", "группа", "класс", "зона", "значение", "оценка", "рейтинг", "влияние",
     "эффект", "воздействие", "динамика", "тренд", "прогноз", "сценарий", "фактор", "характер", "состояние",
     "положение", "направление")
)  # fmt: skip
"""Nouns that a label describes when it answers the question; «средний доход» describes something else."""


@dataclass(frozen=True)
class Stated:
    """What a phrase states."""

    labels: tuple[str, ...]
    """Different labels in the order of their first mention, negated ones left out."""
    vague: bool
    """Whether a label is only compared with: «выше среднего» is neither «средний» nor «высокий»."""
    denied: bool = False
    """Whether a label is only denied: «не высокий»."""
    elsewhere: bool = False
    """Whether the labels are said of something named before them: «текучесть высокая»."""


@dataclass(frozen=True)
class _Word:
    text: str
    breaks: bool
    """Whether punctuation stands between this word and the one before it."""


@dataclass(frozen=True)
class _Mention:
    label: str
    aside: bool
    """Whether the label describes another thing: «высокий при среднем доходе»."""
    subject: bool
    """Whether another thing is named before it."""


@lru_cache(maxsize=1 << 14)
def _normals(word: str) -> frozenset[tuple[str, bool]]:
    """Every reading's normal form, and whether it is adjectival: «повышенный» must not equal «повысить»."""
    readings = (parse for parse in parses(word) if "COMP" not in parse.tag)
    return frozenset((parse.normal_form.replace("ё", "е"), parse.tag.POS in _ADJECTIVES) for parse in readings)


@lru_cache(maxsize=1 << 14)
def _part_of_speech(word: str) -> str:
    return str(parses(word)[0].tag.POS) if parses(word) else ""


@lru_cache(maxsize=1 << 14)
def _case(word: str) -> str:
    return str(parses(word)[0].tag.case) if parses(word) else ""


@lru_cache(maxsize=1 << 10)
def _parts(form: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(form.lower()))


def _words(text: str) -> list[_Word]:
    found, end = [], 0
    for match in _WORD.finditer(text.lower()):
        found.append(_Word(match.group(), bool(re.search(r"[^\s*_\"«»-]", text[end : match.start()]))))
        end = match.end()
    return found


def stated(phrase: str, levels: Mapping[str, Sequence[str]]) -> Stated:
    """The labels that a phrase states.

    Args:
        phrase: what follows the anchor; a sentence, not a text.
        levels: label -> words or phrases that state it, in any form.
    """
    words = _words(phrase)
    mentions: list[_Mention] = []
    vague, denied, position = False, False, 0
    while position < len(words):
        label, length = _label_at(words, position, levels)
        if not length:
            position += 1
            continue
        if _compared(words, position):
            vague = vague or not _has_subject(words, position)
        elif _negated(words, position):
            denied = denied or not _has_subject(words, position)
        else:
            aside = _aside(words, position, length, first=not mentions)
            mentions.append(_Mention(label, aside, _has_subject(words, position)))
        position += length
    used = [mention for mention in mentions if not mention.aside] or mentions
    labels = tuple(dict.fromkeys(mention.label for mention in used))
    return Stated(labels, vague, denied and not labels, all(mention.subject for mention in used))


def _label_at(words: Sequence[_Word], position: int, levels: Mapping[str, Sequence[str]]) -> tuple[str, int]:
    """The label whose longest form starts at a word, and that form's length; ("", 0) where none does."""
    best, longest = "", 0
    for label, forms in levels.items():
        for form in forms:
            parts = _parts(form)
            here = words[position : position + len(parts)]
            if longest < len(parts) == len(here) and all(map(_same, (word.text for word in here), parts)):
                best, longest = label, len(parts)
    return best, longest


def _same(word: str, form: str) -> bool:
    return word == form or bool(_normals(word) & _normals(form))


def _before(words: Sequence[_Word], position: int, reach: int) -> Iterable[str]:
    """The words before one in its clause, nearest first."""
    for index in range(position - 1, max(position - 1 - reach, -1), -1):
        if words[index + 1].breaks or words[index].text in _TURNS:
            return
        yield words[index].text


def _compared(words: Sequence[_Word], position: int) -> bool:
    """«выше среднего», «ближе к высокому», «более низкий»."""
    near = list(_before(words, position, 2))
    return bool(near) and (near[0] in _COMPARISONS or near[-1] in ("ближе", "близко", "близкий", "близок"))


def _negated(words: Sequence[_Word], position: int) -> bool:
    return not _NEGATIONS.isdisjoint(_before(words, position, 3))


def _has_subject(words: Sequence[_Word], position: int) -> bool:
    """Whether something else is being spoken of: «травматизм выше среднего», «текучесть не высокая»."""
    return any(_foreign_noun(word) and _case(word) in ("nomn", "accs") for word in _before(words, position, position))


def _aside(words: Sequence[_Word], position: int, length: int, *, first: bool) -> bool:
    after = position + length
    while after < len(words) and not words[after].breaks and _part_of_speech(words[after].text) == "ADJF":
        after += 1
    followed = after < len(words) and not words[after].breaks and _foreign_noun(words[after].text)
    before = next(iter(_before(words, position, 1)), "")
    if followed and (not first or _part_of_speech(before or "а") == "PREP"):
        return True
    return bool(before) and _foreign_noun(before)


def _foreign_noun(word: str) -> bool:
    # The first reading decides: «высокий» is also a surname's form.
    return _part_of_speech(word) == "NOUN" and not any(normal in _HEAD_NOUNS for normal, _ in _normals(word))
