"""Runs of one system on other tasks become the run that asked all at once, or are refused with the reason."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.errors import UserError
from benchmark.merge import merge
from benchmark.run import RunOptions, run
from benchmark.runs.again import settings_of
from benchmark.system import SystemSpec
from tests.benchmark.test_bad_tasks import PYTHON, QUESTIONS, YAML, write_questions

SHARDS = (
    ("rufin_calculation", "rufin_market_trends"),
    ("rufin_extraction", "rufin_credit_risk", "rufin_esg_risk", "rufin_statement_analysis"),
)


def options(tasks: tuple[str, ...] = ("rufin",)) -> RunOptions:
    return RunOptions(tasks=tasks, limit=2, max_gen_toks=8, batch_size=4, bootstrap_iters=10)


@pytest.fixture(scope="module")
def shards(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs that share no store of answers, as on two machines."""
    spec = SystemSpec(str(tiny_model), dtype="float32")
    places = [tmp_path_factory.mktemp("machine") / f"part-{number}" for number in (1, 2)]
    return [run(spec, place, options(tasks)) for place, tasks in zip(places, SHARDS, strict=True)]


@pytest.fixture
def copies(shards: list[Path], tmp_path: Path) -> list[Path]:
    """The two runs, free to be changed."""
    return [Path(shutil.copytree(shard, tmp_path / shard.name)) for shard in shards]


