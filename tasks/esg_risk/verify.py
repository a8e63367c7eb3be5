"""Checks one item by an independent path: the instruction is read back by its words and judged anew."""

import re
from decimal import Decimal
from typing import Any

from tasks.esg_risk import rubric
from tasks.esg_risk.reading import Figures, derivable, read, statements
from tasks.esg_risk.texts import ANSWER_LINES
from tasks.scoring.unsupported import unsupported_share

_KEYS = (*rubric.PILLARS, "overall")
_THRESHOLDS = (Decimal(10), Decimal(50), Decimal(100), Decimal(1000))
_N = r"\d{1,3}(?: \d{3})+(?:,\d+)?|\d+(?:,\d+)?"
_DIVISION = re.compile(
    rf"(?:\((?P<sum>(?:{_N}) \+ (?:{_N}))\)|(?P<part>{_N})) / (?P<whole>{_N})(?: × (?P<factor>{_N}))? = (?P<result>{_N})"
)
_COMPARISON = re.compile(
    rf"(?P<value>{_N})[^\d;]{{0,40}}? против (?:[^\W\d]+ )?(?P<industry>{_N})[^\d;]*?(?P<way>хуже|лучше)[^\d;]*? на (?P<gap>{_N})%"
)
_EVENT_WORDS = {rubric.HIGH: "тяжёлое событие", rubric.MEDIUM: "умеренное событие"}


def verify(item: dict[str, Any]) -> list[str]:
    """Problems of one item; an empty list if there are none."""
    gold = item["gold"]
    problems = _gold_problems(gold)
    if item["source"] == "generator":
        problems += _instruction_problems(item["instruction"], gold)
    for reference in item["references"]:
        problems += _label_problems(reference, gold) + _division_problems(reference)
        problems += _figure_problems(reference, item["instruction"], mixed_units=item["source"] == "handwritten")
    if item["source"] != "generator":
        problems += _analysis_problems(item["output"], gold)
    return problems


def _gold_problems(gold: dict[str, str]) -> list[str]:
    if set(gold) != set(_KEYS) or not set(gold.values()) <= set(rubric.LEVELS):
        return [f"gold has unexpected keys or levels: {gold}"]
    risky = sum(gold[pillar] == "высокий" for pillar in rubric.PILLARS)
    calm = sum(gold[pillar] == "низкий" for pillar in rubric.PILLARS)
    expected = "высокий" if risky > 1 or gold["governance"] == "высокий" else "средний"
    if not risky and calm > 1:
        expected = "низкий"
    return [] if gold["overall"] == expected else [f"overall is {gold['overall']}, the pillars give {expected}"]


def _instruction_problems(instruction: str, gold: dict[str, str]) -> list[str]:
    """Levels as read back from the text against the gold."""
    found: dict[str, list[str]] = {pillar: [] for pillar in rubric.PILLARS}
    problems = []
    for fact in map(read, statements(instruction)):
        if fact is None:
            continue
        if isinstance(fact, Figures):
            worse_by = rubric.gap(fact.value, fact.industry, higher_is_better=fact.higher_is_better)
            # The margin is kept by the printed figures; a computed one may differ from them by its rounding.
            if min(abs(worse_by - 10), abs(worse_by - 50)) < rubric.MARGIN - 1:
                problems.append(f"{fact.key}: a gap of {worse_by:.1f}% is too near to a threshold")
            found[fact.pillar].append(rubric.gap_level(worse_by))
        else:
            found[fact.pillar].append(fact.level)
    for pillar, levels in found.items():
        level = rubric.pillar_level(levels) if levels else "nothing"
        if level != gold[pillar]:
            problems.append(f"{pillar}: gold is {gold[pillar]}, the text gives {level}")
    return problems


def _label_problems(reference: str, gold: dict[str, str]) -> list[str]:
    expected = [f"{name}: {gold[key]}" for name, key in zip(ANSWER_LINES, _KEYS, strict=True)]
    return [] if reference.split("\n")[:4] == expected else ["the reference's four lines differ from the gold"]


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(" ", "").replace(",", "."))


def _agrees(stated: str, exact: Decimal) -> bool:
    step = Decimal(1).scaleb(-len(stated.partition(",")[2]))
    return abs(_decimal(stated) - exact) <= step / 2


def _division_problems(reference: str) -> list[str]:
    """Derivations whose stated result is not what they evaluate to."""
    problems = []
    for match in _DIVISION.finditer(reference):
        parts = (match["sum"] or match["part"]).split(" + ")
        exact = sum(map(_decimal, parts), Decimal(0)) / _decimal(match["whole"]) * _decimal(match["factor"] or "1")
        if not _agrees(match["result"], exact):
            problems.append(f"«{match.group()}» is {exact:.4f}")
    return problems


def _figure_problems(reference: str, instruction: str, *, mixed_units: bool) -> list[str]:
    """Figures of the reference that neither stand in the text nor follow from it by a derivation that is shown.

    With mixed units, the text's figures may also appear a thousand times larger or smaller.
    """
    shown = [match["gap"] for match in _COMPARISON.finditer(reference)]
    shown += [match["result"] for match in _DIVISION.finditer(reference)]
    if mixed_units:
        shown_in_text = [_decimal(number) for number in re.findall(_N, instruction)]
        converted = [value * scale for value in shown_in_text for scale in (1000, Decimal("0.001"))]
    else:
        converted = []
    derived = [*converted, *derivable(instruction), *_THRESHOLDS, *map(_decimal, shown)]
    return ["the reference has unsupported figures"] if unsupported_share(reference, instruction, derived) else []


def _analysis_problems(reference: str, gold: dict[str, str]) -> list[str]:
    """A handwritten analysis against the gold: its comparisons are right, and its worst sign gives the level."""
    problems = []
    paragraphs = dict(re.findall(r"(?m)^(Экология|Персонал|Управление): (.*)$", reference))
    for pillar, name in zip(rubric.PILLARS, ("Экология", "Персонал", "Управление"), strict=True):
        text = paragraphs.get(name, "")
        levels = [level for level, words in _EVENT_WORDS.items() if words in text.lower()] or [rubric.LOW]
        for match in _COMPARISON.finditer(text):
            value, industry = _decimal(match["value"]), _decimal(match["industry"])
            size = abs(value - industry) / industry * 100
            if not _agrees(match["gap"], size):
                problems.append(f"«{match.group()}»: the gap is {size:.1f}%")
            worse_by = size if match["way"] == "хуже" else -size
            if rubric.is_borderline(worse_by):
                problems.append(f"«{match.group()}» is too near to a threshold")
            levels.append(rubric.gap_level(worse_by))
        if rubric.pillar_level(levels) != gold[pillar]:
            problems.append(f"{pillar}: gold is {gold[pillar]}, the analysis gives {rubric.pillar_level(levels)}")
    return problems
