"""Loads one family's data for lm-eval: `custom_dataset: !function tasks.dataset.load` in `tasks/_family`."""

import hashlib
import random
from typing import Any

import datasets

from tasks import ROOT
from tasks.items import DataError, read_jsonl

SPLITS = ("train", "validation", "test")


def data_sha256(family: str) -> str:
    """SHA-256 over the three data files of a family, in the order train, validation, test."""
    digest = hashlib.sha256()
    for split in SPLITS:
        digest.update((ROOT / family / "data" / f"{split}.jsonl").read_bytes())
    return digest.hexdigest()


def read_split(family: str, split: str) -> list[dict[str, Any]]:
    """The items of one split, each with `floor_reference`: the reference answer of an unrelated item.

    The floor reference is what a free-text score is read against: two unrelated Russian business texts
    share a good part of their words, and ROUGE without that floor says little.
    """
    items = read_jsonl(ROOT / family / "data" / f"{split}.jsonl")
    for item, other in zip(items, _others(len(items)), strict=True):
        item["floor_reference"] = items[other]["output"]
    return items


def _others(count: int) -> list[int]:
    """For each position another one, the same at every call: a random permutation in one cycle (Sattolo, 1986).

    A fixed distance would not do: files are sorted, and items at one distance may be variants of each other.
    """
    rng, others = random.Random(20240131), list(range(count))
    for last in range(count - 1, 0, -1):
        drawn = rng.randrange(last)
        others[last], others[drawn] = others[drawn], others[last]
    return others


def load(family: str, dataset_sha256: str = "", **_: Any) -> datasets.DatasetDict:
    """The family's splits as lm-eval wants them.

    Args:
        family: folder name under `tasks/`, from the task's metadata.
        dataset_sha256: what the data must hash to; empty skips the check.

    Raises:
        DataError: a file is missing, damaged, or not the version that the task's YAML names.
    """
    try:
        found = data_sha256(family)
    except FileNotFoundError as error:
        raise DataError(f"{error.filename}: missing; rebuild it: python -m tasks.{family}.generator") from error
    if dataset_sha256 and found != dataset_sha256:
        raise DataError(
            f"tasks/{family}/data: SHA-256 {found[:12]}… is not the {dataset_sha256[:12]}… that "
            f"tasks/{family}/{family}.yaml (metadata.dataset_sha256) names; restore the files, or rebuild them: "
            f"python -m tasks.{family}.generator"
        )
    return datasets.DatasetDict({split: datasets.Dataset.from_list(read_split(family, split)) for split in SPLITS})
