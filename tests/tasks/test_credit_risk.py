"""The credit-risk family: signs, splits, a check that can fail, the reading of levels."""

import copy
import re

import pytest

from tasks import ROOT
from tasks.credit_risk import generator, rubric
from tasks.credit_risk.task import process_results
from tasks.credit_risk.verify import verify
from tasks.dataset import SPLITS, read_split
from tasks.items import read_jsonl


@pytest.fixture(scope="module")
def data():
    return {split: read_split("credit_risk", split) for split in SPLITS}


def headline(doc, answer):
    return process_results(doc, [answer])["score"]


def masked(item):
    return re.sub(r"«[^»]*»|\d+", "#", item["instruction"])


def test_every_sign_is_tested(data):
    seen = {rule for item in data["test"] for rule in item["gold"]["rules"]}
    assert seen == {*rubric.CRITICAL, *rubric.MODERATE}


def test_splits_share_no_template_prompt_or_reference(data):
    for left, right in (("train", "validation"), ("train", "test"), ("validation", "test")):
        for key in (lambda item: item["template_id"], masked, lambda item: item["output"]):
            assert {key(item) for item in data[left]}.isdisjoint(map(key, data[right]))


def test_splits_share_no_company(data):
    names = {split: set(re.findall(r"«([^»]+)»", " ".join(i["instruction"] for i in data[split]))) for split in SPLITS}
    assert names["train"].isdisjoint(names["test"]) and names["train"].isdisjoint(names["validation"])


def test_verification_can_fail(data):
    item = next(item for item in data["test"] if item["gold"]["rules"] == ["dscr_critical"])
    spoilt = [copy.deepcopy(item) for _ in range(4)]
    spoilt[0]["gold"]["level"] = "низкий"
    spoilt[1]["gold"]["inputs"]["requested"] = 987654.0
    spoilt[2]["references"][1] += "."
    spoilt[3]["gold"]["inputs"] |= {"dscr": 0.99, "cash_flow": None, "debt_service": None}
    assert all(map(verify, spoilt))


def test_a_neighbours_answer_scores_low(data):
    test = data["test"]
    scores = [headline(item, test[(place + 1) % len(test)]["output"]) for place, item in enumerate(test)]
    assert sum(scores) / len(scores) < 0.2


def test_a_part_of_the_risk_is_not_the_level(data):
    item = next(item for item in data["test"] if item["gold"]["level"] == "средний")
    assert headline(item, "Уровень риска: средний\n\n- Риск концентрации: высокий\n- Риск потери дохода — низкий") == 1


def test_handwritten_gold_follows_the_rubric():
    for item in read_jsonl(ROOT / "credit_risk" / "handwritten.jsonl"):
        assert item["gold"] == generator.gold(item["gold"]["inputs"])
