"""What every family's content must withstand: cheap systems, lopsided labels, texts that stand in train and in test."""

from functools import lru_cache

import pytest

from benchmark.cheap.score import Family, free_answer_score, headline, reference_score
from benchmark.cheap.systems import SYSTEMS, few_lines_of_regex
from benchmark.datacard.card import second_reading
from benchmark.datacard.counts import label_shares, prompt_wordings
from benchmark.errors import UserError
from benchmark.families import families, metadata
from benchmark.overlap import NEAR, Index, masked, shingles
from tasks.dataset import SPLITS, read_split

FAMILIES = families()
LABELLED = [name for name in FAMILIES if "labels" in metadata(name)]
LEAST_TRAIN = {"calculation": 3000}
"""Items of train; 800 where nothing else is said."""

load = lru_cache(maxsize=None)(Family.load)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("system", SYSTEMS)
def test_no_cheap_system_gets_far(name: str, system: str):
    family = load(name)
    assert headline(family, family.test, SYSTEMS[system](family)) <= 0.6


@pytest.mark.parametrize("name", FAMILIES)
def test_references_are_the_ceiling(name: str):
    assert reference_score(load(name)) == 1


@pytest.mark.parametrize("name", FAMILIES)
def test_right_answers_in_free_wording_are_right(name: str):
    score, count = free_answer_score(load(name))
    assert score == 1
    assert count >= 20


@pytest.mark.parametrize("name", FAMILIES)
def test_sizes(name: str):
    family = load(name)
    assert len(family.train) >= LEAST_TRAIN.get(name, 800)
    assert len(read_split(name, "validation")) >= 60
    assert len(family.test) >= (400 if name == "calculation" else 200)
    assert sum(item["slice"] == "handwritten" for item in family.test) >= 25


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", LABELLED)
def test_each_label_has_its_share(name: str, split: str):
    shares = label_shares(name, read_split(name, split))
    assert shares
    assert all(0.2 <= share <= 0.5 for by_label in shares.values() for share in by_label.values())


@pytest.mark.parametrize("name", FAMILIES)
def test_tasks_are_worded_in_many_ways(name: str):
    family = load(name)
    assert prompt_wordings(name, family.train, "train") >= 20
    assert prompt_wordings(name, family.test, "test") >= 10


@pytest.mark.parametrize("name", FAMILIES)
def test_no_test_prompt_stands_in_train_under_other_figures(name: str):
    family = load(name)
    known = Index(shingles(masked(item["instruction"])) for item in family.train)
    near = [item["id"] for item in family.test if known.nearest(shingles(masked(item["instruction"])))[1] >= NEAR]
    assert near == []


def test_what_a_new_family_lacks_is_named():
    with pytest.raises(UserError, match=r"rules\.py: RULES has no 'new'"):
        few_lines_of_regex(Family("new", [], []))
    with pytest.raises(UserError, match=r"second_reading\.yaml: no record of new"):
        second_reading({"new": {}})


def test_labels_are_counted_under_every_element_of_a_list(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("benchmark.datacard.counts.metadata", lambda _: {"labels": ["level", "lines.side"]})
    golds = [
        {"level": "a", "lines": [{"side": "x"}, {"side": "y"}]},
        {"level": "a", "lines": [{"side": "x"}, {"side": "x"}]},
    ]
    shares = label_shares("new", [{"gold": gold} for gold in golds])
    assert shares == {"level": {"a": 1.0}, "side": {"x": 0.75, "y": 0.25}}
