"""Which of several quantities is the answer. The gold's unit may decide, its value never does."""

import re

from tasks.scoring.quantity import Quantity
from tasks.scoring.units import Unit, conversion

_EQUALS = re.compile(r"(?<![<>!=])=(?![>=])|≈|[()]")
_RESULT = re.compile(r"(?:составл|состав[ия]|рав(?:ен|н)|получ|итог|будет|достиг)\w*|[-−:→]\ ", re.IGNORECASE)
_FUNCTION_WORDS = re.compile(
    r"(?:во?|на|за|по|при|со?|от|до|из|к|у|об?|и|или|либо|а|но|что|это|так|как|то|для|если|где|же|не|годовых|около)$",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"[ )%\]]*[×÷/+^][ (]*[\d√]")
_OPERATOR_BEFORE = re.compile(r"[×÷/+^(−-] ?\Z")
_WORD = re.compile(r"[ \"]*([^\W\d_]+)")
_YEAR_WORD = re.compile(r" ?(?:г\b|гг\b|год)", re.IGNORECASE)
_YEAR_BEFORE = re.compile(
    r"\b(?:в|за|на|с|по|к|от|год[аеу]?|году|январ\w|декабр\w|квартал\w?|полугоди\w) \Z", re.IGNORECASE
)
_FROM = re.compile(r"\bсо? \Z", re.IGNORECASE)
_NOT = re.compile(r"\bне \Z", re.IGNORECASE)
_BUT = re.compile(r",? а\b", re.IGNORECASE)
_TO = re.compile(r" ?(?:годовых )?до\b", re.IGNORECASE)


def after_equals(text: str, start: int, end: int, found: list[Quantity]) -> int:
    """Right of the last equals sign that a quantity follows; signs inside a remark in brackets do not count."""
    first = found[0].start
    base = depth = 0
    signs = []
    for match in _EQUALS.finditer(text, start, end):
        sign = match.group()
        depth += (sign == "(") - (sign == ")")
        if match.start() < first:
            base = depth
        if sign in "=≈" and depth <= base and match.end() <= found[-1].start < end:
            signs.append(match)
    if signs and _justifies(text, found, signs[-1]):
        signs.pop()
    return signs[-1].end() if signs else start


def _justifies(text: str, found: list[Quantity], equals: re.Match[str]) -> bool:
    """Whether what follows an equals sign is the sum behind the result before it: «16% = 120 / 800»."""
    left = [quantity for quantity in found if quantity.end <= equals.start()][-1:]
    right = [quantity for quantity in found if quantity.start >= equals.end()][:1]
    stated = [
        quantity
        for quantity in left
        if not quantity.fraction
        and not text[quantity.end : equals.start()].strip()
        and not _OPERATOR_BEFORE.search(text[max(0, quantity.start - 3) : quantity.start])
    ]
    return bool(stated) and any(is_unfinished(text, quantity) or quantity.fraction for quantity in right)


def is_unfinished(text: str, quantity: Quantity) -> bool:
    """Whether a quantity is the first of a sum that the answer leaves to its reader: «(295 / 1340) × 100%»."""
    return _UNFINISHED.match(text, quantity.end) is not None


def ranked(text: str, found: list[Quantity], gold: Unit) -> list[Quantity]:
    """The quantities, likeliest answer first; equally likely ones in the order of the text."""
    return sorted(found, key=lambda quantity: rank(text, quantity, gold)) if len(found) > 1 else found


def rank(text: str, quantity: Quantity, gold: Unit) -> int:
    """How far a quantity is from being the answer.

    0: in the gold's unit, or bare. 1: in a unit that converts, or a bare number that counts something («3 кредита»).
    2: may be a year. 3: in another unit. 4: a list's number.
    """
    if quantity.index:
        return 4
    if quantity.year:
        return 2
    if conversion(quantity.unit, gold) is None:
        return 3
    if not quantity.unit.bare:
        return 0 if quantity.unit.kind in ("", gold.kind) else 1
    word = _WORD.match(text, quantity.end)
    counted = word is not None and not _FUNCTION_WORDS.match(word.group(1))
    return 1 if counted and not gold.kind.endswith(word.group(1).lower() if word else "") else 0


def is_prior(text: str, quantity: Quantity) -> bool:
    """A year («за 2022 г.»), or a value set against the answer: «с 20% до 25%», «не 20%, а 25%»."""
    before = text[max(0, quantity.start - 12) : quantity.start]
    if quantity.year:
        return bool(_YEAR_WORD.match(text[quantity.end - 4 : quantity.end + 8].lstrip("0123456789"))) or bool(
            _YEAR_BEFORE.search(before)
        )
    if _NOT.search(before):
        return bool(_BUT.match(text, quantity.end))
    return bool(_FROM.search(before) and _TO.match(text, quantity.end))


def after_result_word(text: str, start: int, fitting: list[Quantity]) -> Quantity:
    """The first number after the last word that announces a result («составила»), else the last number."""
    announced = None
    position = start
    for quantity in fitting:
        if _RESULT.search(text, position, quantity.start):
            announced = quantity
        position = quantity.end
    return announced or fitting[-1]
