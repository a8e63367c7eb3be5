"""Grades statement analysis: each ratio on its own line, the state, and the text beside them."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.scoring.answer import is_refusal, prepare
from tasks.scoring.freetext import text_scores
from tasks.scoring.labels import LabelReading, read_label
from tasks.scoring.numeric import Verdict, grade
from tasks.scoring.outcome import SEVERAL_LABELS, outcome_metrics
from tasks.scoring.unsupported import unsupported_share
from tasks.statement_analysis import derived
from tasks.statement_analysis.reading import STATE_ANCHOR, stated_value
from tasks.statement_analysis.rubric import CRISIS, STABLE, UNSTABLE

LEVELS = {
    STABLE: ("устойчивое", "стабильное"),
    UNSTABLE: ("неустойчивое", "нестабильное"),
    CRISIS: ("кризисное", "кризис"),
}


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float | list[str | None]]:
    """Every metric of one answer, as the family's YAML lists them."""
    answer = results[0] if results else None
    gold = doc["gold"]
    verdicts = ratio_verdicts(answer, gold["ratios"])
    state = read_label(answer, STATE_ANCHOR, LEVELS)
    right = sum(verdict is not None and verdict.correct for verdict in verdicts)
    share = right / len(verdicts)
    reached = outcome(answer, verdicts, state, gold["state"])
    return {
        "score": share,
        "ratio_share": share,
        "all_ratios": float(right == len(verdicts)),
        "state_accuracy": float(state.label == gold["state"]),
        "macro_f1": [gold["state"], state.label],
        **text_scores(answer, doc),
        "unsupported_numbers": unsupported_share(answer, doc["instruction"], derived.values(gold)),
        **outcome_metrics(reached, SEVERAL_LABELS),
    }


def ratio_verdicts(answer: object, ratios: Sequence[Mapping[str, Any]]) -> list[Verdict | None]:
    """A verdict for each ratio, None where the answer has no line for it."""
    text, _ = prepare(answer)
    verdicts = []
    for ratio in ratios:
        value = stated_value(text, ratio["name"])
        verdicts.append(
            None
            if value is None
            else grade(f"Ответ: {value}", ratio["value"], ratio["unit"], decimals=ratio["decimals"])
        )
    return verdicts


def outcome(answer: object, verdicts: Sequence[Verdict | None], state: LabelReading, gold_state: str) -> str:
    """One of `SEVERAL_LABELS`: what kind of answer this is."""
    text, reason = prepare(answer)
    if reason:
        return reason
    hits = [verdict is not None and verdict.correct for verdict in verdicts] + [state.label == gold_state]
    if any(hits):
        return "correct" if all(hits) else "partial"
    if state.label is None and all(verdict is None for verdict in verdicts):
        if is_refusal(text):
            return "refusal"
        return "hedged" if state.outcome == "hedged" else "unparsed"
    return "hedged" if state.outcome == "hedged" else "wrong"
