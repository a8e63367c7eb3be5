"""Finds each ratio's own line in an answer, whatever a banker calls the ratio."""

import re
from collections.abc import Iterator

_COEFFICIENT = r"(?:коэффициент\w*|коэф\.?|к-т|показател\w+|значени\w+)?\s*"
_PERIOD = r"(?:период|срок|длительность|дни|продолжительность)\s+(?:одного\s+)?(?:оборота|оборачиваемости|погашения)\s+"

ALIASES: dict[str, str] = {
    "коэффициент текущей ликвидности": _COEFFICIENT + r"(?:текущ\w+|общ\w+) ликвидност\w+|ктл|current ratio",
    "коэффициент быстрой ликвидности": _COEFFICIENT
    + r"(?:быстр\w+|срочн\w+|промежуточн\w+) ликвидност\w+|кбл|quick ratio",
    "коэффициент абсолютной ликвидности": _COEFFICIENT + r"(?:абсолютн\w+|мгновенн\w+) ликвидност\w+|кал|cash ratio",
    "коэффициент автономии": _COEFFICIENT
    + r"(?:автономи\w+|финансовой (?:независимости|автономии)|концентрации собственного капитала)|equity ratio",
    "соотношение заёмного и собственного капитала": r"(?:соотношени\w+|отношени\w+) за[её]мн\w+ (?:и|к) собственн\w+(?: капитал\w+| средств\w*)?"
    r"|(?:коэффициент\w* )?(?:финансов\w+ )?(?:рычаг\w*|леверидж\w*)|плечо(?: финансового рычага)?"
    r"|(?:долг|за[её]мный капитал|за[её]мные средства|обязательства) ?/ ?(?:собственный )?капитал|d/e",
    "коэффициент обеспеченности собственными оборотными средствами": _COEFFICIENT
    + r"обеспеченност\w+ (?:собственными (?:оборотными )?средствами|сос)|косос|доля сос в оборотных активах",
    "коэффициент покрытия процентов": _COEFFICIENT
    + r"(?:процентн\w+ )?покрыти\w+(?: процентов| процентных \w+)?|icr|interest coverage",
    "коэффициент оборачиваемости активов": _COEFFICIENT
    + r"оборачиваемост\w+ (?:всех |совокупных )?активов|asset turnover",
    "рентабельность по валовой прибыли": r"(?:рентабельность(?: продаж)? по валовой прибыли|валов\w+ (?:рентабельност|марж|маржинальност)\w*"
    r"|gross margin)",
    "рентабельность продаж": r"рентабельност\w+ продаж(?!\s*\(?\s*по (?:чист|валов))|операционн\w+ (?:рентабельност|марж|маржинальност)\w*|ros",
    "рентабельность по чистой прибыли": r"рентабельност\w+(?: продаж)?\s*\(?\s*по чистой прибыли\)?"
    r"|чист\w+ (?:рентабельност|марж|маржинальност)\w*(?: продаж| прибыли)?|маржа чистой прибыли|npm",
    "рентабельность активов": r"рентабельност\w+ (?:совокупных )?активов|roa",
    "рентабельность собственного капитала": r"рентабельност\w+ (?:собственного )?капитала|roe",
    "темп прироста выручки": r"(?:темп\w* )?(?:прирост\w*|рост\w*) выручки|(?:прирост|рост|изменение) выручки|выручка г/г",
    "темп прироста активов": r"(?:темп\w* )?(?:прирост\w*|рост\w*) (?:всех )?активов|изменение активов",
    "период оборота запасов": _PERIOD + r"(?:товарных |товарно-материальных )?запасов|оборачиваемость запасов|dio",
    "период оборота дебиторской задолженности": _PERIOD
    + r"(?:дебиторской задолженности|дебиторки|дз)|оборачиваемость (?:дебиторской задолженности|дебиторки)|dso",
    "чистый долг": r"чист\w+ (?:финансовый )?долг\w*|net debt",
    "чистый оборотный капитал": r"чист\w+ оборотн\w+ капитал\w*|собственные оборотные средства|чок|nwc|working capital",
}
"""What a line may call the ratio, by the name in the gold."""

