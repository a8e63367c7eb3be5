"""Released data never changes under the same version."""

import json
import shutil
from pathlib import Path

import pytest

from benchmark import check, families
from benchmark.families import metadata
from tasks import ROOT, dataset
from tasks.authoring import build
from tasks.items import DataError, jsonl, read_jsonl

FAMILY = "credit_risk"


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A family's files in a place of their own."""
    folder = tmp_path / FAMILY
    folder.mkdir()
    for name in (f"{FAMILY}.yaml", "versions.json"):
        shutil.copy(ROOT / FAMILY / name, folder)
    shutil.copytree(ROOT / FAMILY / "data", folder / "data")
    for module in (check, dataset, build, families):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    return folder


def change_one_item(folder: Path) -> None:
    path = folder / "data" / "test.jsonl"
    rows = read_jsonl(path)
    rows[7]["instruction"] += " Ответьте подробно."
    path.write_text(jsonl(rows), encoding="utf-8")


def version_problems() -> list[str]:
    return next(found for gate, found in check.gates(FAMILY) if gate == "version")


def test_untouched_data_passes(copy: Path):
    assert version_problems() == []


def test_a_changed_item_without_a_new_version_is_reported(copy: Path):
    change_one_item(copy)
    [problem] = version_problems()
    assert "bump metadata.version" in problem


def test_a_new_hash_under_the_old_version_is_reported_too(copy: Path):
    change_one_item(copy)
    config = copy / f"{FAMILY}.yaml"
    old = metadata(FAMILY)["dataset_sha256"]
    config.write_text(config.read_text(encoding="utf-8").replace(old, dataset.data_sha256(FAMILY)), encoding="utf-8")
    assert len(version_problems()) == 1


def test_the_generator_refuses_a_released_version_and_takes_a_new_one(copy: Path):
    change_one_item(copy)
    changed = dataset.data_sha256(FAMILY)
    with pytest.raises(DataError, match=r"1\.0 was released"):
        build.record(FAMILY, changed)
    config = copy / f"{FAMILY}.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("version: 1.0", "version: 1.1"), encoding="utf-8")
    build.record(FAMILY, changed)
    assert version_problems() == []
    assert json.loads((copy / "versions.json").read_text(encoding="utf-8"))["1.1"] == changed


def test_the_generator_wants_a_place_for_the_hash(copy: Path):
    config = copy / f"{FAMILY}.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("dataset_sha256:", "hash:"), encoding="utf-8")
    with pytest.raises(DataError, match=r"metadata\.dataset_sha256 is missing"):
        build.record(FAMILY, dataset.data_sha256(FAMILY))


def test_every_family_is_released():
    versions = {path.parent.name: str(metadata(path.parent.name)["version"]) for path in ROOT.glob("*/versions.json")}
    assert {family for family, version in versions.items() if version.startswith("0.")} == set()
