"""Composes the reference answer: ratio lines, the state, the rules that decided it, what to do."""

import random
from collections.abc import Sequence
from decimal import Decimal

from tasks.authoring.russian import NBSP, number, quantize
from tasks.statement_analysis import rubric
from tasks.statement_analysis.derived import amounts
from tasks.statement_analysis.phrases import PHRASES
from tasks.statement_analysis.ratios import Ratio, Statement


def gold_ratio(ratio: Ratio, statement: Statement) -> dict[str, str | int]:
    """One entry of the gold: rounded half up, with the unit and the digits that the answer shows."""
    decimals = ratio.decimals(statement)
    value = quantize(ratio.value(statement), decimals)
    return {"name": ratio.name, "value": str(value), "unit": ratio.shown_unit(statement), "decimals": decimals}


def ratio_line(entry: dict[str, str | int]) -> str:
    """A gold entry as the answer's line: «Рентабельность активов: 8,4%»."""
    name, unit = str(entry["name"]), str(entry["unit"])
    value = plain(Decimal(str(entry["value"])), int(entry["decimals"]))
    return f"{name[0].upper()}{name[1:]}: {value}{unit if unit in ('', '%') else ' ' + unit}"


def plain(value: Decimal, decimals: int) -> str:
    """A number with a decimal comma and ordinary spaces between the thousands."""
    return number(value, decimals).replace(NBSP, " ")


def compose(rng: random.Random, split: str, statement: Statement, ratios: Sequence[dict[str, str | int]]) -> list[str]:
    """Two reference answers with the same figures and other sentences."""
    found = rubric.signs(statement.current)
    head = [*(ratio_line(entry) for entry in ratios), f"Финансовое состояние: {rubric.state(found)}"]
    figures = _figures(statement, found)
    chosen = [[rng.sample(PHRASES[split][key], 2) for key in keys] for keys in (analysis(found), advice(found))]
    answers = []
    for version in range(2):
        # «руб.» at the end of a sentence brings its own full stop.
        texts = (" ".join(pair[version].format_map(figures).replace("..", ".") for pair in part) for part in chosen)
        answers.append("\n".join([*head, *(f"{title}: {text}" for title, text in zip(_TITLES, texts, strict=True))]))
    return answers


_TITLES = ("Анализ", "Рекомендации")


def analysis(found: rubric.Signs) -> list[str]:
    """Keys of the sentences that state every rule that decided."""
    verdict = rubric.state(found)
    if verdict == rubric.STABLE:
        return ["current_good", "autonomy_good", "earnings_good"]
    if verdict == rubric.CRISIS:
        return _crisis(found)
    keys = [_grade(name, found) for name in rubric.failures(found)]
    return [*keys, "no_crisis_profit" if found.profit > 0 else "no_crisis_loss"]


def _crisis(found: rubric.Signs) -> list[str]:
    keys = ["negative_equity"] if found.autonomy < 0 else []
    if found.profit > 0:
        return [*keys, "despite_profit"]
    return [*keys, "crunch" if found.current < rubric.CURRENT_FLOOR else "loss"]


def _grade(failure: str, found: rubric.Signs) -> str:
    if failure == "profit":
        return "loss"
    value = found.current if failure == "current" else found.coverage
    bad = failure in ("current", "coverage") and value is not None and value < 1
    return f"{failure}_{'bad' if bad else 'low'}"


def advice(found: rubric.Signs) -> list[str]:
    """Keys of the recommendations: one or two, for what decided."""
    verdict = rubric.state(found)
    if verdict == rubric.STABLE:
        return ["keep"]
    if verdict == rubric.CRISIS:
        keys = ["restore_equity"] if found.autonomy < 0 else ["stop_loss"]
        return [*keys, "restructure"]
    cures = {
        "profit": "stop_loss",
        "current": "raise_current",
        "coverage": "raise_coverage",
        "autonomy": "raise_autonomy",
    }
    failed = rubric.failures(found)
    return [cure for name, cure in cures.items() if name in failed][:2]


def _figures(statement: Statement, found: rubric.Signs) -> dict[str, str]:
    money = {
        name: f"{plain(value, statement.decimals)} {statement.unit}"
        for name, value in amounts(statement.current).items()
    }
    coverage = "" if found.coverage is None else plain(found.coverage, 2)
    return money | {"current": plain(found.current, 2), "autonomy": plain(found.autonomy, 2), "coverage": coverage}
