"""Checks one item by a path of its own: amounts read back from the text, exact fractions, a second set of formulas."""

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from tasks.statement_analysis.layouts import IFRS_NAMES, RAS_NAMES

Amounts = dict[str, Fraction]

_IDENTITIES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("1600", ("1100", "1200"), ()),
    ("1600", ("1300", "1400", "1500"), ()),
    ("1700", ("1600",), ()),
    ("2100", ("2110",), ("2120",)),
    ("2200", ("2100",), ("2210", "2220")),
    ("2400", ("2300",), ("2410",)),
)
"""A total, what is added and what is taken away."""

_PARTS = (
    ("1200", ("1210", "1230", "1240", "1250", "1260")),
    ("1400", ("1410",)),
    ("1500", ("1510", "1520")),
)
"""Lines that are a part of another and may not exceed it."""

_FORMULAS: dict[str, Callable[[Amounts], Fraction]] = {
    "коэффициент текущей ликвидности": lambda v: v["1200"] / v["1500"],
    "коэффициент быстрой ликвидности": lambda v: (v["1230"] + v["1240"] + v["1250"]) / v["1500"],
    "коэффициент абсолютной ликвидности": lambda v: (v["1240"] + v["1250"]) / v["1500"],
    "коэффициент автономии": lambda v: v["1300"] / v["1600"],
    "соотношение заёмного и собственного капитала": lambda v: (v["1600"] - v["1300"]) / v["1300"],
    "коэффициент обеспеченности собственными оборотными средствами": lambda v: 1 - (v["1600"] - v["1300"]) / v["1200"],
    "коэффициент покрытия процентов": lambda v: 1 + v["2300"] / v["2330"],
    "коэффициент оборачиваемости активов": lambda v: v["2110"] / v["1600"],
    "рентабельность по валовой прибыли": lambda v: 100 * v["2100"] / v["2110"],
    "рентабельность продаж": lambda v: 100 * v["2200"] / v["2110"],
    "рентабельность по чистой прибыли": lambda v: 100 * v["2400"] / v["2110"],
    "рентабельность активов": lambda v: 100 * v["2400"] / v["1600"],
    "рентабельность собственного капитала": lambda v: 100 * v["2400"] / v["1300"],
    "темп прироста выручки": lambda v: 100 * (v["2110"] - v["before:2110"]) / v["before:2110"],
    "темп прироста активов": lambda v: 100 * (v["1600"] - v["before:1600"]) / v["before:1600"],
    "период оборота запасов": lambda v: 365 / (v["2120"] / v["1210"]),
    "период оборота дебиторской задолженности": lambda v: 365 / (v["2110"] / v["1230"]),
    "чистый долг": lambda v: v["1410"] + v["1510"] - v["1250"],
    "чистый оборотный капитал": lambda v: v["1200"] - v["1500"],
}
_AVERAGED = {
    "коэффициент оборачиваемости активов": "1600",
    "рентабельность активов": "1600",
    "рентабельность собственного капитала": "1300",
}

_OTHER_NAMES = {
    "2200": ("Убыток от продаж", "Операционный убыток"),
    "2300": ("Убыток до налогообложения", "Убыток до налога"),
    "2400": ("Чистый убыток", "Убыток за период"),
    "2100": ("Валовой убыток",),
    "1600": ("баланс (стр. 1600)",),
    "1700": ("баланс (стр. 1700)",),
}
"""Other names of a line: of a result that is negative, of the total in running text."""

_AMOUNT = re.compile(r"(?<![\d,.])\d{1,3}(?: \d{3})+(?:,\d+)?(?!\d)|\d+(?:,\d+)?")


def verify(item: Mapping[str, Any]) -> list[str]:
    """Problems of one item: figures that are not in its text, broken identities, wrong gold, a reference that differs."""
    gold = item["gold"]
    now, before = _columns(gold["lines"])
    problems = [*_text_problems(item), *_row_problems(item), *_identity_problems(now), *_identity_problems(before)]
    problems += _ratio_problems(item, now, before)
    if _state(now) != gold["state"]:
        problems.append(f"state is {gold['state']}, the rubric gives {_state(now)}")
    for reference in item["references"]:
        problems += _reference_problems(reference, gold)
    if item["references"][0] != item["output"]:
        problems.append("the first reference is not the output")
    return problems


def _columns(lines: list[dict[str, str]]) -> tuple[Amounts, Amounts]:
    now = {line["code"]: Fraction(line["current"]) for line in lines}
    before = {line["code"]: Fraction(line["previous"]) for line in lines if line["previous"]}
    return now, before


def _text_problems(item: Mapping[str, Any]) -> Iterator[str]:
    """Amounts that the text neither states nor lets derive."""
    text = item["instruction"].replace("\u00a0", " ")
    stated = {Fraction(match.replace(" ", "").replace(",", ".")) for match in _AMOUNT.findall(text)}
    for side, column in zip(("current", "previous"), _columns(item["gold"]["lines"]), strict=True):
        for code, value in column.items():
            size = abs(value)
            found = size == 0 or any(size * Fraction(1000) ** power in stated for power in (-1, 0, 1))
            if not found and not _derivable(code, column):
                yield f"line {code} ({side}, {float(value)}) is not in the text and follows from nothing in it"


