"""Extraction's grader: every rule of docs/grading-extraction.md, and its mirror."""

import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.scoring.aggregate import micro_f1
from tasks.scoring.fields import FIELDS, score
from tasks.scoring.periods import period_code
from tasks.scoring.row_names import _SYNONYMS, company_name, metric_name
from tasks.scoring.rows import read_rows

PROFIT = {
    "metric": "чистая прибыль",
    "value": "12.4",
    "unit": "млрд руб.",
    "period": "2024-9M",
    "change": "-3.1",
    "change_unit": "%",
    "entity": "Авильбанк",
}
RETURN = PROFIT | {"metric": "рентабельность капитала", "value": "21", "unit": "%", "change": "50", "change_unit": "%"}
ASSETS = PROFIT | {"metric": "активы", "value": "400", "period": "2024-09-30", "change": None, "change_unit": None}
GOLD = [PROFIT, RETURN, ASSETS]


def answer(*rows):
    return json.dumps(rows, ensure_ascii=False)


def changed(**fields):
    """The grade of the profit row with some fields written otherwise."""
    return score(answer(PROFIT | fields), [PROFIT])


def counts(result):
    total = result.counts
    return total.correct, total.incorrect, total.missing, total.spurious


def test_the_gold_itself_is_exact():
    result = score(answer(*GOLD), GOLD)
    assert result.exact
    assert counts(result) == (19, 0, 0, 0)
    assert result.counts.precision == result.counts.recall == result.counts.f1 == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"value": 12.4},
        {"value": "12,4"},
        {"value": "12,40"},
        {"value": 12400, "unit": "млн руб."},
        {"value": "12 400", "unit": "млн рублей"},
        {"value": "12\u00a0400", "unit": "млн ₽"},
        {"value": 12400000000, "unit": "руб."},
        {"value": "12,4 млрд руб.", "unit": None},
        {"value": "12,4 млрд", "unit": "млрд руб."},
        {"value": "12,4 млрд", "unit": "руб."},
        {"unit": "миллиардов рублей"},
        {"change": "−3,1"},
        {"change": "-3,1%", "change_unit": None},
        {"change": "(3,1)"},
        {"change": "снижение на 3,1%"},
        {"change_unit": "процентов"},
        {"period": "9 мес. 2024 г."},
        {"period": "9М24"},
        {"period": "январь — сентябрь 2024 года"},
        {"entity": "ПАО «Авильбанк»"},
        {"entity": "Авильбанка"},
        {"metric": "Чистая прибыль по МСФО"},
        {"metric": "ЧП"},
        {"metric": "чистой прибыли банка"},
        {"comment": "ключ, о котором не спрашивали"},
    ],
)
def test_another_spelling_is_right(fields):
    assert changed(**fields).exact


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"value": 12.5}, {"value"}),
        ({"value": 124}, {"value"}),
        ({"value": 92.4}, {"value"}),
        ({"value": "-12,4"}, {"value"}),
        ({"value": "12–13"}, {"value"}),
        ({"value": True}, {"value"}),
        ({"value": [12.4]}, {"value"}),
        ({"value": "9" * 5000}, {"value"}),
        ({"unit": "млн руб."}, {"unit"}),
        ({"unit": "млрд долл."}, {"unit"}),
        ({"value": "12,4 млн", "unit": "млрд руб."}, {"value", "unit"}),
        ({"value": 12.4, "unit": "млрд попугаев"}, {"unit"}),
        ({"change": 3.1}, {"change"}),
        ({"change_unit": "п.п."}, {"change_unit"}),
        ({"period": "2024"}, {"period"}),
        ({"period": "2024-Q3"}, {"period"}),
        ({"period": "2023-9M"}, {"period"}),
        ({"period": "давно"}, {"period"}),
        ({"entity": "Бурматбанк"}, {"entity"}),
        ({"metric": "операционная прибыль"}, {"metric"}),
        ({"metric": "прибыль до налогообложения"}, {"metric"}),
    ],
)
def test_another_fact_is_wrong(fields, wrong):
    result = changed(**fields)
    assert {name for name in FIELDS if result.fields[name].incorrect} == wrong
    assert counts(result) == (7 - len(wrong), len(wrong), 0, 0)


def test_a_number_earns_no_partial_credit():
    near = score(answer(PROFIT | {"value": 1250}), [PROFIT | {"value": "9250"}])
    assert near.fields["value"].triple == [0, 1, 1]


