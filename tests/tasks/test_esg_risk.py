"""The ESG family: its rubric, its data, its grader."""

import copy
import random
import re
from itertools import pairwise

import pytest

from tasks.dataset import SPLITS, read_split
from tasks.esg_risk import rubric
from tasks.esg_risk.task import PILLARS, process_results
from tasks.esg_risk.texts import wording
from tasks.esg_risk.verify import verify

LEVEL_LINES = 4


@pytest.fixture(scope="module")
def splits() -> dict[str, list[dict]]:
    return {split: read_split("esg_risk", split) for split in SPLITS}


def masked(text: str) -> str:
    """A text without what varies cheaply: company names and numbers."""
    return re.sub(r"\d+(?:[ ,.]\d+)*", "#", re.sub(r"«[^»]*»", "@", text))


def authored(node: object) -> set[str]:
    """Every sentence of a wording file."""
    if isinstance(node, str):
        return {node}
    children = node.values() if isinstance(node, dict) else node
    return set().union(*map(authored, children))


class TestRubric:
    @pytest.mark.parametrize(
        ("pillars", "overall"),
        [
            (("низкий", "низкий", "высокий"), "высокий"),
            (("высокий", "высокий", "низкий"), "высокий"),
            (("высокий", "средний", "средний"), "средний"),
            (("высокий", "низкий", "низкий"), "средний"),
            (("средний", "низкий", "низкий"), "низкий"),
            (("средний", "средний", "низкий"), "средний"),
            (("низкий", "низкий", "низкий"), "низкий"),
        ],
    )
    def test_overall(self, pillars, overall):
        assert rubric.overall_level(*pillars) == overall

    def test_gap_follows_the_indicators_direction(self):
        assert rubric.gap(15, 10, higher_is_better=False) == 50
        assert rubric.gap(15, 10, higher_is_better=True) == -50

    def test_thresholds(self):
        assert [rubric.gap_level(gap) for gap in (-30, 9.9, 10, 50, 50.1)] == [
            "низкий",
            "низкий",
            "средний",
            "средний",
            "высокий",
        ]

    def test_worst_sign_decides(self):
        assert rubric.pillar_level(["низкий", "высокий", "средний"]) == "высокий"


class TestData:
    def test_splits_share_no_wording(self, splits):
        for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
            assert not authored(wording(one)) & authored(wording(other))
            for view in (lambda i: i["template_id"], lambda i: masked(i["instruction"]), lambda i: masked(i["output"])):
                assert not set(map(view, splits[one])) & set(map(view, splits[other]))
            names = [set(re.findall("«([А-ЯЁ][^»]*)»", " ".join(i["instruction"].split("\n")[0] for i in splits[s])))
                     for s in (one, other)]  # fmt: skip
            assert not names[0] & names[1]

    def test_prompt_wordings(self):
        assert len(wording("train")["prompts"]) >= 20
        assert len(wording("test")["prompts"]) >= 10
        for split in SPLITS:
            assert all(len(set(options)) >= 3 for options in wording(split)["reference"].values())

    def test_texts_are_clean(self, splits):
        for items in splits.values():
            for item in items:
                for text in (item["instruction"], *item["references"]):
                    assert not re.search(r"[{}]|  (?! )\S.*\bNone\b|\.\.(?!\.)|\b[оО] АО ", text), text

    def test_lengths_stay_readable(self, splits):
        for items in splits.values():
            assert sum(len(item["instruction"]) for item in items) / len(items) < 900
            assert max(len(item["output"]) for item in items) < 1000


class TestVerify:
    @pytest.mark.parametrize("pillar", PILLARS)
    def test_wrong_gold_is_reported(self, splits, pillar):
        for item in (splits["test"][0], splits["test"][-1]):
            broken = copy.deepcopy(item)
            broken["gold"][pillar] = next(level for level in rubric.LEVELS if level != item["gold"][pillar])
            assert any(problem.startswith(pillar) for problem in verify(broken))

    def test_wrong_overall_is_reported(self, splits):
        broken = copy.deepcopy(splits["test"][0])
        broken["gold"]["overall"] = next(level for level in rubric.LEVELS if level != broken["gold"]["overall"])
        assert any("overall" in problem for problem in verify(broken))

    def test_changed_figure_in_the_text_is_reported(self, splits):
        item = next(i for i in splits["test"] if "/ 1" in i["output"] or " / " in i["output"])
        broken = copy.deepcopy(item)
        broken["references"] = [re.sub(r"= (\d+)", lambda match: f"= {match[1]}7", broken["output"], count=1)]
        assert verify(broken)

    def test_invented_figure_is_reported(self, splits):
        broken = copy.deepcopy(splits["test"][0])
        broken["references"] = [f"{broken['output']} Выбросы выросли на 987,6%."]
        assert "the reference has unsupported figures" in verify(broken)


class TestGrading:
    def test_a_neighbours_answer_scores_low(self, splits):
        items = splits["test"]
        scores = [process_results(a, [b["output"]])["score"] for a, b in pairwise(items)]
        assert sum(scores) / len(scores) < 0.5

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            ("", "empty"),
            ("<think>Рассмотрим", "truncated"),
            ("Не могу оценить риски: недостаточно данных.", "refusal"),
            ("Компания работает давно.", "unparsed"),
            ("Экологический риск: высокий или низкий", "hedged"),
        ],
    )
    def test_outcomes_without_an_answer(self, splits, answer, outcome):
        metrics = process_results(splits["test"][0], [answer])
        assert metrics[f"outcome_{outcome}"] == 1.0
        assert metrics["score"] == 0.0

    def test_one_pillar_of_three(self, splits):
        item = splits["test"][0]
        lines = item["output"].split("\n")[:1]
        metrics = process_results(item, lines)
        assert metrics["score"] == pytest.approx(1 / 3)
        assert metrics["outcome_partial"] == 1.0
        assert metrics["macro_f1"] == [item["gold"]["overall"], None]

    def test_everything_wrong(self, splits):
        item = splits["test"][0]
        other = {"низкий": "высокий", "средний": "низкий", "высокий": "средний"}
        lines = [line.split(": ") for line in item["output"].split("\n")[:LEVEL_LINES]]
        metrics = process_results(item, ["\n".join(f"{name}: {other[level]}" for name, level in lines)])
        assert metrics["outcome_wrong"] == 1.0
        assert metrics["score"] == metrics["overall_accuracy"] == 0.0


class TestCheapBaselines:
    """What reads nothing, or only words, must stay below 60% of the headline."""

    def test_copying_the_prompt(self, splits):
        scores = [process_results(item, [item["instruction"]])["score"] for item in splits["test"]]
        assert sum(scores) / len(scores) < 0.2

    def test_another_items_labels(self, splits):
        rng = random.Random(0)
        train = splits["train"]
        right = sum(
            item["gold"][pillar] == other["gold"][pillar]
            for item in splits["test"]
            for other in [rng.choice(train)]
            for pillar in PILLARS
        )
        assert right / len(splits["test"]) / len(PILLARS) < 0.6
