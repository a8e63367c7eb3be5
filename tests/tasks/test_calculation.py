"""The calculation family: its formula language, its data, its second computation, its grader."""

import json
import random
import re
from collections import Counter
from decimal import Decimal
from itertools import combinations

import pytest

from tasks import ROOT
from tasks.calculation.checks import CHECKS
from tasks.calculation.drawing import draw
from tasks.calculation.expression import evaluate, render
from tasks.calculation.figures import other_unit, with_unit
from tasks.calculation.formulas import CATALOGUE, SEEN, UNSEEN
from tasks.calculation.frames import FRAMES
from tasks.calculation.task import process_results
from tasks.calculation.verify import verify
from tasks.dataset import SPLITS, read_split
from tasks.items import read_jsonl
from tasks.scoring.characters import plain
from tasks.scoring.quantity import quantities


@pytest.fixture(scope="module")
def splits() -> dict[str, list[dict]]:
    return {split: read_split("calculation", split) for split in SPLITS}


def masked(text: str) -> str:
    """A text without what varies cheaply: company names, numbers, the rouble's and the scales' spelling."""
    text = re.sub(r"\d+(?:[\s,.]\d+)*", "#", re.sub(r"«[^»]*»", "@", text))
    return re.sub(r"руб(?:лей|\.)|₽|тыс\.|млн|млрд", "$", text)


def score(item: dict, answer: object) -> float:
    return process_results(item, [answer])["score"]


class TestExpression:
    @pytest.mark.parametrize(
        ("expression", "printed"),
        [
            ("a / b * P", "6 / 3 × 100%"),
            ("a - (b - r)", "6 − (3 − 50%)"),
            ("a / (b * a)", "6 / (3 × 6)"),
            ("a / b / a", "6 / 3 / 6"),
            ("(1 + frac(r)) ** -b", "(1 + 0,5)^(−3)"),
            ("sqrt(a ** 2 + b)", "√(6^2 + 3)"),
        ],
    )
    def test_prints_with_no_bracket_too_many(self, expression, printed):
        figures = {"a": "6", "b": "3"}
        assert render(expression, lambda name, share: figures.get(name, "0,5" if share else "50%")) == printed

    def test_evaluates_exactly(self):
        values = {"a": Decimal("0.1"), "b": Decimal("0.2"), "r": Decimal("0.5")}
        assert evaluate("a + b", values) == Decimal("0.3")
        assert evaluate("frac(r) ** 2 * P - -a", values) == Decimal("0.35")

    def test_refuses_what_it_does_not_know(self):
        with pytest.raises(ValueError, match="not in the expression language"):
            evaluate("__import__('os')", {})

    @pytest.mark.parametrize(
        ("value", "unit", "decimals", "text"),
        [
            ("45.6", "дней", 1, "45,6 дня"),
            ("51", "дней", 0, "51 день"),
            ("3", "лет", 2, "3,00 года"),
            ("25", "%", 2, "25,00%"),
            ("-1340.5", "млн руб.", 1, "−1 340,5 млн руб."),
            ("0.7", "", 2, "0,70"),
        ],
    )
    def test_number_and_unit_agree(self, value, unit, decimals, text):
        assert with_unit(Decimal(value), unit, decimals).replace("\u00a0", " ") == text

    def test_another_unit_means_the_same(self):
        given = {i.kind: i for formula in CATALOGUE for i in formula.inputs}
        assert other_unit(given["money"], Decimal(1340), "млн руб.").replace("\u00a0", " ") == "1,34 млрд руб."
        assert other_unit(given["months"], Decimal(18), "руб.") == "1,5 года"
        assert other_unit(given["months"], Decimal(7), "руб.") == ""


class TestCatalogue:
    def test_breadth(self):
        assert len({formula.id for formula in CATALOGUE}) == len(CATALOGUE) >= 60
        assert len({formula.topic for formula in CATALOGUE}) >= 10
        assert len(UNSEEN) >= 12

    def test_wordings(self):
        for formula in SEEN:
            assert len(set(formula.train)) >= 6
            assert formula.validation
            assert len(set(formula.test)) >= 3
        for formula in UNSEEN:
            assert len(set(formula.test)) >= 3
        assert len(FRAMES["train"].asking) >= 20
        assert len(FRAMES["test"].asking) >= 10

    def test_every_wording_gives_every_input(self):
        for formula in CATALOGUE:
            for wording in (*formula.train, *formula.validation, *formula.test):
                named = set(re.findall(r"\{(\w+)\}", wording))
                missing = {i.name for i in formula.inputs} - named
                assert not missing, (formula.id, wording, missing)

    def test_second_computation_covers_the_catalogue_and_the_handwritten(self):
        handwritten = {item["gold"]["formula"] for item in read_jsonl(ROOT / "calculation" / "handwritten.jsonl")}
        assert {formula.id for formula in CATALOGUE} | handwritten == set(CHECKS)

    @pytest.mark.parametrize("formula", CATALOGUE, ids=lambda formula: formula.id)
    def test_draws_are_plausible_and_derivable(self, formula):
        rng = random.Random(7)
        for _ in range(5):
            problem = draw(formula, rng)
            assert problem.lines()[-1].value == with_unit(problem.answer, problem.unit, problem.decimals)
            assert problem.unit != "%" or abs(problem.answer) < 250


