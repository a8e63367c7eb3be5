"""Checks one item against its own text, by reading it anew: no code here is the generator's or the grader's."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tasks.extraction.verify_tables import NUMBER, column_problems, figure, is_table_line
from tasks.scoring.rouge import lemma

KEYS = ("metric", "value", "unit", "period", "change", "change_unit", "entity")
UNITS = ("руб.", "тыс. руб.", "млн руб.", "млрд руб.", "трлн руб.", "млн долл.", "%", "раз", "шт.", "чел.", "т", "тыс. т", "млн т", "тыс. кв. м")  # fmt: skip

_PERIOD = re.compile(r"20\d\d(?:-(?:H[12]|Q[1-4]|9M|\d\d(?:-\d\d)?))?")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[А-ЯЁ«A-Z])|\n")
_FIGURE = re.compile(rf"({NUMBER.pattern})[ \u00a0]?(?:трлн|млрд|млн|тыс\.|%|п\.п|x\b|чел\.|шт\.)")
_FORECAST = re.compile(r"прогноз|ожида|план\b|бюджет|стратеги|консенсус|ориентир|намечено|не исключает|закладывал")
_COMPARED = re.compile(r"ранее|прошл|сравнен|сопоставим|было|против|прежд|[Пп]редварительн|ошибочно|вместо|к/к|кв/кв|квартал|изменил|тогда как|отозвано|[Сс] \d.* до")  # fmt: skip
"""What sets another figure beside the result in one sentence."""
_APART = re.compile(
    _FORECAST.pattern
    + r"|^Годом ранее|^Для сравнения|^Прошлогоднее|пересмотрены|^Ретроспективно|ассоциация|[Рр]ейтингов"
    r"|^Брокеры|^Стандарт|^Не путать|^Параллельно|^По (?:РСБУ|МСФО) |^В отчётности по ",
    re.IGNORECASE,
)
"""What says that a whole sentence is no result of the period."""
_MONTHS = ("январ", "феврал", "март", "апрел", "ма[йя]", "июн", "июл", "август", "сентябр", "октябр", "ноябр", "декабр")
_PARTS = {
    "H1": r"полугод|пг\.|6М|6 мес|шест|1[Пп]|январ\w* ?[—–-] ?июн",
    "H2": r"[Вв]тор\w+ полугод",
    "9M": r"9 ?[МM]|9 мес|девят|январ\w* ?[—–-] ?сентябр",
    "Q1": r"\b1 ?К|\b1 кв|\bI кв|[Пп]ерв\w+ кв|1-го кв|январ\w* ?[—–-] ?март",
    "Q2": r"\b2 ?К|\b2 кв|\bII кв|[Вв]тор\w+ кв|2-го кв|апрел\w* ?[—–-] ?июн",
    "Q3": r"\b3 ?К|\b3 кв|\bIII кв|[Тт]рет\w+ кв|3-го кв|июл\w* ?[—–-] ?сентябр",
    "Q4": r"\b4 ?К|\b4 кв|\bIV кв|[Чч]етв[её]рт\w+ кв|4-го кв|октябр\w* ?[—–-] ?декабр",
}
_WORDS = {
    "один": 1, "два": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7, "восемь": 8, "девять": 9,
    "десять": 10, "одиннадцать": 11, "двенадцать": 12, "пятнадцать": 15, "шестнадцать": 16, "восемнадцать": 18, "двадцать": 20,
    "тридцать": 30, "сорок": 40, "пятьдесят": 50, "полтора": 1.5, "вдвое": 2, "втрое": 3, "четверть": 25,
    "полмиллиарда": 0.5, "полмиллион": 0.5, "полмиллиард": 0.5,
}  # fmt: skip
_METRICS = {
    "чистая прибыль": r"чист\w+ приб|чист\w+ убыт|\bЧП\b|\bчп\b|Чист приб|прибыл", "чистый процентный доход": r"процентн\w+ доход|ЧПД|чпд",
    "чистый комиссионный доход": r"комиссионн\w+ доход|ЧКД", "операционные расходы": r"операционн\w+ расход",
    "расходы на резервы": r"расход\w* на резерв", "рентабельность капитала": r"рентабельност\w+ капитал|ROE",
    "чистая процентная маржа": r"процентн\w+ марж|NIM|ЧПМ", "стоимость риска": r"стоимост\w+ риска|CoR",
    "отношение расходов к доходам": r"отношени\w+ расходов|CIR", "доля неработающих кредитов": r"NPL", "норматив Н1.0": r"Н1\.0",
    "кредитный портфель": r"портфел", "розничный кредитный портфель": r"розничн\w+ кредитн", "корпоративный кредитный портфель": r"корпоративн\w+ кредитн",
    "средства клиентов": r"средств\w* клиентов", "выручка": r"[Вв]ыруч|ВЫРУЧКА", "операционная прибыль": r"операционн\w+ прибыл|EBIT\b",
    "рентабельность по EBITDA": r"рентабельност\w+ по EBITDA|маржа EBITDA", "капитальные затраты": r"капитальн\w+ затрат|CAPEX|капзатрат",
    "свободный денежный поток": r"денежн\w+ поток|FCF", "чистый долг": r"чист\w+ долг", "чистый долг/EBITDA": r"долг.?/.?EBITDA|x EBITDA", "численность персонала": r"численност|персонал|штат",
    "число магазинов": r"магазин", "объём производства": r"производств|[Вв]ыпустили", "объём добычи": r"добыч", "объём перевозок": r"перевоз|перевезли",
    "объём продаж недвижимости": r"недвижимост", "скорректированная EBITDA": r"скорректированн\w+ EBITDA", "прибыль от продаж": r"от продаж",
}  # fmt: skip


def verify(item: Mapping[str, Any]) -> list[str]:
    """What is wrong with an item: its gold's form, its reference, and whether its text says what the gold says."""
    rows = item["gold"]["rows"]
    text = item["instruction"]
    problems = [problem for row in rows for problem in _form(row)]
    if problems:
        return problems
    problems += _reference(item, rows)
    keys = [(row["metric"], row["period"], row["entity"]) for row in rows]
    problems += [f"two rows for {key}" for key in sorted(set(keys)) if keys.count(key) > 1]
    figures = _figures(text)
    for row in rows:
        problems += _evidence(row, text, figures)
    problems += [*_identities(rows), *column_problems(rows, text)]
    # What people write marks its forecasts in ways that no list of words covers.
    return problems if item["source"] == "handwritten" else [*problems, *_unclaimed(rows, text)]


