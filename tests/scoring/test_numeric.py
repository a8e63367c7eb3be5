"""The numeric grader against the labelled answers, and its refusal to grade with a bad gold."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tasks.items import DataError
from tasks.scoring.answer import MAX_CHARACTERS
from tasks.scoring.numeric import OUTCOMES, grade, read
from tasks.scoring.units import gold_unit

TRIPLES = [json.loads(line) for line in (Path(__file__).parent / "triples_dev.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("triple", TRIPLES, ids=lambda triple: triple["note"])
def test_labelled_answer(triple):
    verdict = grade(triple["output"], triple["gold"], triple["unit"], decimals=triple["decimals"])
    assert (verdict.outcome, verdict.correct) == (triple["outcome"], triple["correct"])
    assert verdict.formula_match == triple.get("formula_match", verdict.formula_match)


def test_every_outcome_is_reached():
    assert {triple["outcome"] for triple in TRIPLES} == set(OUTCOMES)


@pytest.mark.parametrize("output", [None, 15, 15.0, b"15", ["15"], {"answer": 15}, True])
def test_what_is_not_text_is_empty(output):
    assert grade(output, "15", "%").outcome == "empty"


@pytest.mark.parametrize(
    "gold", ["", "пятнадцать", "15%", "1,2,3", "9" * 50, float("nan"), float("inf"), None, True, []]
)
def test_bad_gold_is_an_error_of_the_data(gold):
    with pytest.raises(DataError, match="gold"):
        grade("Ответ: 15", gold, "%")


@pytest.mark.parametrize(("unit", "decimals"), [(None, 2), (5, 2), ("%", 2.0), ("%", "2"), ("%", True), ("%", 99)])
def test_bad_unit_or_decimals_is_an_error_of_the_data(unit, decimals):
    with pytest.raises(DataError, match=r"unit|decimals"):
        grade("Ответ: 15", "15", unit, decimals=decimals)


@pytest.mark.parametrize("gold", ["-3.4", "-3,4", "−3,4", -3.4, Decimal("-3.4"), Fraction(-34, 10)])
def test_gold_of_any_type(gold):
    assert grade("Ответ: −3,4%", gold, "%", decimals=1).correct


@pytest.mark.parametrize(
    ("output", "flag"),
    [
        ("ROE равна 15%", "fallback"),
        (r"\boxed{15\%}", "boxed"),
        ("Ответ: 15%\n" * 4, "loop"),
        ("Ответ: 0,15", "share_for_percent"),
        ("Ответ: пятнадцать процентов", "words"),
        ("Ответ: 30/2%", "fraction"),
    ],
)
def test_flags_tell_how_an_answer_was_read(output, flag):
    verdict = grade(output, "15", "%", decimals=0)
    assert verdict.correct
    assert flag in verdict.flags


@pytest.mark.parametrize(
    ("output", "unit", "flag"),
    [
        ("Ответ: 1,250", "шт.", "ambiguous_separator"),
        ("Ответ: 1 250 000", "тыс. руб.", "base_unit"),
        ("Ответ: 125 000%", "", "percent_for_ratio"),
    ],
)
def test_flags_of_second_readings(output, unit, flag):
    verdict = grade(output, "1250", unit, decimals=0)
    assert verdict.correct
    assert flag in verdict.flags


def test_parsed_is_in_the_gold_unit():
    assert grade("Ответ: 1,25 млрд руб.", "7", "млн руб.").parsed == Decimal(1250)
    assert grade("Ответ: 1250 $", "7", "руб.").parsed == Decimal(1250)
    assert grade("Ответ: не знаю", "7", "руб.").parsed is None


@pytest.mark.parametrize(
    ("output", "within"),
    [("Ответ: 22,01%", True), ("Ответ: 22,2%", True), ("Ответ: 22,3%", False), ("Ответ: 22,01 руб.", False)],
)
def test_lenient_score(output, within):
    assert grade(output, "22.01", "%", decimals=2).within_1pct is within


@pytest.mark.parametrize(("output", "gold"), [("Ответ: 6 лет", "5"), ("Ответ: 14 лет", "15")])
def test_small_whole_numbers_are_not_rounded_into_each_other(output, gold):
    assert not grade(output, gold, "лет", decimals=0).correct


@pytest.mark.parametrize("decimals", [0, 1, 2])
def test_a_whole_number_within_one_unit(decimals):
    assert grade("Ответ: 1 251", "1250", "руб.", decimals=decimals).correct is (decimals == 0)


def test_only_the_end_of_a_long_output_is_read_and_no_number_is_cut():
    assert grade("<think>" + "я думаю " * 5_000 + "</think>Ответ: 15%", "15", "%").correct
    assert grade("15%" + "а" * (MAX_CHARACTERS - 2), "5", "%").outcome == "unparsed"
    assert grade("9" * 200_000, "9", "%").outcome == "unparsed"


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1 250,5 млн руб.", "млн руб.", Fraction(2501, 2)),
        ("1,25 млрд руб.", "млн руб.", Fraction(1250)),
        ("−3,4 %", "%", Fraction(-34, 10)),
        ("150 б.п.", "п.п.", Fraction(3, 2)),
        ("полтора миллиона рублей", "руб.", Fraction(1_500_000)),
        ("$5 млн", "руб.", None),
    ],
)
def test_reading_one_quantity(text, unit, value):
    quantity = read(text)
    assert quantity is not None
    assert quantity.to(gold_unit(unit)) == value


@pytest.mark.parametrize("text", ["", "нет данных", "15% и 20%", "12 34"])
def test_reading_nothing_or_several(text):
    assert read(text) is None
