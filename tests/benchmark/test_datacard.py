"""The data card says what the data is today."""

import pytest
import yaml

from benchmark.datacard import card
from benchmark.datacard.counts import Data
from benchmark.datacard.likeness import distinct, near_duplicates


@pytest.fixture(scope="module")
def data() -> Data:
    return card.load()


@pytest.mark.parametrize("section", card.QUICK)
def test_counts_and_versions_are_todays(data: Data, section: str):
    assert card.QUICK[section](data) in card.PATH.read_text(encoding="utf-8"), "run: python -m benchmark.datacard"


def test_every_section_stands_in_the_template_once():
    template = card.TEMPLATE.read_text(encoding="utf-8")
    assert all(template.count("{{" + name + "}}") == 1 for name in (*card.QUICK, *card.SLOW))


def test_fifty_items_of_each_family_were_read_again(data: Data):
    record = yaml.safe_load(card.READING.read_text(encoding="utf-8"))
    assert set(record) == set(data)
    assert all(family["second"] >= 50 for family in record.values())


def items(*instructions: str) -> list[dict]:
    return [{"instruction": text, "output": "Ответ: один один"} for text in instructions]


def test_near_duplicates_are_counted_as_printed_and_masked():
    train = items("Найдите прибыль ООО «Волга», если выручка 120 млн руб., а расходы 80 млн руб.")
    test = items(
        "Найдите прибыль ООО «Ока», если выручка 300 млн руб., а расходы 210 млн руб.",
        "Какова доходность облигации с ценой ниже номинала и купоном раз в полгода?",
    )
    printed, hidden = near_duplicates({"f": {"train": train, "validation": [], "test": test}}).split("\n")[2:]
    assert printed.startswith("| f, as printed | 0.0% |")
    assert hidden == "| f, masked | 0.0% | 0.00 | 50.0% | 1.00 |"


def test_distinct_counts_different_over_all():
    splits = dict.fromkeys(("train", "validation", "test"), items("да да да нет"))
    assert distinct({"f": splits}).split("\n")[2] == "| f, train | 0.500 | 0.667 | 1.000 | 0.667 | 1.000 | 1.000 |"
