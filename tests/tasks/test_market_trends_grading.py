"""How answers about market trends are graded, and what answers without thought get."""

import random

import pytest

from tasks.dataset import SPLITS, read_split
from tasks.market_trends import rubric
from tasks.market_trends.task import process_results, read
from tasks.scoring.aggregate import macro_f1_pooled


@pytest.fixture(scope="module")
def splits():
    return {split: read_split("market_trends", split) for split in SPLITS}


def sample(items, size, seed=1):
    return random.Random(seed).sample(items, size)


def test_a_neighbours_answer_scores_low(splits):
    items = sample(splits["test"], 40)
    scores = [process_results(item, [item["floor_reference"]])["score"] for item in items]
    assert sum(scores) / len(scores) < 0.1


def test_the_rule_of_thumb_fails(splits):
    misses = sum(item["difficulty"] == "hard" for item in splits["test"])
    assert misses > len(splits["test"]) / 2


def constant(item, label):
    return "\n".join(f"{line['sector']}: {label}" for line in item["gold"]["directions"])


@pytest.mark.parametrize("label", rubric.DIRECTIONS)
def test_one_direction_for_everybody_scores_low(splits, label):
    items = sample(splits["test"], 60)
    assert sum(process_results(item, [constant(item, label)])["score"] for item in items) / len(items) < 0.5


@pytest.fixture
def item():
    return {
        "instruction": "Ставка 16 → 19%. Банки: 70% и 48%, маржа 4,5%. «Витимар» (МФО): 20 и 900 млн руб. ИТ-услуги: 5 и 5.",
        "references": ["Банки: позитивно"],
        "floor_reference": "Розница: негативно",
        "gold": {
            "directions": [
                {"sector": "Банки", "direction": "позитивно", "formula": "(70-48)*(19-16)/4.5"},
                {"sector": "Витимар", "direction": "нейтрально", "formula": "-20*(19-16)/900"},
                {"sector": "ИТ-услуги", "direction": "негативно", "formula": "-5*5"},
            ],
            "changes": [],
        },
    }


RIGHT = "Банки: позитивно\nВитимар: нейтрально\nИТ-услуги: негативно\nПрогноз: ставка 19%."


@pytest.mark.parametrize(
    ("answer", "score", "reached"),
    [
        (RIGHT, 1, "correct"),
        (RIGHT + " Банки — переоценивается 70% активов. Витимар — почти ничего.", 1, "correct"),
        (RIGHT.replace("Витимар", "МФО «Витимар»"), 1, "correct"),
        (RIGHT.replace("позитивно", "негативно"), 2 / 3, "partial"),
        (RIGHT.replace("Банки: позитивно\n", ""), 2 / 3, "partial"),
        ("Банки: нейтрально\nВитимар: позитивно\nИТ-услуги: позитивно", 0, "wrong"),
        ("Банки: позитивно или негативно\nВитимар: позитивно или негативно\nИТ-услуги: позитивно или негативно", 0, "hedged"),
        ("Ставка выросла.", 0, "unparsed"),
        ("Я не могу оценить этот сценарий: недостаточно данных.", 0, "refusal"),
        ("", 0, "empty"),
        ("<think>Банки: позитивно", 0, "truncated"),
    ],
)  # fmt: skip
def test_outcomes(item, answer, score, reached):
    metrics = process_results(item, [answer])
    assert metrics["direction_accuracy"] == metrics["score"] == pytest.approx(score)
    assert [name for name, value in metrics.items() if name.startswith("outcome_") and value] == [f"outcome_{reached}"]


def test_invented_figures_are_counted(item):
    assert process_results(item, [RIGHT])["unsupported_numbers"] == 0
    assert process_results(item, [f"{RIGHT} Маржа прибавит 15%, разрыв 22 п.п."])["unsupported_numbers"] == 0
    assert process_results(item, [f"{RIGHT} Прибыль 777 млрд."])["unsupported_numbers"] == 0.5


def test_macro_f1_pools_the_lines_of_all_items(item):
    pairs = process_results(item, [RIGHT])["macro_f1"]
    assert pairs == [["позитивно"] * 2, ["нейтрально"] * 2, ["негативно"] * 2]
    assert macro_f1_pooled([pairs, pairs]) == 1
    assert macro_f1_pooled([pairs, [["позитивно", None]]]) == pytest.approx((2 / 3 + 1 + 1) / 3)


def test_a_direction_is_read_per_name():
    answer = "Страхование: позитивно\nАвтострахование: негативно"
    assert read(answer, "Страхование").label == "позитивно"
    assert read(answer, "Автострахование").label == "негативно"
