"""The metrics that documents report: their names in the cases that sentences need, and what they count."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One reported metric."""

    name: str
    """Canonical name, nominative: what the gold row carries."""
    genitive: str
    accusative: str
    gender: str
    """`m`, `f`, `n` or `p` (plural), for the verbs."""
    kind: str
    """`flow` (over a period), `stock` (at a date)."""
    unit: str
    """`money`, `%`, `раз`, or a natural unit: `тыс. т`, `шт.`, …"""
    short: str = ""
    """How newsrooms and tables abbreviate it; empty where they do not."""
    label: str = ""
    """Its line in a table, where that is not the capitalized name."""

    @property
    def nominative(self) -> str:
        """The name as a running text has it."""
        return self.label or self.name


def _metrics(*rows: Metric) -> dict[str, Metric]:
    return {row.name: row for row in rows}


METRICS = _metrics(
    Metric("чистая прибыль", "чистой прибыли", "чистую прибыль", "f", "flow", "money", "ЧП"),
    Metric("чистый процентный доход", "чистого процентного дохода", "чистый процентный доход", "m", "flow", "money", "ЧПД"),
    Metric("чистый комиссионный доход", "чистого комиссионного дохода", "чистый комиссионный доход", "m", "flow", "money", "ЧКД"),
    Metric("операционные расходы", "операционных расходов", "операционные расходы", "p", "flow", "money"),
    Metric("расходы на резервы", "расходов на резервы", "расходы на резервы", "p", "flow", "money"),
    Metric("активы", "активов", "активы", "p", "stock", "money"),
    Metric("капитал", "капитала", "капитал", "m", "stock", "money"),
    Metric("кредитный портфель", "кредитного портфеля", "кредитный портфель", "m", "stock", "money"),
    Metric("розничный кредитный портфель", "розничного кредитного портфеля", "розничный кредитный портфель", "m", "stock", "money"),
    Metric("корпоративный кредитный портфель", "корпоративного кредитного портфеля", "корпоративный кредитный портфель", "m", "stock", "money"),
    Metric("средства клиентов", "средств клиентов", "средства клиентов", "p", "stock", "money"),
    Metric("рентабельность капитала", "рентабельности капитала (ROE)", "рентабельность капитала (ROE)", "f", "flow", "%", "ROE", "рентабельность капитала (ROE)"),
    Metric("чистая процентная маржа", "чистой процентной маржи", "чистую процентную маржу", "f", "flow", "%", "NIM"),
    Metric("стоимость риска", "стоимости риска", "стоимость риска", "f", "flow", "%", "CoR"),
    Metric("отношение расходов к доходам", "отношения расходов к доходам (CIR)", "отношение расходов к доходам (CIR)", "n", "flow", "%", "CIR", "отношение расходов к доходам (CIR)"),
    Metric("доля неработающих кредитов", "доли неработающих кредитов (NPL)", "долю неработающих кредитов (NPL)", "f", "stock", "%", "NPL", "доля неработающих кредитов (NPL)"),
    Metric("норматив Н1.0", "норматива Н1.0", "норматив Н1.0", "m", "stock", "%", "Н1.0"),
    Metric("выручка", "выручки", "выручку", "f", "flow", "money"),
    Metric("себестоимость", "себестоимости", "себестоимость", "f", "flow", "money"),
    Metric("валовая прибыль", "валовой прибыли", "валовую прибыль", "f", "flow", "money"),
    Metric("операционная прибыль", "операционной прибыли", "операционную прибыль", "f", "flow", "money", "EBIT"),
    Metric("EBITDA", "EBITDA", "EBITDA", "f", "flow", "money"),
    Metric("рентабельность по EBITDA", "рентабельности по EBITDA", "рентабельность по EBITDA", "f", "flow", "%", "маржа EBITDA"),
    Metric("капитальные затраты", "капитальных затрат", "капитальные затраты", "p", "flow", "money", "CAPEX"),
    Metric("свободный денежный поток", "свободного денежного потока", "свободный денежный поток", "m", "flow", "money", "FCF"),
    Metric("чистый долг", "чистого долга", "чистый долг", "m", "stock", "money"),
    Metric("чистый долг/EBITDA", "соотношения «чистый долг/EBITDA»", "соотношение «чистый долг/EBITDA»", "n", "stock", "раз", "ЧД/EBITDA", "соотношение «чистый долг/EBITDA»"),
    Metric("численность персонала", "численности персонала", "численность персонала", "f", "stock", "чел."),
    Metric("число магазинов", "числа магазинов", "число магазинов", "n", "stock", "шт."),
    Metric("объём производства", "объёма производства", "объём производства", "m", "flow", "тыс. т"),
    Metric("объём добычи", "объёма добычи", "объём добычи", "m", "flow", "млн т"),
    Metric("объём перевозок", "объёма перевозок", "объём перевозок", "m", "flow", "млн т"),
    Metric("объём продаж недвижимости", "объёма продаж недвижимости", "объём продаж недвижимости", "m", "flow", "тыс. кв. м"),
)  # fmt: skip
"""Canonical name -> metric."""
