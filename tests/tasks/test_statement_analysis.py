"""The statement analysis family: data, rubric, independent check, grading."""

import copy
import re
from collections import Counter
from decimal import Decimal

import pytest

from tasks.dataset import SPLITS, read_split
from tasks.statement_analysis import rubric
from tasks.statement_analysis.phrases import PHRASES
from tasks.statement_analysis.reading import stated_value
from tasks.statement_analysis.statements import SCENARIOS
from tasks.statement_analysis.task import process_results
from tasks.statement_analysis.verify import verify
from tasks.statement_analysis.wordings import PROMPTS


@pytest.fixture(scope="module")
def splits() -> dict[str, list[dict]]:
    return {split: read_split("statement_analysis", split) for split in SPLITS}


@pytest.fixture(scope="module")
def by_id(splits) -> dict[str, dict]:
    return {doc["id"]: doc for doc in splits["test"]}


def test_three_to_five_different_ratios_are_asked(splits):
    for docs in splits.values():
        for doc in docs:
            names = [ratio["name"] for ratio in doc["gold"]["ratios"]]
            assert 3 <= len(names) <= 5
            assert len(set(names)) == len(names)


def test_every_state_has_a_fair_share(splits):
    for docs in splits.values():
        for slice_ in {doc["slice"] for doc in docs}:
            counts = Counter(doc["gold"]["state"] for doc in docs if doc["slice"] == slice_)
            assert set(counts) == set(rubric.STATES)
            assert all(0.2 <= count / counts.total() <= 0.5 for count in counts.values())


def test_splits_share_no_wording(splits):
    for name in ("train", "validation"):
        others = [doc for split in SPLITS if split != name for doc in splits[split]]
        for key in (lambda doc: doc["template_id"], lambda doc: masked(doc["instruction"])):
            assert not {key(doc) for doc in splits[name]} & {key(doc) for doc in others}
    sentences = [sentence for phrases in PHRASES.values() for texts in phrases.values() for sentence in texts]
    assert len(sentences) == len(set(sentences))
    assert len(PROMPTS["train"]) >= 20 and len(PROMPTS["test"]) >= 10
    assert all(len(texts) >= 3 for phrases in PHRASES.values() for texts in phrases.values())


def masked(text: str) -> str:
    return re.sub(r"«[^»]*»", "«»", re.sub(r"\d", "0", text))


def test_companies_of_training_do_not_return_in_the_test(splits):
    names = {split: {name for doc in splits[split] for name in _names(doc)} for split in SPLITS}
    assert not names["train"] & names["test"] and not names["validation"] & names["test"]


def _names(doc: dict) -> list[str]:
    return re.findall(r"(?:ПАО|АО|ООО) «([^»]+)»", doc["instruction"])


def test_every_scenario_occurs(splits):
    for split in ("train", "test"):
        assert {doc["topic"] for doc in splits[split]} >= set(SCENARIOS)


def test_no_item_is_near_a_boundary(splits):
    for docs in splits.values():
        for doc in docs:
            lines = {line["code"]: Decimal(line["current"]) for line in doc["gold"]["lines"]}
            found = rubric.signs(lines)
            assert rubric.state(found) == doc["gold"]["state"]
            assert not rubric.near_boundary(found, lines.get("2110", Decimal(0))), doc["id"]


@pytest.mark.parametrize(
    ("current", "autonomy", "coverage", "profit", "expected"),
    [
        ("1.8", "0.5", "3", "10", rubric.STABLE),
        ("1.8", "0.5", None, "10", rubric.STABLE),
        ("1.2", "0.5", "3", "10", rubric.UNSTABLE),
        ("1.8", "0.3", "3", "10", rubric.UNSTABLE),
        ("1.8", "0.5", "1.5", "10", rubric.UNSTABLE),
        ("1.8", "0.5", None, "-10", rubric.UNSTABLE),
        ("0.8", "0.5", "3", "10", rubric.UNSTABLE),
        ("0.8", "0.5", "-1", "-10", rubric.CRISIS),
        ("1.8", "-0.1", "3", "10", rubric.CRISIS),
    ],
)
def test_rubric(current, autonomy, coverage, profit, expected):
    cover = None if coverage is None else Decimal(coverage)
    assert rubric.state(rubric.Signs(Decimal(current), Decimal(autonomy), cover, Decimal(profit))) == expected


