"""Puts a guess into the form that a family's grader reads, so that no cheap system fails for its format alone.

The names that an answer must carry (a sector, a ratio) are taken from the item: a guess is only ever about the values.
"""

import json
from collections.abc import Callable, Iterable, Sequence

from benchmark.cheap.score import Row

Guess = Callable[[str], str]
"""A value for the line of this name."""

ESG_LINES = ("Экологический риск", "Социальный риск", "Управленческий риск", "Общий риск")
STATE = "Финансовое состояние"
LEVELS = ("низкий", "средний", "высокий")
DIRECTIONS = ("позитивно", "нейтрально", "негативно")
STATES = ("устойчивое", "неустойчивое", "кризисное")


def names(family: str, item: Row) -> Sequence[str]:
    """The lines that an answer to this item needs; extraction has rows instead."""
    if family == "esg_risk":
        return ESG_LINES
    if family == "market_trends":
        return [line["sector"] for line in item["gold"]["directions"]]
    if family == "statement_analysis":
        return [*(ratio["name"].capitalize() for ratio in item["gold"]["ratios"]), STATE]
    return ("Уровень риска",) if family == "credit_risk" else ("Ответ",)


def labels(family: str, name: str) -> tuple[str, ...]:
    """What may stand on a line; nothing for a number."""
    if family == "market_trends":
        return DIRECTIONS
    if family in ("esg_risk", "credit_risk"):
        return LEVELS
    return STATES if name == STATE else ()


def lines(family: str, item: Row, guess: Guess) -> str:
    """«Name: value» for every line that the item asks for."""
    return "\n".join(f"{name}: {guess(name)}" for name in names(family, item))


def rows(found: Iterable[dict[str, object]]) -> str:
    """Extraction's answer."""
    return json.dumps(list(found), ensure_ascii=False)