def test_values_swapped_between_rows_are_two_errors():
    first, second = PROFIT | {"value": "1"}, PROFIT | {"metric": "выручка", "value": "2"}
    result = score(answer(first | {"value": 2}, second | {"value": 1}), [first, second])
    assert result.fields["value"].triple == [0, 2, 2]
    assert result.counts.incorrect == 2


def test_zero_is_a_value_and_null_is_absence():
    zero, nothing = PROFIT | {"change": "0"}, PROFIT | {"change": None, "change_unit": None}
    assert score(answer(PROFIT | {"change": 0}), [zero]).exact
    assert counts(score(answer(nothing), [zero])) == (5, 0, 2, 0)
    assert counts(score(answer(zero), [nothing])) == (5, 0, 0, 2)
    without = {key: value for key, value in PROFIT.items() if not key.startswith("change")}
    for absent in (without, nothing, without | {"change": "", "change_unit": "н/д"}):
        assert score(answer(absent), [nothing]).exact


def test_a_repeated_row_is_spurious():
    result = score(answer(PROFIT, PROFIT), [PROFIT])
    assert counts(result) == (7, 0, 0, 7)
    assert not result.exact


def test_missing_and_invented_rows():
    invented = PROFIT | {"metric": "выручка", "value": 77}
    assert counts(score(answer(PROFIT), [PROFIT, ASSETS])) == (7, 0, 5, 0)
    assert counts(score(answer(PROFIT, invented), [PROFIT])) == (7, 0, 0, 7)


def test_a_row_that_shares_only_company_and_year_is_not_aligned():
    guess = {"metric": "выручка", "value": 5, "unit": "млрд руб.", "period": "2024-9M", "entity": "Авильбанк"}
    assert counts(score(answer(guess), [PROFIT])) == (0, 0, 7, 5)


def test_a_loss_is_a_negative_profit():
    loss = PROFIT | {"value": "-5"}
    for row in (loss | {"metric": "чистый убыток", "value": 5}, loss | {"metric": "чистый убыток"}, loss):
        assert score(answer(row), [loss]).exact
    assert not score(answer(loss | {"metric": "чистая прибыль", "value": 5}), [loss]).exact


@pytest.mark.parametrize(
    ("change", "unit", "same"),
    [
        (1.5, "раз", True),
        ("в 1,5 раза", None, True),
        ("1,5x", None, True),
        (50, "%", True),
        (1.5, "%", False),
        (50, "п.п.", False),
        (-1.5, "раз", False),
    ],
)
def test_a_multiple_is_the_change_that_it_states(change, unit, same):
    assert score(answer(RETURN | {"change": change, "change_unit": unit}), [RETURN]).exact is same


def test_half_is_a_fall_by_two():
    halved = PROFIT | {"change": "-2", "change_unit": "раз"}
    assert score(answer(PROFIT | {"change": -50, "change_unit": "%"}), [halved]).exact
    assert not score(answer(PROFIT | {"change": -100, "change_unit": "%"}), [halved]).exact


def test_a_hundred_basis_points_are_a_point():
    gold = PROFIT | {"change": "0.5", "change_unit": "п.п."}
    assert score(answer(PROFIT | {"change": 50, "change_unit": "б.п."}), [gold]).exact
    assert not score(answer(PROFIT | {"change": 5, "change_unit": "б.п."}), [gold]).exact


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (answer(PROFIT), "read"),
        (f"Вот ответ:\n```json\n{answer(PROFIT)}\n```\nПрогнозы [1] не выписаны.", "read"),
        (f"<think>[{{</think>{answer(PROFIT)}", "read"),
        (answer({"metric": "выручка"}) + "\nНет, верно так:\n" + answer(PROFIT), "read"),
        (json.dumps({"rows": [PROFIT]}), "read"),
        (json.dumps(PROFIT), "read"),
        (answer(PROFIT | {"comment": 'скобки ]} и "кавычки"'}), "read"),
        (answer(PROFIT)[:-1], "truncated"),
        (answer(PROFIT, PROFIT)[:-30], "truncated"),
        ("<think>считаю", "truncated"),
        ("Чистая прибыль — 12,4 млрд руб.", "invalid_json"),
        ("[1, 2, 3]", "invalid_json"),
        ("[" * 5000, "invalid_json"),
        ("{'metric': 'выручка'}", "invalid_json"),
        ("Извините, я не могу выполнить это задание.", "refusal"),
        ("", "empty"),
        (None, "empty"),
        (17, "empty"),
    ],
)
def test_finding_the_rows(text, outcome):
    result = score(text, [PROFIT])
    assert result.outcome == outcome
    assert result.exact is (outcome == "read")
    assert outcome == "read" or counts(result) == (0, 0, 7, 0)


