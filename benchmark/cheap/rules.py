"""The regex system: a handful of rules a family, as someone would write them after a look at the prompts."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from benchmark.cheap.form import STATE, lines, rows
from benchmark.cheap.score import Row

_FIGURE = r"(\d+(?:[ \u00a0]\d{3})*(?:,\d+)?)"


def value(text: str) -> float:
    """A Russian number."""
    return float(re.sub(r"\s", "", text).replace(",", ".").replace("−", "-"))


def calculation(item: Row) -> str:
    """The first figure over the second, as the prompt's «в процентах» or its absence has it."""
    text = item["instruction"]
    first, second = (*[value(found) for found in re.findall(_FIGURE, text)], 1.0, 1.0)[:2]
    quotient = first / second if second else 0.0
    return f"Ответ: {100 * quotient:.1f}%" if "процент" in text else f"Ответ: {quotient:.2f}"


def credit_risk(item: Row) -> str:
    """The rubric's figures where the prompt prints them; everything that must be worked out is left."""
    text = item["instruction"]
    load = _first(rf"(?:ПДН|нагрузка)\D{{0,40}}{_FIGURE}\s*%", text)
    cover = _first(rf"DSCR\D{{0,25}}{_FIGURE}", text)
    overdue = _first(r"(?:просрочк|неплат|задержк|перерыв)\D{0,60}(\d+)\s*дн", text)
    if (load or 0) > 80 or (cover or 9) < 1 or (overdue or 0) > 90 or ("пристав" in text and "долг" in text):
        return "Уровень риска: высокий"
    if (load or 0) > 50 or (cover or 9) < 1.3 or (overdue or 0) > 30:
        return "Уровень риска: средний"
    return "Уровень риска: низкий"


def _first(pattern: str, text: str) -> float | None:
    found = re.search(pattern, text)
    return value(found[1]) if found else None


_GRAVE = {
    "Экологический риск": "разлив|авари|приостанов|вытекли|прорыв",
    "Социальный риск": "погиб|смерт|забастов|стачк|не платят|долг по зарплате",
    "Управленческий риск": "обвин|SDN|санкци|отказ|займ",
}
_MINOR = {
    "Экологический риск": "штраф|взыска|превыш|ПДК",
    "Социальный риск": "инспекц|задержк|сдвинул|аванс",
    "Управленческий риск": "оговорк|опозда|несвоевременн|контрагент",
}


def esg_risk(item: Row) -> str:
    """Levels by the words of events; the figures are not compared."""
    text = item["instruction"]
    levels = {
        name: "высокий" if re.search(_GRAVE[name], text) else "средний" if re.search(_MINOR[name], text) else "низкий"
        for name in _GRAVE
    }
    high = sum(level == "высокий" for level in levels.values())
    low = sum(level == "низкий" for level in levels.values())
    grave = levels["Управленческий риск"] == "высокий" or high > 1
    overall = "высокий" if grave else "низкий" if not high and low > 1 else "средний"
    return lines("esg_risk", item, lambda name: levels.get(name, overall))


def market_trends(item: Row) -> str:
    """The rule of thumb: a higher key rate is good for banks and bad for everyone else, a dearer dollar for exporters."""
    text = item["instruction"]
    rate = _move("лючевая", text)
    dollar = _move("доллар", text)

    def direction(name: str) -> str:
        line = next((line for line in text.split("\n") if name in line), "")
        if re.search("банк|Банк|брокер|Брокер|страхов", line):
            move = rate
        elif re.search("экспорт|нефт|Нефт|золот|уголь", line):
            move = dollar
        else:
            move = -rate
        return "позитивно" if move > 0 else "негативно" if move < 0 else "нейтрально"

    return lines("market_trends", item, direction)


def _move(name: str, text: str) -> float:
    found = re.search(rf"(?:{name})\D{{0,40}}?{_FIGURE}\D{{1,30}}?{_FIGURE}", text)
    if not found:
        return 0.0
    # «до 13% с прежних 12%», «13% (ранее 12%)» print the new figure first.
    turned = bool(re.search("с прежних|ранее", found[0]))
    return (value(found[1]) - value(found[2])) * (1 if turned else -1)


_CODED = re.compile(rf"(?m)\b([12]\d{{3}})\b\)?\s*[:;|=—]\s*(?:[А-Яа-я ]+[;|]\s*)?\(?([−-]?){_FIGURE}")
_ASKED = r"{name} [\[(]([^\]\n]*?\d{{4}}[^\]\n]*?)[\])](?=[,.;]| и |$)"


def statement_analysis(item: Row) -> str:
    """Lines by their codes, and the formula that the prompt prints in brackets; anything in words is left."""
    text = item["instruction"]
    amounts = {code: value(sign + figure) for code, sign, figure in _CODED.findall(text)}

    def answer(name: str) -> str:
        if name == STATE:
            return "устойчивое" if amounts.get("2400", 0) > 0 else "кризисное"
        formula = re.search(_ASKED.format(name=re.escape(name.lower())), text, re.IGNORECASE)
        return f"{_computed(formula[1], amounts):.2f}".replace(".", ",") if formula else "0"

    return lines("statement_analysis", item, answer)


def _computed(formula: str, amounts: dict[str, float]) -> float:
    """«a / b» over codes, or a sum and a difference of codes."""
    top, _, bottom = formula.partition("/")
    return _signed_sum(top, amounts) / (_signed_sum(bottom, amounts) or 1.0) if bottom else _signed_sum(top, amounts)


def _signed_sum(terms: str, amounts: dict[str, float]) -> float:
    found = re.findall(r"([−+]?)\s*(\d{4})", terms)
    return sum((-1 if sign == "−" else 1) * amounts.get(code, 0.0) for sign, code in found)


_METRIC = re.compile(
    rf"(?i)(выручк|чистая прибыль|EBITDA|себестоимость|чистый долг|активы|капитальные затраты)[^\d\n.]{{0,60}}{_FIGURE}"
    r"\s*(млрд|млн|тыс\.|трлн)"
)


def extraction(item: Row) -> str:
    """The commonest metrics with the first amount after each, the first company and the first year."""
    text = item["instruction"]
    company = re.search(r"«([^»]+)»", text)
    year = re.search(r"20\d\d", text)
    found: Iterator[dict[str, Any]] = (
        {
            "metric": "выручка" if name.lower() == "выручк" else name.lower().replace("ebitda", "EBITDA"),
            "value": value(figure),
            "unit": f"{scale} руб.",
            "period": year[0] if year else None,
            "change": None,
            "change_unit": None,
            "entity": company[1] if company else None,
        }
        for name, figure, scale in _METRIC.findall(text)
    )
    return rows(found)


RULES: dict[str, Callable[[Row], str]] = {
    "calculation": calculation,
    "extraction": extraction,
    "credit_risk": credit_risk,
    "esg_risk": esg_risk,
    "statement_analysis": statement_analysis,
    "market_trends": market_trends,
}
