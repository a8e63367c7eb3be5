"""What holds for the numeric grader whatever it is given."""

import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.scoring.answer import MAX_CHARACTERS
from tasks.scoring.numeric import OUTCOMES, grade, read

UNITS = [
    "",
    "%",
    "п.п.",
    "б.п.",
    "руб.",
    "тыс. руб.",
    "млн руб.",
    "млн $",
    "руб./$",
    "лет",
    "мес.",
    "дней",
    "раз",
    "шт.",
    "МВт·ч",
]
FRAGMENTS = [
    "Ответ: ", "**Ответ:** ", "### Ответ\n", "\\boxed{", "}", "{", "\\frac{", "$", "$$", "(", ")", "[3]", "<think>", "</think>",
    "12,5", "1 234 567,89", "1.250", "-", "−", "–", " - ", "%", " п.п.", " млн руб.", " тыс.", "руб.", "$5", "=", "≈", "×", "/",
    ":", "^", "⁶", "½", "√", " или ", " и ", " от ", " до ", "более ", "2023 г.", "31.12.2023", "стр. 45", "двадцать пять",
    "полтора", "миллиона", "убыток ", "\u00a0", "\u202f", "\u200b", "\n", "**", "`", "|", "~", "\ud800", "\x00", "9" * 50,
    "((((((", "9^9^9", "{\"answer\": ", "\"unit\": \"%\"", "\\text{руб.}", "\\,", "٣", "１２", "не могу ответить", "е", "x",
]  # fmt: skip
hostile = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=40).map("".join)
golds = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
settings.register_profile("numbers", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("numbers")


def _hostile(source: random.Random) -> str:
    pieces = [
        source.choice(FRAGMENTS) if source.random() < 0.7 else chr(source.randrange(0x11000))
        for _ in range(source.randrange(40))
    ]
    return "".join(pieces)


@given(hostile, golds, st.sampled_from(UNITS), st.one_of(st.none(), st.integers(0, 4)))
def test_never_raises_and_is_deterministic(output, gold, unit, decimals):
    verdict = grade(output, gold, unit, decimals=decimals)
    assert verdict == grade(output, gold, unit, decimals=decimals)
    assert verdict.outcome in OUTCOMES
    assert verdict.correct == (verdict.outcome == "correct")
    assert verdict.within_1pct >= verdict.correct
    read(output)


@pytest.mark.exhaustive
def test_a_hundred_thousand_hostile_strings():
    source = random.Random(20240131)
    for _ in range(100_000):
        output, unit = _hostile(source), source.choice(UNITS)
        assert grade(output, Decimal(source.randrange(-(10**6), 10**6)) / 100, unit, decimals=2).outcome in OUTCOMES


@given(hostile, golds, golds, st.sampled_from(UNITS))
def test_the_gold_value_never_steers_what_is_read(output, gold, other, unit):
    assert grade(output, gold, unit).parsed == grade(output, other, unit).parsed


def _grouped(value: Decimal, separator: str, point: str) -> str:
    return f"{abs(value):,.2f}".replace(",", "\0").replace(".", point).replace("\0", separator)


STYLES = [
    (" ", ","),
    ("\u00a0", ","),
    ("\u202f", ","),
    ("\u2009", ","),
    ("", ","),
    ("", "."),
    (",", "."),
    (".", ","),
    ("'", "."),
    (r"\,", "{,}"),
]


@given(golds, st.sampled_from(STYLES), st.sampled_from(["-", "−", "–", "минус "]), st.sampled_from(UNITS))
def test_a_number_in_any_style_reads_back(value, style, minus, unit):
    written = (minus if value < 0 else "") + _grouped(value, *style)
    assert grade(f"Ответ: {written} {unit}".rstrip(), value, unit, decimals=2).correct
    quantity = read(written)
    assert quantity is not None
    assert Fraction(value) == quantity.number


ANSWERS = [
    "Ответ: 12,5%",
    "Ответ: 1 250,5 млн руб.",
    "ROE = 295 / 1340 × 100% = 22,01%\nОтвет: 22,01%",
    "Ответ: −3,4 п.п.",
]
CHATTER = [
    "\n\nЕсли нужны пояснения, напишите!",
    " ",
    "\n",
    "\n\n---\n",
    "\n\n*Расчёт выполнен по данным условия.*",
    "\n```",
]


@given(
    st.sampled_from(ANSWERS), st.sampled_from(CHATTER), st.sampled_from(["\u00a0", "\u202f", "\u2009", "\u2007"]), golds
)
def test_spaces_markdown_and_chatter_change_nothing(answer, chatter, space, gold):
    plain = grade(answer, gold, "%")
    head, mark, tail = answer.rpartition("Ответ: ")
    variants = [
        answer + chatter,
        "Рассмотрим задачу.\n\n" + answer,
        answer.replace(" ", space),
        f"{head}**Ответ:** **{tail}**",
        f"{head}### {mark}{tail}",
        f"{head}> {mark}`{tail}`",
        answer.replace("\n", "\n\n"),
    ]
    for variant in variants:
        verdict = grade(variant, gold, "%")
        assert (verdict.parsed, verdict.outcome) == (plain.parsed, plain.outcome), variant


@given(st.integers(1, 3), hostile)
def test_what_stands_before_the_end_is_not_read(times, output):
    padding = "а" * MAX_CHARACTERS * times
    assert grade(output.replace("<think>", "") + "</think>" + padding, "15", "%").parsed is None