STATE_ANCHOR = r"финансовое состояние|оценка финансового состояния|состояние"

# Possessive: a line of a thousand asterisks costs one pass.
_MARKS = r"[\s*_#>\-–—•|\"'«`{(\[\\]*+(?:(?:\d{1,2}[.)]|[^\W\d_]\))[\s*_\"'«`(\\]*+)?"
_TAIL = r"(?:[^:=|≈\n—–]{0,70}?)"
_SEPARATOR = r"(?:\s*[:=|≈~→]|\s+[—–-]\s|\s+(?:равен|равна|равно|составля\w+|состав\w+|около)\b)"
_LINES = {
    name: re.compile(rf"^{_MARKS}(?:{alias})(?![^\W\d_]){_TAIL}{_SEPARATOR}(?P<rest>.*)$", re.IGNORECASE)
    for name, alias in ALIASES.items()
}
_STARTS_WITH_VALUE = re.compile(r"[\s*_$≈~=\"'`:\\(]*(?:[-−–+]|минус\s+)?\s*\d", re.IGNORECASE)
_STATED_BY_EQUATION = re.compile(r"[=≈]\s*[\s*_$\\(]*[-−–]?\s*\d")
_COMMENT = re.compile(
    r"\s*\((?!\s*(?:или|либо)\b)(?=[^()]*[^\W\d_]{3,}|\s*=?\s*[\d(][\d\s.,()−+*/×:-]*[/×*+−:])"
    r"|[;,]\s+(?=[^\W\d_])|\.\s+(?=[А-ЯЁA-Z])|\s+[—–-]\s+(?=[^\W\d_])"
    r"|\s+(?=(?:при норм|против|что |норма|выше|ниже|больше|меньше|значит))",
)
_CELL = re.compile(r"[\s*_]*[-−–]?\s*\d[\d\s.,]*\s*(?:%|[^\W\d_][^|\d]{0,14})?[\s*_]*")
_TWO_VALUES = re.compile(r"(?<=[\d%])\s*[;,]\s+(?=[-−–]?\d)")
MAX_LINE = 600
"""Longer lines are read up to here."""


def stated_value(text: str, name: str) -> str | None:
    """What the answer states as the ratio's value, as text for the numeric grader; None where it states nothing.

    The last line that opens with one of the ratio's names and goes on to a value counts; a remark after the value
    («при норме 1,5», «(годом ранее 1,45)») is not part of it.
    """
    found = [rest for rest in _rests(text, name) if _is_value(rest)]
    return _value(found[-1]) if found else None


def _rests(text: str, name: str) -> Iterator[str]:
    pattern = _LINES[name]
    for line in text.split("\n"):
        match = pattern.match(line[:MAX_LINE])
        if match:
            yield match["rest"].strip()


def _is_value(rest: str) -> bool:
    return _STARTS_WITH_VALUE.match(rest) is not None or _STATED_BY_EQUATION.search(rest) is not None or "|" in rest


def _value(rest: str) -> str:
    if "|" in rest:
        cells = [cell for cell in rest.split("|") if _CELL.fullmatch(cell)]
        return cells[0].strip() if cells else rest
    if _STATED_BY_EQUATION.search(rest) and not _leading_amount(rest):
        return rest
    comment = _COMMENT.search(rest, 1)
    value = rest[: comment.start()] if comment else rest
    # «1,67; 1,45» offers two values: the numeric grader must not pick the first.
    return _TWO_VALUES.sub(" или ", value)


def _leading_amount(rest: str) -> bool:
    """Whether the value itself comes first and an equation only explains it: «1,67 (= 1250 / 750)»."""
    return re.match(r"[*_\s]*[-−–]?\d[\d\s]*(?:[.,]\d+)?\s*%?\s*[*_]*\s*\(", rest) is not None
