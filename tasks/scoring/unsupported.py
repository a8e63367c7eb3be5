"""How many of an answer's figures come from nowhere: neither from the task nor by the family's formulas from it."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tasks.scoring.answer import MAX_CHARACTERS, prepare

_SPACE = "[ \u00a0\u202f\u2009]"
_SCALES = {"тыс": 3, "млн": 6, "миллион": 6, "млрд": 9, "миллиард": 9, "трлн": 12, "триллион": 12}
_FIGURE = re.compile(
    rf"(?<![\w.,])(?P<whole>\d{{1,3}}(?:{_SPACE}\d{{3}})+(?!\d)|\d{{1,30}})(?:[.,](?P<fraction>\d{{1,12}}))?(?![.,]?\d)"
    rf"(?:{_SPACE}?(?P<scale>{'|'.join(_SCALES)}))?",
    re.IGNORECASE,
)
# Numbers that count or name something: list marks, «1-й», «п. 4.2», «№ 590», footnotes, dates.
_NOT_FIGURES = re.compile(
    r"(?m)^\W{0,8}\d{1,2}[.)](?=\s|\*)"
    r"|\d{1,4}-(?:е|й|я|го|ему|му|м|х|ый|ий|ой|ая|ое|ые)(?!\w)"
    r"|(?<!\w)(?:пп?|ст|стр|строк\w{1,3}|раздел\w?|разд|гл|глав\w|форм\w|табл|таблиц\w|рис)\b\.?\s?\d+(?:\.\d+)*"
    r"|№\s?\d[\w-]*"
    r"|\[\d{1,3}\]"
    r"|(?<![\d.])\d{1,4}(?:\.\d{1,4}){2,}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Figure:
    digits: Decimal
    """The number as printed, without its scale word."""
    power: int
    """Power of ten of the scale word, 0 without one."""
    step: Decimal
    """One unit of the last printed digit."""

    @property
    def is_year(self) -> bool:
        """Whether it may be a calendar year."""
        return self.power == 0 and self.step == 1 and 1900 <= self.digits <= 2100


def unsupported_share(answer: object, prompt: str, derived: Iterable[Decimal]) -> float:
    """The share of an answer's different figures that stand neither in the prompt nor among the derived values.

    A figure is supported if some value, rounded to the precision that the answer prints, equals it: «46%» and
    «45,6%» are both supported by 45.62, and «0,85 млрд» by «850 млн». Signs are not compared («снизился на 5%»).
    List marks, ordinals, dates, numbers of sections and years that stand in the prompt are not figures.

    Args:
        derived: what follows from the prompt's figures by the family's formulas, thresholds of its rubric included;
            in the unit in which an answer would print it (45.6 for 45,6%), money in the prompt's unit or in roubles.

    Returns:
        A share in 0…1; an answer without figures has none that is unsupported: 0.
    """
    text, _ = prepare(answer)
    sources = _figures(prompt[-MAX_CHARACTERS:])
    figures = {
        figure
        for figure in _figures(_NOT_FIGURES.sub(" ", text))
        if not (figure.is_year and str(figure.digits) in prompt)
    }
    if not figures:
        return 0.0
    plain = {figure.digits for figure in sources} | {abs(value) for value in derived}
    scaled = plain | {figure.digits.scaleb(figure.power) for figure in sources if figure.power}
    ordered = sorted(plain), sorted(scaled)
    return sum(not _supported(figure, *ordered) for figure in figures) / len(figures)


def _figures(text: str) -> set[_Figure]:
    found = set()
    for match in _FIGURE.finditer(text):
        fraction = match["fraction"] or ""
        digits = Decimal(re.sub(r"\D", "", match["whole"]) + (f".{fraction}" if fraction else ""))
        power = _SCALES[match["scale"].lower()] if match["scale"] else 0
        found.add(_Figure(digits, power, Decimal(1).scaleb(-len(fraction))))
    return found


def _supported(figure: _Figure, plain: Sequence[Decimal], scaled: Sequence[Decimal]) -> bool:
    if _near(figure.digits, figure.step, plain):
        return True
    value, step = figure.digits.scaleb(figure.power), figure.step.scaleb(figure.power)
    if _near(value, step, scaled):
        return True
    # «3,2 млрд» of a table whose heading says «млн руб.»: the scale stands apart from the number.
    return figure.power > 0 and any(_near(value.scaleb(-power), step.scaleb(-power), plain) for power in (3, 6))


def _near(value: Decimal, step: Decimal, ordered: Sequence[Decimal]) -> bool:
    """Whether one of the values rounds to the figure: by bisection, as a looping answer has thousands of figures."""
    first = bisect_left(ordered, value - step / 2)
    return first < len(ordered) and ordered[first] <= value + step / 2