def test_an_empty_list_is_valid_and_misses_everything():
    result = score("[]", [PROFIT])
    assert (result.outcome, counts(result)) == ("read", (0, 0, 7, 0))


def test_the_last_list_counts():
    assert read_rows('[{"metric": "a"}] [{"metric": "b"}]').rows == [{"metric": "b"}]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2024", "2024"),
        ("за 2024 год", "2024"),
        ("12М 2024", "2024"),
        ("1П24", "2024-H1"),
        ("6 месяцев 2024 г.", "2024-H1"),
        ("первое полугодие 2024 года", "2024-H1"),
        ("II полугодие 2024", "2024-H2"),
        ("3Q24", "2024-Q3"),
        ("III кв. 2024 г.", "2024-Q3"),
        ("июль–сентябрь 2024", "2024-Q3"),
        ("четвёртый квартал 2024 года", "2024-Q4"),
        ("девять месяцев 2024 года", "2024-9M"),
        ("2024-9М", "2024-9M"),
        ("июль 2024", "2024-07"),
        ("на 31.12.2024", "2024-12-31"),
        ("31 декабря 2024 г.", "2024-12-31"),
        ("2024-12-31", "2024-12-31"),
        ("прошлый год", "прошлый год"),
        ("2024 и 2025", "2024 и 2025"),
    ],
)
def test_periods(text, code):
    assert period_code(text) == code


def test_no_name_means_two_metrics():
    owners = {}
    for name, forms in _SYNONYMS.items():
        for form in (name, *forms):
            assert metric_name(form) == name
            assert owners.setdefault(metric_name(form), name) == name


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("выручка", "валовая прибыль"),
        ("EBITDA", "скорректированная EBITDA"),
        ("EBITDA", "рентабельность по EBITDA"),
        ("чистый долг", "чистый долг/EBITDA"),
        ("кредитный портфель", "розничный кредитный портфель"),
        ("чистый процентный доход", "чистый комиссионный доход"),
        ("чистая прибыль", "прибыль на акцию"),
        ("прибыль от продаж", "операционная прибыль"),
    ],
)
def test_related_metrics_stay_apart(left, right):
    assert metric_name(left) != metric_name(right)


def test_companies():
    assert company_name("ПАО «Северлен»") == company_name("северлен") == company_name("Группа «Северлен» (ПАО)")
    assert company_name("Северленбанк") != company_name("Северлентранс")


def test_the_order_of_rows_does_not_matter():
    rows = [*GOLD, PROFIT | {"metric": "выручка"}, PROFIT | {"value": 3}]
    expected = counts(score(answer(*rows), GOLD))
    for seed in range(10):
        random.Random(seed).shuffle(rows)
        assert counts(score(answer(*rows), GOLD)) == expected


def test_micro_f1_pools_the_triples():
    good, bad = score(answer(PROFIT), [PROFIT]), score("[]", [PROFIT])
    assert micro_f1([good.counts.triple, bad.counts.triple]) == pytest.approx(2 * 7 / (7 + 14))


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=7),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=300), _JSON.map(json.dumps), _JSON))
def test_no_answer_raises_and_counts_add_up(output):
    result = score(output, GOLD)
    assert result.counts.expected == 19
    assert [sum(result.fields[name].triple[i] for name in FIELDS) for i in range(3)] == result.counts.triple


@pytest.mark.parametrize(
    "output",
    [
        "[" * 200_000,
        '[{"a":' * 40_000,
        "[" + '{"unit":1},' * 20_000,
        '[{"metric":"' + "я" * 200_000,
        "\ud800" * 1000,
        '"' * 99_999,
    ],
    ids=["brackets", "nested", "rows", "long", "surrogates", "quotes"],
)
def test_hostile_answers_are_graded_quickly(output):
    started = time.process_time()
    assert counts(score(output, GOLD))[0] == 0
    assert time.process_time() - started < 0.5
