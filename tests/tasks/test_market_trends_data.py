"""The market trends data: balanced directions, splits that share nothing, a check that can fail."""

import copy
import re
from collections import Counter, defaultdict

import pytest

from tasks.dataset import SPLITS, read_split
from tasks.market_trends import rubric
from tasks.market_trends.cases import CASES, HISTORICAL
from tasks.market_trends.key_rate import INFLATION, KEY_RATE, periods
from tasks.market_trends.verify import verify


@pytest.fixture(scope="module")
def splits():
    return {split: read_split("market_trends", split) for split in SPLITS}


def lines(items):
    return [line for item in items for line in item["gold"]["directions"]]


def test_no_direction_is_rare_or_dominant_overall_or_among_handwritten_items(splits):
    handwritten = [item for item in splits["test"] if item["slice"] == "handwritten"]
    for items in (*splits.values(), handwritten):
        counts = Counter(line["direction"] for line in lines(items))
        assert all(0.2 <= counts[label] / counts.total() <= 0.5 for label in rubric.DIRECTIONS)


def test_no_sector_has_a_constant_direction(splits):
    seen = defaultdict(Counter)
    for line in lines(splits["train"]):
        seen[line["sector"]][line["direction"]] += 1
    frequent = {sector: counts for sector, counts in seen.items() if counts.total() >= 20}
    assert len(frequent) > 20
    for counts in frequent.values():
        assert len(counts) == 3
        assert max(counts.values()) / counts.total() < 0.75


def masked(text):
    return re.sub(r"«\w+»", "«»", re.sub(r"\d+(?:[.,]\d+)?", "0", text))


def test_splits_share_no_template_prompt_company_or_reference_sentence(splits):
    kinds = {
        "template": lambda item: {item["template_id"]},
        "prompt": lambda item: {masked(item["instruction"])},
        "company": lambda item: set(re.findall(r"«(\w+)» \(", item["instruction"])),
        "reference": lambda item: {masked(reference.split("\n")[-1]) for reference in item["references"]},
    }
    for kind in kinds.values():
        sets = [set().union(*map(kind, splits[split])) for split in SPLITS]
        assert all(not one & other for one in sets for other in sets if one is not other)


def test_wordings_of_the_splits_do_not_overlap():
    for case in CASES:
        for wordings in (case.about, case.because):
            texts = [text for split in SPLITS for text in wordings[split]]
            assert len(texts) == len(set(texts))
        assert len(case.because["train"]) >= 3
        assert len(case.because["test"]) >= 3


def test_real_key_rates_are_quoted_with_their_dates():
    assert list(KEY_RATE) == sorted(KEY_RATE)
    assert all(end > start for start, end in periods())
    assert {day.year for day in KEY_RATE} >= set(INFLATION) - {2016, 2017}
    assert all("ofz" not in case.uses for case in HISTORICAL)


def spoiled(item, change):
    mutant = copy.deepcopy(item)
    change(mutant)
    return verify(mutant)


def test_verify_can_fail(splits):
    item = splits["test"][0]
    first = item["gold"]["directions"][0]

    def flip(mutant):
        other = rubric.NEGATIVE if first["direction"] != rubric.NEGATIVE else rubric.POSITIVE
        mutant["gold"]["directions"][0]["direction"] = other

    assert spoiled(item, flip)
    assert spoiled(item, lambda mutant: mutant["gold"]["directions"][0].update(formula=first["formula"] + "*0+1.5"))
    assert spoiled(item, lambda mutant: mutant["gold"]["directions"][0].update(formula="__import__('os')"))
    assert spoiled(item, lambda mutant: mutant["gold"]["directions"][0].update(formula="1/0"))
    assert spoiled(item, lambda mutant: mutant.update(instruction="Ничего"))
    assert spoiled(item, lambda mutant: mutant.update(references=[item["output"]]))