class TestData:
    def test_slices(self, splits):
        assert len(splits["validation"]) >= 150
        slices = Counter(item["slice"] for item in splits["test"])
        assert min(slices["seen"], slices["unseen"]) >= 200

    def test_every_difficulty_in_every_split(self, splits):
        for items in splits.values():
            shares = Counter(item["difficulty"] for item in items)
            assert set(shares) == {"one_step", "multi_step", "distractor", "mixed_units"}
            assert all(count >= len(items) / 15 for count in shares.values()), shares

    def test_unseen_formulas_are_unseen(self, splits):
        trained = {item["gold"]["formula"] for split in ("train", "validation") for item in splits[split]}
        for item in splits["test"]:
            assert item["slice"] == "handwritten" or (item["gold"]["formula"] in trained) == (item["slice"] == "seen")

    def test_splits_share_nothing_that_could_be_memorized(self, splits):
        def names(split: str) -> set[str]:
            return set(re.findall(r"(?:ПАО|АО|ООО) «([^»]+)»", " ".join(i["instruction"] for i in splits[split])))

        views = (
            lambda i: i["template_id"],
            lambda i: masked(i["instruction"]),
            lambda i: masked(i["output"]),
            lambda i: (i["gold"]["formula"], i["gold"]["inputs"]),
        )
        for one, other in combinations(SPLITS, 2):
            assert not names(one) & names(other)
            for view in views:
                assert not set(map(view, splits[one])) & set(map(view, splits[other]))

    def test_shared_phrases_belong_to_one_split(self):
        for one, other in combinations(FRAMES.values(), 2):
            assert not set(one.asking + one.plain + one.listing + one.solution + one.conversion) & set(
                other.asking + other.plain + other.listing + other.solution + other.conversion
            )
            assert not set(one.rounding + one.rounding_bare) & set(other.rounding + other.rounding_bare)

    def test_texts_are_clean(self, splits):
        # Among the faults: a sentence that ends with «₽» or «рублей» and lost its full stop.
        untidy = re.compile(r"[{}]|  |\.\.|\bNone\b|[.,:;] [.,:;]|(?:₽|рублей) [А-ЯЁ][а-яё]")
        for items in splits.values():
            for item in items:
                for text in (item["instruction"], *item["references"]):
                    assert text == text.strip()
                    assert item["source"] == "handwritten" or not untidy.search(text), text

    def test_lengths(self, splits):
        for items in splits.values():
            assert max(len(item["instruction"]) for item in items) <= 900
            assert max(len(item["output"]) for item in items) <= 450


class TestVerify:
    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            (lambda item: item["gold"].update(value="1.00"), "second computation"),
            (lambda item: item["gold"].update(formula="alchemy"), "no second computation"),
            (lambda item: item.update(instruction="Найдите число."), "does not stand in the instruction"),
            (lambda item: item.update(output="Ответ: 1"), "not the output"),
            (lambda item: item["references"].__setitem__(1, "Ответ: 1"), "graded"),
            (lambda item: item["references"].__setitem__(1, "2 + 2 = 5\n" + item["output"]), "false arithmetic"),
        ],
    )
    def test_reports_a_damaged_item(self, splits, change, problem):
        item = json.loads(json.dumps(splits["test"][0]))
        change(item)
        assert any(problem in found for found in verify(item))


class TestScoring:
    def test_derivations_show_their_formula(self, splits):
        generated = [item for item in splits["test"] if item["source"] == "generator"]
        matched = sum(process_results(item, [item["output"]])["formula_match"] for item in generated)
        assert matched >= 0.98 * len(generated)

    def test_a_neighbours_answer_is_wrong(self, splits):
        items = splits["test"]
        right = sum(score(one, other["output"]) for one, other in zip(items, [*items[1:], items[0]], strict=True))
        assert right <= 0.02 * len(items)


def _figures(item: dict) -> list[Decimal]:
    text = plain(item["instruction"])
    read = [quantity.number for quantity in quantities(text, 0, len(text))]
    return [Decimal(number.numerator) / Decimal(number.denominator) for number in read if number is not None]


BASELINES = {
    "first number": lambda figures: figures[0],
    "last number": lambda figures: figures[-1],
    "largest number": max,
    "quotient of the first two": lambda figures: figures[0] / figures[1] if figures[1] else Decimal(0),
    "percent of the first two": lambda figures: 100 * figures[0] / figures[1] if figures[1] else Decimal(0),
}


class TestCheapBaselines:
    @pytest.mark.parametrize("guess", BASELINES.values(), ids=BASELINES.keys())
    def test_a_number_from_the_prompt_is_no_answer(self, splits, guess):
        items = [(item, figures) for item in splits["test"] if len(figures := _figures(item)) >= 2]
        answers = [(item, f"Ответ: {guess(figures):f}") for item, figures in items]
        assert sum(score(item, answer) for item, answer in answers) < 0.15 * len(answers)

    def test_the_most_similar_training_item_is_no_answer(self, splits):
        def words(item: dict) -> set[str]:
            return set(re.findall(r"[^\W\d_]{4,}", item["instruction"].lower()))

        train = [(words(item), item["output"]) for item in splits["train"]]
        sample = random.Random(3).sample(splits["test"], 40)
        right = 0.0
        for item in sample:
            own = words(item)
            nearest = max(train, key=lambda pair: len(own & pair[0]) / len(own | pair[0]))
            right += score(item, nearest[1])
        assert right <= 0.05 * len(sample)

    def test_the_prompt_is_no_answer(self, splits):
        assert sum(score(item, item["instruction"]) for item in splits["test"]) < 0.02 * len(splits["test"])
