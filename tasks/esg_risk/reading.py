"""Reads an instruction back into figures and events, by words alone: the generator's own records are not used.

Two things rest on it: `verify`, as the second path to every gold, and the values that an answer may derive.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from tasks.esg_risk.rubric import HIGH, LOW, MEDIUM

_NUMBER = r"\d{1,3}(?: \d{3})+(?:,\d+)?|\d+(?:,\d+)?"
_SENTENCE_END = re.compile(r"\.\s+(?=[А-ЯЁA-Z\d])")
_ITEM_MARK = re.compile(r"^\s*(?:[—•*–-]\s|\d{1,2}\)\s)")
_INDUSTRY = re.compile(
    rf"(?:отрасл|сектор|аналог|конкурент|сопоставим|бенчмарк)[^\d;,]{{0,45}}?(?P<number>{_NUMBER})"
    rf"|против (?P<other>{_NUMBER})%? у отрасли"
)
_PREVIOUS = re.compile(
    rf"(?:год назад|было|после прошлогодних|прошлогодние|прошлый год —|прежде|после|\b20\d\d год —(?=.*20\d\d год)) (?P<number>{_NUMBER})"
    rf"|: (?P<other>{_NUMBER})%? в 20\d\d году"
)
_NOT_FIGURES = re.compile(
    r"scope 1(?:\s?(?:\+|и|–)\s?(?:scope )?2)?|scope 2|охват\w* 1(?:\s?(?:\+|и)\s?2)?|охват 2"
    r"|\b1000\b|\b20\d\d(?:-м| год[у]?)",
    re.IGNORECASE,
)
_IGNORED = re.compile(r"к 20\d\d году|горизонтом|до 20\d\d года")

_INDICATORS = {
    "co2": ("environment", r"углеро|карбон|парников|CO₂|прямые выбросы"),
    "air": ("environment", r"загрязняющ|NOₓ|вредные вещества"),
    "water": ("environment", r"\bвод[ыо]"),
    "waste": ("environment", r"отход(?:ов|ы)\b(?!.*(?:руб|взыска|оштраф))"),
    "ltifr": ("social", r"LTIFR|утрат\w+ трудоспособности"),
    "turnover": ("social", r"текуч|уволи"),
    "claims": ("social", r"\bиск|трудовые споры|решения судов"),
    "pay": ("social", r"(?:средн\w+|среднемесячн\w+) (?:зарплата|оплата труда|месячный заработок|оклад)|зарплата в среднем"),
    "independent": ("governance", r"независим"),
    "related": ("governance", r"связанн"),
    "disclosure": ("governance", r"раскры(?:тых|тия|тие)|ESG-раскрыт|нефинансовых показателей"),
    "attendance": ("governance", r"заседани"),
}  # fmt: skip
_HIGHER_IS_BETTER = {"waste", "pay", "independent", "disclosure", "attendance"}

_CALM = (
    ("environment", r"нарушений не выявила|предписаний по экологии нет|природоохранного надзора прошла без|по экологии не зафикс|претензий не имеют"),
    ("social", r"забастовок не было|погибших нет|травм не зафиксировано|никто не погиб|без забастовок"),
    ("governance", r"без оговорок, санкций нет|и санкций нет|заключение аудитора чистое|нарушений не нашли|органам управления вопросов"),
)  # fmt: skip
_EVENTS = (
    ("environment", HIGH, r"вред почве|исчислил вред|вред водному|вреда природе|вред оценён|постановлению суда|приостанов\w+"),
    ("environment", MEDIUM, r"(?:Росприроднадзор|экологический надзор|учёта выбросов|экологический протокол).*тыс\. руб|норматив|\bПДК|\bнормы, следующие"),
    ("social", HIGH, r"погиб|смертельн|унёс жизнь|бастовали|забастовк|не выходить|отказались выходить|стачка|долг по зарплате|не выплачивается|не платят|просрочены|зарплатный долг"),
    ("social", MEDIUM, r"задержана на|задержка зарплаты|аванс пришёл позже|выплата персоналу сдвинулась|листок оплатили|инспекци|\bГИТ\b|трудовых договорах|инспектор труда"),
    ("governance", HIGH, r"уголовное дело|под следствием|обвин|арестован|отказался от выражения|отказ аудитора|не смогли выразить|отказ от выражения|мнение .* отказалась|SDN|блокирующий список|блокирующи\w+ санкци|займ|взаймы|ссудили"),
    ("governance", MEDIUM, r"оговорк|оговорил|позднее раскрытие|с опозданием|опоздали|за опоздание|несвоевременное раскрытие|подсанкционн|из санкционного списка|блокирующ\w+ списк"),
)  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """One indicator as the text gives it."""

    key: str
    pillar: str
    value: Decimal
    industry: Decimal
    previous: Decimal | None = None

    @property
    def higher_is_better(self) -> bool:
        """Whether a lower value is the worse one."""
        return self.key in _HIGHER_IS_BETTER


@dataclass(frozen=True)
class Incident:
    """One event, or the express absence of events, as the text gives it."""

    pillar: str
    level: str


def statements(instruction: str) -> list[str]:
    """The body's sentences and list lines: without the opening and the closing line."""
    lines = instruction.split("\n")[1:-1]
    return [part for line in lines for part in _SENTENCE_END.split(_ITEM_MARK.sub("", line).rstrip("."))]