def read(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    results = json.loads(next(folder.glob("results_*.json")).read_text(encoding="utf-8"))
    return results, json.loads((folder / "run.json").read_text(encoding="utf-8"))


def change(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    edit(record)
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")


def test_the_merged_run_is_the_run_made_at_once(shards: list[Path], tiny_model: Path, tmp_path: Path):
    spec = SystemSpec(str(tiny_model), dtype="float32")
    whole, merged = run(spec, tmp_path / "whole", options()), merge(shards, tmp_path / "merged")
    (expected, _), (results, record) = read(whole), read(merged)
    for key in expected:
        if key not in ("date", "git_hash", "total_evaluation_time_seconds"):
            assert results[key] == expected[key], key
    assert "score,none" in results["groups"]["rufin"]
    texts = [
        {path.name.rpartition("_")[0]: path.read_bytes() for path in folder.glob("samples_*")}
        for folder in (whole, merged)
    ]
    assert texts[0] == texts[1]
    parts = [read(shard)[1] for shard in shards]
    assert [part["run"] for part in record["parts"]] == ["part-1", "part-2"]
    assert record["seconds"] == pytest.approx(sum(part["seconds"] for part in parts), abs=0.1)
    assert record["tokens"]["generated"] == sum(part["tokens"]["generated"] for part in parts)
    assert record["peak_memory_bytes"]["host"] == max(part["peak_memory_bytes"]["host"] for part in parts)
    before = (merged / "run.json").read_bytes()
    assert run(spec, merged, options()) == merged, "the same command finds nothing left to do"
    assert (merged / "run.json").read_bytes() == before


def test_a_part_of_the_tasks_has_no_average_unless_it_is_asked_for(shards: list[Path], tmp_path: Path):
    results, _ = read(merge(shards[:1], tmp_path / "merged"))
    assert "groups" not in results
    assert set(results["results"]) == set(SHARDS[0])
    with pytest.raises(UserError, match="--group rufin: the runs lack rufin_extraction"):
        merge(shards[:1], tmp_path / "again", groups=["rufin"])
    with pytest.raises(UserError, match=r"--group nosuch: unknown; .* --include-path"):
        merge(shards[:1], tmp_path / "again", groups=["nosuch"])


def test_a_task_with_the_same_samples_twice_counts_once(shards: list[Path], copies: list[Path], tmp_path: Path):
    results, _ = read(merge([*shards, copies[0]], tmp_path / "merged"))
    assert len(results["configs"]) == 6


def test_a_task_answered_differently_is_refused(shards: list[Path], copies: list[Path], tmp_path: Path):
    path = next(copies[0].glob("samples_rufin_calculation_*"))
    path.write_text(path.read_text(encoding="utf-8").replace('"resps": [["', '"resps": [["x', 1), encoding="utf-8")
    with pytest.raises(UserError, match=r"both have rufin_calculation, with different samples"):
        merge([*shards, copies[0]], tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize(
    ("section", "key", "value", "told"),
    [
        ("system", "pretrained_sha256", "0" * 64, "pretrained_sha256"),
        ("system", "adapter_sha256", "a" * 64, "adapter_sha256: none and aaaaaaaaaaaa"),
        ("system", "dtype", "bfloat16", "dtype: float32 and bfloat16"),
        ("system", "quantization", "nf4", "quantization: none and nf4"),
        ("system", "num_fewshot", 3, "num_fewshot: none and 3"),
        ("system", "apply_chat_template", True, "apply_chat_template: False and True"),
        ("options", "limit", 5, "limit: 2 and 5"),
        ("options", "max_gen_toks", 9, "max_gen_toks: 8 and 9"),
        ("versions", "transformers", "1.0", "version of transformers"),
        ("", "grader_sha256", "b" * 64, "graders: "),
        ("", "engine_sha256", "c" * 64, "this package's code that asks: "),
    ],
)
def test_parts_of_different_runs_are_refused_by_name(copies, tmp_path, section, key, value, told):
    change(copies[1], lambda record: (record[section] if section else record).update({key: value}))
    with pytest.raises(UserError, match="not parts of one run") as caught:
        merge(copies, tmp_path / "merged")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_machines_may_differ_in_paths_and_batches(copies: list[Path], tmp_path: Path):
    def elsewhere(record: dict[str, Any]) -> None:
        record["system"]["pretrained"] = "/elsewhere/model"
        record["options"] |= {"batch_size": 64, "device": "cpu", "include_paths": ["/elsewhere/tasks"]}
        record["device"]["name"] = "Another CPU"

    change(copies[1], elsewhere)
    _, record = read(merge(copies, tmp_path / "merged"))
    assert "Another CPU" in record["device"]["name"]
    assert record["parts"][1]["device"]["name"] == "Another CPU"


def test_what_is_no_run_of_ours_is_refused(shards: list[Path], copies: list[Path], tmp_path: Path):
    (copies[0] / "run.json").unlink()
    with pytest.raises(UserError, match=r"no run\.json there; only runs of"):
        merge([copies[0], shards[1]], tmp_path / "merged")
    next(copies[1].glob("samples_rufin_esg_risk_*")).unlink()
    with pytest.raises(UserError, match="lacks results or samples of rufin_esg_risk"):
        merge([shards[0], copies[1]], tmp_path / "merged")
    with pytest.raises(UserError, match="exists"):
        merge(shards, shards[0])


def test_a_part_whose_samples_were_cut_short_is_refused(copies: list[Path], tmp_path: Path):
    path = next(copies[0].glob("samples_rufin_calculation_*"))
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(UserError, match="lacks results or samples of rufin_calculation"):
        merge(copies, tmp_path / "merged")


def test_tasks_outside_the_groups_and_their_folders_are_part_of_the_merged_run(
    shards: list[Path], tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folders = [own_task(tmp_path / "here", "mine"), own_task(tmp_path / "elsewhere", "other")]
    spec = SystemSpec(str(tiny_model), dtype="float32")
    own = [
        run(spec, tmp_path / f"part-{name}", replace(options((name,)), include_paths=(folder,)))
        for name, folder in zip(("mine", "other"), folders, strict=True)
    ]
    merged = merge([*shards, *own], tmp_path / "merged", include_paths=folders)
    chosen = read(merged)[1]["options"]
    assert chosen["tasks"] == ["mine", "other", "rufin"]
    assert chosen["include_paths"] == folders
    assert settings_of(merged)[1].tasks == ("mine", "other", "rufin"), "what another system would be asked"
    before = (merged / "run.json").read_bytes()
    asked = replace(options(("rufin", "other", "mine")), include_paths=tuple(reversed(folders)))
    assert run(spec, merged, asked) == merged, "in whichever order they are named"
    assert (merged / "run.json").read_bytes() == before
    with pytest.raises(UserError, match=r"other options \(tasks\)"):
        run(spec, merged, replace(asked, tasks=("rufin", "mine")))
    shutil.rmtree(folders[1])
    again = merge([*shards, *own], tmp_path / "again", include_paths=folders[:1])
    assert read(again)[1]["options"]["include_paths"] == folders[:1], "a folder that is not here starts no run"


def own_task(folder: Path, name: str) -> str:
    """A folder with a task of one's own."""
    folder.mkdir()
    (folder / f"{name}.yaml").write_text(YAML.replace("task: mine", f"task: {name}"), encoding="utf-8")
    (folder / "mine.py").write_text(PYTHON, encoding="utf-8")
    write_questions(folder, QUESTIONS)
    return str(folder)
