"""What every family owes: data that its generator rebuilds, a check that passes, the metrics of its YAML, a grade for any answer."""

import importlib
import json
import math
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType

import pytest
import yaml

from benchmark.families import families, metadata
from benchmark.lmtasks import task_manager
from tasks import ROOT
from tasks.dataset import SPLITS, data_sha256, read_split
from tasks.items import jsonl, read_jsonl, validate

FAMILIES = families()
split_of = lru_cache(maxsize=None)(read_split)

HOSTILE = {
    "none": None, "number": 7, "not a number": float("nan"), "list": [], "dict": {"a": 1}, "bytes": b"x", "empty": "",
    "surrogate": "\ud800 риск", "nul": "\x00\u202e", "thought": "<think>считаю", "thoughts": "<think>" * 9,
    "digits": "9" * 200_000, "brackets": "(" * 50_000, "braces": "[{" * 5_000, "breaks": "\n" * 100_000,
    "table": "|" * 10**6, "stars": "*" * 10**6, "marks": "а) " * 10**5, "letters": "я" * 2_000_000,
    "other digits": "٣,5 " * 50_000, "number loop": "Ответ: " * 9_000, "level loop": "Уровень риска: " * 9_000,
    "pillar loop": "Общий риск: " * 50_000, "ratio loop": ("Текущая ликвидность: " * 10 + "\n") * 5_000,
    "rows of junk": '[{"metric": {"a": [1]}, "value": {}, "period": 2024, "entity": []}]',
}  # fmt: skip


def part(family: str, name: str) -> ModuleType:
    return importlib.import_module(f"tasks.{family}.{name}")


def grader(family: str) -> Callable[[dict, list], dict]:
    return part(family, "task").process_results


def outcomes(metrics: dict) -> list[str]:
    """The outcomes that hold."""
    return [name for name, value in metrics.items() if name.startswith("outcome_") and value]


def listed_metrics(family: str) -> set[str]:
    text = (ROOT / family / f"{family}.yaml").read_text(encoding="utf-8").replace("!function ", "")
    return {entry["metric"] for entry in yaml.safe_load(text)["metric_list"]}


def test_the_group_holds_every_family():
    group = yaml.safe_load((ROOT / "rufin.yaml").read_text(encoding="utf-8"))
    assert sorted(group["task"]) == sorted(f"rufin_{family}" for family in FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_generator_builds_the_files(family: str):
    built = part(family, "generator").build()
    for split in SPLITS:
        stored = (ROOT / family / "data" / f"{split}.jsonl").read_text(encoding="utf-8")
        assert stored == jsonl(item.model_dump() for item in built[split])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_hash_is_recorded(family: str):
    stated = metadata(family)
    recorded = json.loads((ROOT / family / "versions.json").read_text(encoding="utf-8"))
    assert stated["dataset_sha256"] == recorded[str(stated["version"])] == data_sha256(family)


@pytest.mark.parametrize("family", FAMILIES)
def test_items_have_the_schema_and_ids_of_their_own(family: str):
    items = [
        item for split in SPLITS for item in validate(read_jsonl(ROOT / family / "data" / f"{split}.jsonl"), split)
    ]
    assert {item.category for item in items} == {family}
    assert len({item.id for item in items}) == len(items)
    assert all(item.references[0] == item.output and len(set(item.references)) >= 2 for item in items)
    assert all(item.gold.keys() == items[0].gold.keys() for item in items)
    handwritten = [item.template_id for item in items if item.source == "handwritten"]
    assert len(set(handwritten)) == len(handwritten)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_gold_is_computed_again(family: str):
    verify = part(family, "verify").verify
    items = [*split_of(family, "test"), *split_of(family, "validation"), *split_of(family, "train")[::10]]
    assert {item["id"]: found for item in items if (found := verify(item))} == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_references_are_right_and_invent_nothing(family: str):
    for item in (*split_of(family, "test"), *split_of(family, "train")[::30]):
        for reference in item["references"]:
            metrics = grader(family)(item, [reference])
            assert outcomes(metrics) == ["outcome_correct"], item["id"]
            assert metrics.get("unsupported_numbers", 0) == 0, item["id"]


@pytest.mark.parametrize("family", FAMILIES)
def test_free_answers_are_right(family: str):
    items = {item["id"]: item for item in split_of(family, "test")}
    rows = read_jsonl(ROOT / family / "free_answers.jsonl")
    graded = {row["answer"]: outcomes(grader(family)(items[row["id"]], [row["answer"]])) for row in rows}
    assert {answer: found for answer, found in graded.items() if found != ["outcome_correct"]} == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_yaml_lists_the_metrics(family: str):
    item = split_of(family, "test")[0]
    assert listed_metrics(family) == set(grader(family)(item, [item["output"]]))
    assert {"score", metadata(family)["headline"]} <= listed_metrics(family)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_answer_that_was_never_given_is_empty(family: str):
    assert outcomes(grader(family)(split_of(family, "test")[0], [])) == ["outcome_empty"]


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("family", FAMILIES)
def test_hostile_answers_get_one_outcome_and_never_the_right_one(family: str, answer: object):
    metrics = grader(family)(split_of(family, "test")[0], [answer])
    assert metrics.keys() == listed_metrics(family)
    assert len(outcomes(metrics)) == 1
    assert not metrics["outcome_correct"]
    assert all(math.isfinite(value) for value in metrics.values() if isinstance(value, float))
    json.dumps(metrics)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_lm_eval_shows_and_trains_on_is_the_reference_to_the_letter(family: str):
    """A template of lm-eval that renders to something like a list becomes a Python list: single quotes, no JSON."""
    name = f"rufin_{family}"
    task = task_manager(names=[name]).load([name])["tasks"][name]
    for docs in (task.training_docs(), task.validation_docs(), task.test_docs()):
        assert all(task.doc_to_target(doc) == doc["output"] for doc in docs)