def read(statement: str) -> Figures | Incident | None:
    """What a statement says; None if it decides nothing or is not understood."""
    if _IGNORED.search(statement):
        return None
    return _figures(statement) or _incident(statement)


def derivable(instruction: str) -> Iterator[Decimal]:
    """Values that an analyst may derive from the text: computed indicators, gaps and changes.

    Gaps are taken from the exact value and from the value rounded as the industry's is printed: both are usual.
    """
    for statement in statements(instruction):
        found = read(statement)
        if isinstance(found, Figures):
            yield found.value
            for value in (found.value, found.value.quantize(found.industry, rounding=ROUND_HALF_UP)):
                for base in (found.industry, found.previous):
                    if base:
                        yield from (value - base, (value - base) / base * 100)


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(" ", "").replace(",", "."))


def _incident(statement: str) -> Incident | None:
    for pillar, pattern in _CALM:
        if re.search(pattern, statement, re.IGNORECASE):
            return Incident(pillar, LOW)
    for pillar, level, pattern in _EVENTS:
        if re.search(pattern, statement, re.IGNORECASE):
            return Incident(pillar, level)
    return None


def _figures(statement: str) -> Figures | None:
    for key, (pillar, pattern) in _INDICATORS.items():
        if not re.search(pattern, statement, re.IGNORECASE):
            continue
        numbers = _roles(_NOT_FIGURES.sub(_keep_year_role, statement))
        if numbers is None:
            continue
        own, industry, previous = numbers
        value = own[0] if len(own) == 1 else _computed(key, own, statement)
        if value is not None:
            return Figures(key, pillar, value, industry, previous)
    return None


def _keep_year_role(match: re.Match[str]) -> str:
    # «2023 год — 45» says whose number it is; the roles are read from it before the year itself is dropped.
    return match.group() if match.group().startswith("20") else " "


def _roles(text: str) -> tuple[list[Decimal], Decimal, Decimal | None] | None:
    """The company's own numbers, the industry's, last year's; None if the industry's is missing."""
    cells = re.split(r" \| |; ", text)
    if len(cells) == 3 and re.fullmatch(rf"(?:{_NUMBER})%?", cells[2]) and re.match(r"\d", cells[1]):
        return [_first(cells[1])], _first(cells[2]), None
    text, industry = _take(_INDUSTRY, text)
    text, previous = _take(_PREVIOUS, text)
    own = [_decimal(number) for number in re.findall(_NUMBER, re.sub(r"\b20\d\d(?:-м| году?)", " ", text))]
    return (own, industry, previous) if own and industry is not None else None


def _first(cell: str) -> Decimal:
    match = re.match(_NUMBER, cell)
    assert match is not None
    return _decimal(match.group())


def _take(pattern: re.Pattern[str], text: str) -> tuple[str, Decimal | None]:
    """The text without the number that the pattern finds, and that number."""
    match = pattern.search(text)
    if match is None:
        return text, None
    found = match["number"] or match["other"]
    at = match.start("number" if match["number"] else "other")
    return f"{text[:at]} {text[at + len(found) :]}", _decimal(found)


def _computed(key: str, own: list[Decimal], statement: str) -> Decimal | None:
    """An indicator from its components; which is which follows from their size."""
    if key == "co2" and len(own) == 3:
        return (own[0] + own[1]) / own[2] * _co2_scale(statement)
    scale = {"turnover": 100, "related": 100, "independent": 100, "claims": 1000, "ltifr": 1}.get(key)
    if scale is None or len(own) != 2:
        return None
    part, whole = sorted(own) if key != "ltifr" else _injuries_first(own, statement)
    return part / whole * scale


def _injuries_first(own: list[Decimal], statement: str) -> list[Decimal]:
    hours = re.search(rf"({_NUMBER}) млн", statement)
    return own if hours and _decimal(hours.group(1)) == own[1] else own[::-1]


def _co2_scale(statement: str) -> Decimal:
    """From (тыс. т) per unit of output to the unit in which the industry's intensity is given."""
    grams = {"т": 6, "кг": 3, "г": 0}
    intensity = re.findall(r"\d (т|кг|г) CO₂-экв\./(млн руб|т·км|т)", statement)[-1]
    output = re.findall(r"\d (тыс\. т|млн т|млрд т·км|млрд руб)(?! CO₂)", statement)
    powers = {"тыс. т": 3, "млн т": 6, "млрд т·км": 9, "млрд руб": 3}
    return Decimal(10) ** (9 - grams[intensity[0]] - powers[output[-1]])
