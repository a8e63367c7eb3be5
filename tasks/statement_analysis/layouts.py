"""Statements as text: tables, exports, lists and prose, by RAS line code or in the manner of IFRS reports."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tasks.authoring.russian import NBSP, number
from tasks.statement_analysis.ratios import Statement

RAS_NAMES = {
    "1100": "Внеоборотные активы",
    "1200": "Оборотные активы",
    "1210": "Запасы",
    "1230": "Дебиторская задолженность",
    "1240": "Финансовые вложения",
    "1250": "Денежные средства",
    "1260": "Прочие оборотные активы",
    "1600": "Баланс (актив)",
    "1300": "Капитал и резервы",
    "1400": "Долгосрочные обязательства",
    "1410": "Долгосрочные заёмные средства",
    "1500": "Краткосрочные обязательства",
    "1510": "Краткосрочные заёмные средства",
    "1520": "Кредиторская задолженность",
    "1700": "Баланс (пассив)",
    "2110": "Выручка",
    "2120": "Себестоимость продаж",
    "2100": "Валовая прибыль",
    "2210": "Коммерческие расходы",
    "2220": "Управленческие расходы",
    "2200": "Прибыль от продаж",
    "2330": "Проценты к уплате",
    "2300": "Прибыль до налогообложения",
    "2410": "Налог на прибыль",
    "2400": "Чистая прибыль",
}
"""Line names of the Russian forms (Order of the Ministry of Finance No. 66n), shortened as analysts do."""

IFRS_NAMES = RAS_NAMES | {
    "1100": "Итого внеоборотные активы",
    "1200": "Итого оборотные активы",
    "1230": "Торговая дебиторская задолженность",
    "1240": "Краткосрочные финансовые активы",
    "1250": "Денежные средства и их эквиваленты",
    "1300": "Итого капитал",
    "1400": "Итого долгосрочные обязательства",
    "1410": "Долгосрочные кредиты и займы",
    "1500": "Итого краткосрочные обязательства",
    "1510": "Краткосрочные кредиты и займы",
    "1520": "Торговая кредиторская задолженность",
    "1600": "Итого активы",
    "1700": "Итого капитал и обязательства",
    "2120": "Себестоимость",
    "2220": "Административные расходы",
    "2200": "Операционная прибыль",
    "2300": "Прибыль до налога",
    "2330": "Процентные расходы",
    "2410": "Расход по налогу на прибыль",
    "2400": "Прибыль за период",
}
"""The same lines as an IFRS report calls them."""

ORDER = tuple(RAS_NAMES)
"""Line codes in the order of the forms."""

_EXPENSES = {"2120", "2210", "2220", "2330", "2410"}
_RESULTS = {"2100", "2200", "2300", "2400"}


@dataclass(frozen=True)
class Style:
    """How a text shows a statement: settled once an item, so that one text is consistent."""

    layout: str
    """A key of `LAYOUTS`."""
    ifrs: bool
    """Names of an IFRS report and no line codes."""
    newest_first: bool
    """Order of the two columns."""
    grouped: bool
    """«1 250» or «1250»."""
    brackets: bool
    """Expenses and losses in brackets, as the forms print them, or losses with a minus."""


@dataclass(frozen=True)
class Periods:
    """Headings of the columns."""

    current: str
    previous: str


def draw_style(rng: random.Random) -> Style:
    """A style at random."""
    layout = rng.choice(("pipes", "pipes", "export", "lines", "codes", "prose", "list"))
    return Style(
        layout,
        ifrs=layout != "codes" and rng.random() < 0.3,
        newest_first=rng.random() < 0.6,
        grouped=layout != "export" and rng.random() < 0.8,
        brackets=layout in ("pipes", "export", "lines") and rng.random() < 0.6,
    )


def render(statement: Statement, codes: Sequence[str], style: Style, periods: Periods) -> str:
    """The lines named by `codes` as text."""
    rows = [_Row(statement, code, style) for code in ORDER if code in codes]
    return LAYOUTS[style.layout](rows, statement, style, periods)


class _Row:
    """One line of the statement with its cells ready to print."""

    def __init__(self, statement: Statement, code: str, style: Style) -> None:
        self.code = code
        self.name = (IFRS_NAMES if style.ifrs else RAS_NAMES)[code]
        loss = code in _RESULTS and statement.current[code] < 0
        if loss and statement.previous.get(code, Decimal(-1)) < 0 and style.layout in ("prose", "list", "lines"):
            # Both figures are losses: the words say it, the figures need no sign.
            self.name = _LOSSES.get(self.name, self.name)
        bare = self.name in _LOSSES.values()
        self.now = _amount(statement.current[code], code, style, statement.decimals, bare)
        self.before = ""
        if statement.previous:
            self.before = _amount(statement.previous[code], code, style, statement.decimals, bare)

    def label(self, style: Style) -> str:
        return self.name if style.ifrs else f"{self.name} ({self.code})"


_LOSSES = {
    "Чистая прибыль": "Чистый убыток",
    "Прибыль за период": "Убыток за период",
    "Прибыль от продаж": "Убыток от продаж",
    "Операционная прибыль": "Операционный убыток",
    "Прибыль до налогообложения": "Убыток до налогообложения",
    "Прибыль до налога": "Убыток до налога",
    "Валовая прибыль": "Валовой убыток",
}


def _amount(value: Decimal, code: str, style: Style, decimals: int, bare: bool) -> str:
    size = number(abs(value), decimals, grouped=style.grouped).replace(NBSP, " ")
    if bare or value == 0:
        return size
    negative = (value > 0) == (code in _EXPENSES) if style.brackets else value < 0
    if style.brackets:
        return f"({size})" if negative else size
    return f"−{size}" if negative else size


def _pair(row: _Row, style: Style) -> list[str]:
    if not row.before:
        return [row.now]
    return [row.now, row.before] if style.newest_first else [row.before, row.now]


def _heads(statement: Statement, style: Style, periods: Periods) -> list[str]:
    if not statement.previous:
        return [periods.current]
    return [periods.current, periods.previous] if style.newest_first else [periods.previous, periods.current]


def _pipes(rows: list[_Row], statement: Statement, style: Style, periods: Periods) -> str:
    code_head = [] if style.ifrs else ["Код"]
    lines = [" | ".join([f"Показатель, {statement.unit}", *code_head, *_heads(statement, style, periods)])]
    for row in rows:
        code = [] if style.ifrs else [row.code]
        lines.append(" | ".join([row.name, *code, *_pair(row, style)]))
    return "\n".join(lines)


def _export(rows: list[_Row], statement: Statement, style: Style, periods: Periods) -> str:
    code_head = [] if style.ifrs else ["код"]
    lines = [";".join([*code_head, f"показатель ({statement.unit})", *_heads(statement, style, periods)])]
    for row in rows:
        code = [] if style.ifrs else [row.code]
        lines.append(";".join([*code, row.name, *_pair(row, style)]))
    return "\n".join(lines)


def _lines(rows: list[_Row], statement: Statement, style: Style, periods: Periods) -> str:
    head = f"{', '.join(_heads(statement, style, periods))}; {statement.unit}:"
    return "\n".join([head, *(f"{row.label(style)}: {' / '.join(_pair(row, style))}" for row in rows)])


def _list(rows: list[_Row], statement: Statement, style: Style, periods: Periods) -> str:
    head = f"({statement.unit}, {periods.current}"
    head += f"; в скобках — {periods.previous})" if statement.previous else ")"
    lines = [f"— {row.label(style)}: {row.now}{f' ({row.before})' if row.before else ''};" for row in rows]
    return "\n".join([head, *lines])[:-1] + "."


def _codes(rows: list[_Row], statement: Statement, style: Style, periods: Periods) -> str:
    now = "; ".join(f"{row.code} = {row.now}" for row in rows)
    text = f"{periods.current} ({statement.unit}): {now}."
    if not statement.previous:
        return text
    before = "; ".join(f"{row.code} = {row.before}" for row in rows)
    earlier = f"{periods.previous}: {before}."
    return f"{text}\n{earlier}" if style.newest_first else f"{earlier}\n{text}"


def _prose(rows: list[_Row], statement: Statement, style: Style, periods: Periods) -> str:
    """Three sentences: assets, sources, results."""
    parts = []
    for title, codes in (("Активы", "11 12 16"), ("Пассивы", "13 14 15 17"), ("Финансовый результат", "21 22 23 24")):
        chosen = [row for row in rows if row.code[:2] in codes.split()]
        parts.append(f"{title}: " + ", ".join(_clause(row, style) for row in chosen) + ".")
    head = f"Данные на {periods.current}" if periods.current.startswith("3") else f"Данные за {periods.current}"
    head += f", в скобках — {periods.previous}" if statement.previous else ""
    head += f" ({statement.unit})"
    return "\n".join([f"{head}:", *parts])


def _clause(row: _Row, style: Style) -> str:
    name = row.name.removesuffix(" (актив)").removesuffix(" (пассив)")
    code = "" if style.ifrs else f" (стр. {row.code})"
    return f"{name[0].lower()}{name[1:]}{code} — {row.now}{f' ({row.before})' if row.before else ''}"


LAYOUTS = {
    "pipes": _pipes,
    "export": _export,
    "lines": _lines,
    "list": _list,
    "codes": _codes,
    "prose": _prose,
}