def _form(row: Mapping[str, Any]) -> Iterator[str]:
    if tuple(row) != KEYS:
        yield f"keys {tuple(row)}"
        return
    name = row["metric"]
    if row["unit"] not in UNITS:
        yield f"{name}: unit {row['unit']!r} is not in the list"
    if (row["change"] is None) != (row["change_unit"] is None):
        yield f"{name}: change and change_unit must both be given or both be null"
    if not _PERIOD.fullmatch(row["period"]):
        yield f"{name}: period {row['period']!r}"
    for key in ("value", "change"):
        if row[key] is not None and not re.fullmatch(r"-?\d+(?:\.\d+)?", row[key]):
            yield f"{name}: {key} {row[key]!r} is no decimal string"


def _reference(item: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    for reference in item["references"]:
        stated = json.loads(reference, parse_float=str, parse_int=str)
        if stated != list(rows):
            return ["a reference differs from the gold"]
    return [] if item["references"][0] == item["output"] else ["output is not the first reference"]


def _figures(text: str) -> set[Decimal]:
    """Every figure in the text, in digits or in words, without its sign."""
    found = {figure(match) for match in NUMBER.findall(text)}
    total = Decimal(0)
    for word in re.findall(r"[а-яё]+", text.lower()):
        value = _WORDS.get(word, _WORDS.get(lemma(word)))
        if word == "половиной":
            found.add(total + Decimal("0.5"))
        elif value is not None:
            total += Decimal(str(value))
            found |= {total, Decimal(str(value))}
        elif word != "с":
            total = Decimal(0)
    return found


def _evidence(row: Mapping[str, Any], text: str, figures: set[Decimal]) -> Iterator[str]:
    name = row["metric"]
    for key in ("value", "change"):
        if row[key] is not None and abs(Decimal(row[key])) not in figures:
            yield f"{name}: {key} {row[key]} is not in the text"
    if row["entity"] not in text and row["entity"][:-1] not in text:
        yield f"{name}: company {row['entity']} is not in the text"
    if not re.search(_METRICS.get(name, re.escape(name[:-1])), text, re.IGNORECASE):
        yield f"{name}: not named in the text"
    if not _period_in(row["period"], text):
        yield f"{name}: period {row['period']} is not in the text"
    stem = {"%": r"%|процент", "раз": r"(?:\d|,) ?[xх]\b", "чел.": r"чел|персонал|штат", "шт.": r"шт|магазин"}
    if not re.search(stem.get(row["unit"], re.escape(row["unit"].split()[0].rstrip("."))), text + _spelled(text)):
        yield f"{name}: unit {row['unit']} is not in the text"


def _spelled(text: str) -> str:
    """The abbreviations of the scales that the text spells out."""
    return " млрд" * ("миллиард" in text) + " млн" * ("миллион" in text)


def _period_in(code: str, text: str) -> bool:
    year, _, part = code.partition("-")
    if year not in text and not re.search(rf"(?<=[^\d]){year[2:]}\b", text):
        return False
    if not part:
        return True
    if part in _PARTS:
        return re.search(_PARTS[part], text) is not None
    month = _MONTHS[int(part[:2]) - 1]
    if len(part) == 2:
        return re.search(month, text, re.IGNORECASE) is not None
    day = int(part[3:])
    named = rf"\b{day} {month}|конец {month}|\b{day:02d}\.{part[:2]}\.(?:{year}|{year[2:]})"
    return re.search(named, text) is not None


def _identities(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Figures that must agree with each other: margins, parts of a portfolio."""
    money = {
        "тыс. руб.": Decimal("0.001"),
        "млн руб.": Decimal(1),
        "млрд руб.": Decimal(1000),
        "трлн руб.": Decimal(10**6),
    }
    known = {(row["metric"], row["period"], row["entity"]): row for row in rows}

    def amount(name: str, row: Mapping[str, Any]) -> Decimal | None:
        other = known.get((name, row["period"], row["entity"]))
        return Decimal(other["value"]) * money[other["unit"]] if other and other["unit"] in money else None

    for row in rows:
        if row["metric"] == "рентабельность по EBITDA":
            ebitda, revenue = amount("EBITDA", row), amount("выручка", row)
            if ebitda and revenue and abs(ebitda / revenue * 100 - Decimal(row["value"])) > Decimal("0.5"):
                yield f"EBITDA {ebitda} is not {row['value']}% of revenue {revenue}"
        if row["metric"] == "кредитный портфель":
            parts = [amount(f"{kind} кредитный портфель", row) for kind in ("розничный", "корпоративный")]
            whole = amount("кредитный портфель", row)
            if whole and all(parts) and abs(sum(filter(None, parts)) / whole - 1) > Decimal("0.01"):
                yield f"the parts of the loan portfolio do not make {whole}"


def _unclaimed(rows: Sequence[Mapping[str, Any]], text: str) -> Iterator[str]:
    """Figures that no row claims must be marked in their sentence as something else than a result of the period."""
    values, changes = ({abs(Decimal(row[key])) for row in rows if row[key]} for key in ("value", "change"))
    claimed = values | changes
    for sentence in _SENTENCE.split(text):
        found = {figure(match) for match in _FIGURE.findall(sentence)}
        if _is_foreign(rows, sentence) or is_table_line(sentence):
            continue
        explained = _APART.search(sentence) or (found & claimed and _COMPARED.search(sentence))
        if not found <= claimed and not explained:
            yield f"{sorted(found - claimed)} in {sentence!r} is neither in the gold nor marked as no result"
        if found & values and _FORECAST.search(sentence):
            yield f"{sorted(found & values)} in {sentence!r} is a forecast"


def _is_foreign(rows: Sequence[Mapping[str, Any]], sentence: str) -> bool:
    """Whether a round-up's line is about a company that was not asked for."""
    named = re.findall(r"(?:ПАО|АО|ООО) «([^»]+)»", sentence)
    return bool(named) and not {row["entity"] for row in rows} & set(named)
