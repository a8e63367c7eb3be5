"""The calculator and the search for written expressions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.scoring.arithmetic import MAX_TOKENS, evaluate
from tasks.scoring.characters import plain
from tasks.scoring.comparison import Target
from tasks.scoring.expression import formula_gives
from tasks.scoring.units import gold_unit

TOKENS = ["+", "-", "×", "/", "^", "√", "%", "(", ")"]


def _gives(text, gold, unit="", decimals=2):
    return formula_gives(plain(text), Target(Fraction(gold), gold_unit(unit), decimals))


@pytest.mark.parametrize(
    ("tokens", "value"),
    [
        ([2, "+", 3, "×", 4], 14),
        (["(", 2, "+", 3, ")", "×", 4], 20),
        ([2, "-", 3, "-", 4], -5),
        ([8, "/", 4, "/", 2], 1),
        ([2, "^", 3, "^", 2], 512),
        (["-", 2, "^", 2], -4),
        ([2, "^", "-", 1], Fraction(1, 2)),
        (["√", 16, "+", 1], 5),
        ([50, "%", "×", 8], 4),
    ],
)
def test_precedence(tokens, value):
    assert evaluate([Fraction(token) if isinstance(token, int) else token for token in tokens]) == value


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        ["+"],
        [Fraction(1), "/", Fraction(0)],
        [Fraction(9), "^", Fraction(9), "^", Fraction(9)],
        ["√", "(", Fraction(0), "-", Fraction(4), ")"],
        [Fraction(1), Fraction(2)],
        ["("] * 100 + [Fraction(1)] + [")"] * 100,
        [Fraction(1), "+"] * MAX_TOKENS + [Fraction(1)],
    ],
)
def test_what_has_no_value(tokens):
    assert evaluate(tokens) is None


@given(st.lists(st.one_of(st.sampled_from(TOKENS), st.fractions(-(10**6), 10**6)), max_size=60))
def test_the_calculator_never_raises(tokens):
    assert evaluate(tokens) is None or isinstance(evaluate(tokens), Fraction)


def test_powers_with_long_exact_values_are_rounded_not_refused():
    value = evaluate([Fraction(101, 100), "^", Fraction(360)])
    assert value is not None
    assert abs(value / Fraction(1.01**360) - 1) < Fraction(1, 10**9)


@pytest.mark.parametrize(
    "text",
    [
        "(295 / 1340) × 100% = 25%",
        "295 : 1340 * 100",
        "295/1340",
        r"\frac{295}{1340} \cdot 100\%",
        "295 млн руб. ÷ 1,34 млрд руб.",
        "[295 / 1 340] х 100 %",
        "295 поделить на 1340",
        "295 / 1340 = 0,3 × 100% = 30%",
        "1) 500 − 205 = 300\n2) 300 / 1340 = 22,4%",
        "Чистая прибыль (295) / капитал (1340)",
    ],
)
def test_expressions_that_give_the_gold(text):
    assert _gives(text, "22.0149", "%")


@pytest.mark.parametrize(
    "text",
    [
        "295 / 1430 × 100%",
        "1340 / 295",
        "ROE = 22,01%",
        "0,2201 × 100% = 22,01%",
        "22,01 × 1",
        "22,01 / 100 = 0,2201",
        "295, 1340",
        "прибыль 295 и капитал 1340",
        "",
    ],
)
def test_expressions_that_do_not(text):
    assert not _gives(text, "22.01", "%")


@pytest.mark.parametrize(
    ("text", "gold", "unit"),
    [
        ("100 000 × (1 + 12% / 12)^{36}", "143076.88", "руб."),
        ("100 × (1 + 0,1)²", "121", "руб."),
        ("√(0,2² + 0,1²)", "0.22", ""),
        ("(1,21)^(1/2) - 1", "10", "%"),
        ("12% от 1,5 млн руб.", "180", "тыс. руб."),
        ("15% − 12%", "3", "п.п."),
        ("2½ × 4", "10", ""),
        ("(12 000 + 3 000)(1 − 0,2)", "12000", "руб."),
        ("45 млн минус 50 млн", "-5", "млн руб."),
    ],
)
def test_notations(text, gold, unit):
    assert _gives(text, gold, unit)
