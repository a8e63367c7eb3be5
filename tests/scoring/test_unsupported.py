"""The share of invented figures in an answer."""

import time
from decimal import Decimal

import pytest

from tasks.scoring.unsupported import unsupported_share

PROMPT = "Выручка за 2024 год — 1 250 млн руб., долг 850,4 млн руб., доход 180 тыс. руб. в месяц, ПДН 62%."
DERIVED = [Decimal("68.032"), Decimal("-4.26")]


@pytest.mark.parametrize(
    ("answer", "share"),
    [
        ("Выручка 1 250 млн руб.", 0),
        ("Выручка 1250 млн руб.", 0),
        ("Выручка 1,25 млрд руб.", 0),
        ("Доход 180 000 руб. в месяц", 0),
        ("Долг 850 млн руб., ПДН 62 %", 0),
        ("Долг 68% выручки", 0),
        ("Долг 68,0% выручки", 0),
        ("Долг 68,1% выручки", 1),
        ("Падение на 4,3%", 0),
        ("ПДН 62%, а долг 900 млн руб.", 0.5),
        ("ПДН 71%, ПДН 71%, ПДН 62%", 0.5),
        ("В 2024 году ПДН 62%", 0),
        ("В 2019 году ПДН 62%", 0.5),
        ("1. ПДН 62%\n2) Долг 850,4 млн руб.", 0),
        ("**3.** ПДН 62%", 0),
        ("На 1-м месте, п. 4.2, № 590-П, стр. 1230, на 31.12.2024, [7]: ПДН 62%", 0),
        ("Срок 24 месяца", 1),
        ("Долг 3 млрд руб.", 1),
    ],
)
def test_share(answer, share):
    assert unsupported_share(answer, PROMPT, DERIVED) == share


@pytest.mark.parametrize("answer", ["", "Отказать.", "1. Отказать.\n2. Запросить справку.", "В 2024 году.", None])
def test_no_figures(answer):
    assert unsupported_share(answer, PROMPT, DERIVED) == 0


def test_a_year_of_a_date_is_no_figure():
    assert unsupported_share("В 2024 году ПДН 62%", "На 31.12.2024 ПДН 62%", []) == 0


def test_half_a_step_is_near_enough():
    derived = [Decimal("45.65"), Decimal("45.55"), Decimal(10)]
    assert unsupported_share("45,6%", "", derived[:1]) == 0
    assert unsupported_share("45,6%", "", derived[1:2]) == 0
    assert unsupported_share("45,7% 45,5% 10 9 11 10,1", "", [*derived]) == 0.5


def test_a_table_in_millions_supports_billions():
    assert unsupported_share("Активы 3,2 млрд руб.", "млн руб.\nАктивы 3 200", []) == 0


@pytest.mark.parametrize(
    "noise",
    [
        "1" * 200_000,
        "1 " * 100_000,
        "1,5." * 50_000,
        "п. " * 60_000,
        "\ud800 7",
        "٣,5 " * 50_000,
        " ".join(f"{number}млрд" for number in range(20_000)),
    ],
    ids=range(7),
)
def test_hostile_text_is_read_quickly(noise):
    started = time.process_time()
    unsupported_share(noise, PROMPT * 100, DERIVED)
    assert time.process_time() - started < 0.5
