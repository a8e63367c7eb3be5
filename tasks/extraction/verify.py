"""Checks one item against its own text, by reading it anew: no code here is the generator's or the grader's."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tasks.scoring.rouge import lemma

KEYS = ("metric", "value", "unit", "period", "change", "change_unit", "entity")
UNITS = ("руб.", "тыс. руб.", "млн руб.", "млрд руб.", "трлн руб.", "млн долл.", "%", "раз", "шт.", "чел.", "т", "тыс. т", "млн т", "тыс. кв. м")  # fmt: skip

_PERIOD = re.compile(r"20\d\d(?:-(?:H[12]|Q[1-4]|9M|\d\d(?:-\d\d)?))?")
_NUMBER = re.compile(r"\d{1,3}(?:[ \u00a0]\d{3})+(?:,\d+)?(?!\d)|\d+(?:[.,]\d+)?")
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
    return [*problems, *_identities(rows), *_columns(rows, text)]


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
    found = {Decimal(re.sub(r"[ \u00a0]", "", match).replace(",", ".")) for match in _NUMBER.findall(text)}
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
    money = {"тыс. руб.": Decimal("0.001"), "млн руб.": 1, "млрд руб.": 1000, "трлн руб.": 10**6}
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


def _columns(rows: Sequence[Mapping[str, Any]], text: str) -> Iterator[str]:
    """In a table with two periods: the value stands under the later one, and the change follows from both."""
    order: list[int] = []
    for line in text.split("\n"):
        cells = [cell.strip() for cell in re.split(r" \| |; |\t| {3}| ¦ | / ", line)]
        if cells[0] == "Показатель" and len(cells) >= 3:
            years = [int(found[-1]) if (found := re.findall(r"20\d\d", cell)) else 0 for cell in cells[1:3]]
            order = [1, 2] if years[0] > years[1] else [2, 1]
        elif order and len(cells) > 2:
            yield from _line(rows, cells, order)


def _line(rows: Sequence[Mapping[str, Any]], cells: Sequence[str], order: Sequence[int]) -> Iterator[str]:
    name = cells[0].split(",")[0].replace(" (", "(").split("(")[0].lower()
    for row in rows:
        if row["metric"].lower() not in (name, name.replace("соотношение «", "").rstrip("»")):
            continue
        now, before = (_cell(cells[position]) for position in order)
        if now is None or before is None or now != Decimal(row["value"]):
            yield f"{row['metric']}: the table says {now}, the gold {row['value']}"
        elif row["change"] is not None and row["change_unit"] == "п.п." and now - before != Decimal(row["change"]):
            yield f"{row['metric']}: {now} after {before} is not a change of {row['change']} п.п."
        elif row["change_unit"] == "%" and abs((now / before - 1) * 100 - Decimal(row["change"])) > Decimal("0.5"):
            yield f"{row['metric']}: {now} after {before} is not a change of {row['change']}%"


def _cell(text: str) -> Decimal | None:
    digits = _NUMBER.search(text)
    if digits is None:
        return None
    value = Decimal(re.sub(r"[ \u00a0]", "", digits.group()).replace(",", "."))
    return -value if text[:1] in "(-−–" else value