def _row_problems(item: Mapping[str, Any]) -> Iterator[str]:
    """Lines of a generated statement whose amounts do not stand right after the line's name or code."""
    if item["source"] == "handwritten":
        return
    text = item["instruction"].replace("\u00a0", " ")
    for line in item["gold"]["lines"]:
        code = line["code"]
        expected = {abs(Fraction(line[side])) for side in ("current", "previous") if line[side]}
        names = [f"{code} =", RAS_NAMES[code], IFRS_NAMES[code], *_OTHER_NAMES.get(code, ())]
        labels = "|".join(re.escape(name) for name in names)
        found = list(re.finditer(labels, text, re.IGNORECASE))
        read = [_amounts(text[match.end() : match.end() + 70], code)[: len(expected)] for match in found]
        shown = any(set(amounts) == expected for amounts in read) or expected <= {a[0] for a in read if a}
        if found and not shown and not _derivable(code, _columns(item["gold"]["lines"])[0]):
            yield f"line {code} does not show {line['current']} {line['previous']}".rstrip()


def _amounts(tail: str, code: str) -> list[Fraction]:
    """Amounts up to the end of the row; the code itself is none."""
    row = tail.split("\n")[0].replace(f"({code})", "").replace(f"| {code} |", "|").replace(f"стр. {code}", "")
    return [Fraction(match.replace(" ", "").replace(",", ".")) for match in _AMOUNT.findall(row)]


def _derivable(code: str, column: Amounts) -> bool:
    """Whether an identity gives the line from the others."""
    return any(
        code in (total, *plus, *minus) and {total, *plus, *minus} <= set(column) for total, plus, minus in _IDENTITIES
    )


def _identity_problems(column: Amounts) -> Iterator[str]:
    for total, plus, minus in _IDENTITIES:
        if {total, *plus, *minus} <= set(column):
            value = sum(column[code] for code in plus) - sum(column[code] for code in minus)
            if value != column[total]:
                yield f"{total} is {float(column[total])}, its parts give {float(value)}"
    for total, parts in _PARTS:
        if total in column and sum(column.get(code, 0) for code in parts) > column[total]:
            yield f"parts of {total} exceed it"


def _ratio_problems(item: Mapping[str, Any], now: Amounts, before: Amounts) -> Iterator[str]:
    text = item["instruction"]
    for ratio in item["gold"]["ratios"]:
        values = dict(now) | {f"before:{code}": value for code, value in before.items()}
        balance = _AVERAGED.get(ratio["name"])
        if balance and _asks_average(text, ratio["name"], item["source"]):
            values[balance] = (now[balance] + before[balance]) / 2
        try:
            exact = _FORMULAS[ratio["name"]](values)
        except (KeyError, ZeroDivisionError) as error:
            yield f"{ratio['name']} cannot be computed from the item's lines: {error!r}"
            continue
        step = Fraction(1, 10 ** ratio["decimals"])
        if abs(exact - Fraction(ratio["value"])) > step / 2:
            yield f"{ratio['name']} is {ratio['value']}, recomputed {float(exact):.4f}"


def _asks_average(text: str, name: str, source: str) -> bool:
    """Whether the text defines the ratio over an average balance."""
    if source == "handwritten":
        stem = {"коэффициент оборачиваемости активов": "оборачиваемость активов"}.get(name, name)
        return re.search(rf"{stem} \([^)]*средн", text) is not None
    return re.search(rf"{name}\s*[\[(—](?:(?![;)\]]|\. ).)*?средн", text) is not None


def _state(now: Amounts) -> str:
    liquid = now["1200"] / now["1500"]
    loss = now["2400"] <= 0
    if now["1300"] < 0 or (loss and liquid < 1):
        return "кризисное"
    norms = liquid >= Fraction(3, 2) and 5 * now["1300"] >= 2 * now["1600"]
    return "устойчивое" if norms and not loss and now["2300"] >= now["2330"] else "неустойчивое"


def _reference_problems(reference: str, gold: Mapping[str, Any]) -> Iterator[str]:
    lines = reference.split("\n")
    expected = len(gold["ratios"])
    for line, ratio in zip(lines, gold["ratios"], strict=False):
        name, _, shown = line.partition(": ")
        digits = shown.replace(" ", "").replace("−", "-").replace(",", ".")
        value = re.match(r"-?\d+(?:\.\d+)?", digits)
        if name.lower() != ratio["name"] or value is None or Fraction(value.group()) != Fraction(ratio["value"]):
            yield f"the reference states «{line}» for {ratio['name']} {ratio['value']}"
    if [line.split(":")[0] for line in lines[expected:]] != ["Финансовое состояние", "Анализ", "Рекомендации"]:
        yield "the reference is not ratios, state, analysis, recommendations"
    elif lines[expected] != f"Финансовое состояние: {gold['state']}":
        yield f"the reference states «{lines[expected]}» for {gold['state']}"