@pytest.mark.parametrize("damage", ["ratio", "state", "line", "reference", "text"])
def test_independent_check_can_fail(splits, damage):
    doc = copy.deepcopy(splits["test"][0])
    if damage == "ratio":
        doc["gold"]["ratios"][0]["value"] = "77.77"
    elif damage == "state":
        doc["gold"]["state"] = next(state for state in rubric.STATES if state != doc["gold"]["state"])
    elif damage == "line":
        doc["gold"]["lines"][0]["current"] = "123456.7"
    elif damage == "reference":
        doc["references"][1] = doc["references"][1].replace("Анализ:", "Разбор:")
    else:
        doc["instruction"] = re.sub(r"\d", "8", doc["instruction"])
    assert verify(doc)


def test_neighbours_score_low(splits):
    docs = splits["test"]
    neighbours = [process_results(doc, [docs[i - 1]["output"]]) for i, doc in enumerate(docs)]
    assert sum(metrics["score"] for metrics in neighbours) / len(docs) < 0.05
    assert sum(metrics["outcome_correct"] for metrics in neighbours) == 0


def test_simple_baselines_fail(splits):
    """The prompt itself, and its last or first number for every ratio, with any one state."""
    docs = splits["test"]
    for state in rubric.STATES:
        for pick in (0, -1):
            shares = [process_results(doc, [_constant(doc, pick, state)])["score"] for doc in docs[::8]]
            assert sum(shares) / len(shares) < 0.1
    assert sum(process_results(doc, [doc["instruction"]])["score"] for doc in docs[::4]) / len(docs[::4]) < 0.1


def _constant(doc: dict, pick: int, state: str) -> str:
    number = re.findall(r"\d+(?:,\d+)?", doc["instruction"])[pick]
    lines = [f"{ratio['name']}: {number}" for ratio in doc["gold"]["ratios"]]
    return "\n".join([*lines, f"Финансовое состояние: {state}"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Коэффициент текущей ликвидности: 1,67", "1,67"),
        ("2. **Текущая ликвидность** — 1,67 при норме 1,5", "1,67"),
        ("Ктл = 1250 / 750 = 1,67", "1250 / 750 = 1,67"),
        ("Текущая ликвидность: 1,10\nТекущая ликвидность: 1,67", "1,67"),
        ("Текущая ликвидность: 1,67\nТекущая ликвидность: ниже нормы 1,5", "1,67"),
        ("| Текущая ликвидность | 1250/750 | 1,67 |", "1,67"),
        ("Быстрая ликвидность: 1,67", None),
        ("Нетекущая ликвидность: 1,67", None),
        ("О текущей ликвидности сказать нечего.", None),
    ],
)
def test_reading_a_ratio_line(text, expected):
    value = stated_value(text, "коэффициент текущей ликвидности")
    assert (value if value is None else value.strip(" *")) == expected


def test_ratios_with_similar_names_are_kept_apart():
    text = "Рентабельность продаж: 10%\nРентабельность продаж по чистой прибыли: 5%\nВаловая рентабельность: 20%"
    read = {name: stated_value(text, f"рентабельность {name}") for name in ("продаж", "по чистой прибыли")}
    assert read == {"продаж": "10%", "по чистой прибыли": "5%"}


@pytest.mark.parametrize("wrong", ["{v} или 9,99", "{v}–9,99", "{v}; 9,99", "от {v} до 9,99", "не {v}", "-{v}", "1{v}"])
def test_wrong_or_hedged_values_are_not_accepted(by_id, wrong):
    doc = by_id["statement_analysis-hand-001"]
    answer = doc["output"].replace("ликвидности: 1,76", "ликвидности: " + wrong.format(v="1,76"))
    assert process_results(doc, [answer])["all_ratios"] == 0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("", "empty"),
        (None, "empty"),
        ("<think>считаю", "truncated"),
        ("Я не могу ответить на этот вопрос.", "refusal"),
        ("Компания как компания.", "unparsed"),
        ("Финансовое состояние: устойчивое или кризисное", "hedged"),
        ("Финансовое состояние: кризисное", "wrong"),
        ("Финансовое состояние: неустойчивое", "wrong"),
        ("Коэффициент текущей ликвидности: 1,76\nФинансовое состояние: кризисное", "partial"),
        ("Финансовое состояние: устойчивое", "partial"),
    ],
)
def test_outcomes(by_id, answer, expected):
    metrics = process_results(by_id["statement_analysis-hand-001"], [answer])
    assert [name for name, value in metrics.items() if name.startswith("outcome_") and value] == [f"outcome_{expected}"]
