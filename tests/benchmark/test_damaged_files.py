"""Files that a user may give with any value in them replaced by one of another kind: one line, never a traceback."""

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark import rescore
from benchmark.errors import UserError
from benchmark.merge import _origins, _results
from benchmark.run import RunOptions
from benchmark.runs import again, parts
from benchmark.runs.request import difference
from benchmark.runs.runfiles import read_record
from benchmark.runs.summary import print_run
from benchmark.storage.storekey import remember
from benchmark.system import SystemSpec
from benchmark.systems.adapter import check_adapter
from benchmark.systems.backends import backend_arguments
from tasks.items import DataError

STAMP = "2026-01-02T03-04-05.678901"
OTHERS = (None, True, -1, 10**400, "x", [["x"]], {"x": {}})
"""A value of every kind that JSON has, and a number that no arithmetic bears."""
ABSENT = object()
SYSTEM: dict[str, Any] = {
    "pretrained": "model", "revision": None, "quantization": "none", "dtype": "float32", "adapter": None,
    "backend": "hf", "backend_args": {"softmax_dtype": "float32"}, "apply_chat_template": False, "num_fewshot": 1,
    "trust_remote_code": False, "pretrained_sha256": "a" * 64, "commit": None, "adapter_sha256": None, "device": "cpu",
}  # fmt: skip
REQUEST: dict[str, Any] = {
    "system_sha256": "b",
    "tasks": {"mine": {"version": 1.0, "definition_sha256": "d", "documents_sha256": "e"}},
    "grader_sha256": "f",
}
RECORD: dict[str, Any] = {
    "format": 1,
    "name": "model",
    "system": SYSTEM,
    "model": {"parameters": 5, "license": None},
    "tasks": {"mine": {"version": 1.0, "documents": 1, "num_fewshot": 0, "generation_kwargs": {"until": ["x"]}}},
    "request": REQUEST,
    "grader_sha256": "f",
    "versions": {"python": "3.11", "torch": "2.13.0"},
    "seeds": {"random_seed": 0},
    "options": {"tasks": ["mine"], "include_paths": [], "limit": 2, "batch_size": "auto", "max_gen_toks": None},
    "limit": 2,
    "device": {"kind": "cpu", "name": "A CPU", "count": 1, "cores": 2},
    "seconds": 3.5,
    "tokens": {"prompt": 5, "generated": 6, "median_answer": 1.0, "truncated_answers": 1, "too_long_prompts": 1},
    "peak_memory_bytes": {"host": 1000},
    "finetuning": None,
    "finished": "2026-01-02T03:04:05+00:00",
    "answers": {"asked": 2, "from_before": 1, "given": 1, "tokens": 6},
}
RESULTS: dict[str, Any] = {
    "results": {"mine": {"alias": "mine", "sample_len": 1, "right,none": 0.5, "right_stderr,none": "N/A"}},
    "configs": {"mine": {"task": "mine", "metric_list": [{"metric": "right"}], "metadata": {"version": 1.0}}},
    "group_subtasks": {"all": ["mine"]},
    "groups": {"all": {"score,none": 0.5}},
    "versions": {"mine": 1.0},
    "n-shot": {"mine": 0},
    "higher_is_better": {"mine": {"right": True}},
    "n-samples": {"mine": {"original": 1, "effective": 1}},
    "config": {"model": "hf", "model_args": {"pretrained": "model"}, "limit": 2},
    "date": 1767323045.0,
    "task_hashes": {"mine": "g"},
    "total_evaluation_time_seconds": "3.5",
}
SAMPLE: dict[str, Any] = {
    "doc_id": 0,
    "doc": {"id": "1", "question": "?", "topic": "bonds"},
    "target": "1",
    "arguments": {"gen_args_0": {"arg_0": "?", "arg_1": {"until": ["x"]}}},
    "resps": [["1"]],
    "filtered_resps": ["1"],
    "filter": "none",
    "metrics": ["right", "outcome_right"],
    "doc_hash": "h",
    "prompt_hash": "i",
    "right": 1.0,
    "outcome_right": 1.0,
}
MANIFEST: dict[str, Any] = {
    "base": {"pretrained": "model", "weights_sha256": "a" * 64, "quantization": "nf4"},
    "recipe": {"lora": {"r": 8}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run directory of one task."""
    made = tmp_path / "run"
    made.mkdir()
    (made / "run.json").write_text(json.dumps(RECORD), encoding="utf-8")
    (made / f"results_{STAMP}.json").write_text(json.dumps(RESULTS), encoding="utf-8")
    (made / f"samples_mine_{STAMP}.jsonl").write_text(json.dumps(SAMPLE) + "\n", encoding="utf-8")
    return made


def damaged(value: Any) -> Iterator[tuple[str, Any]]:
    """Each place of a JSON value, and the whole with that place replaced or left out."""
    for place in _places(value, ()):
        for other in OTHERS if not place else (*OTHERS, ABSENT):
            yield f"{'.'.join(map(str, place))} = {str(other)[:20]}", _replaced(value, place, other)


def _places(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, of in inner:
        yield from _places(of, (*place, key))


def _replaced(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    if not place:
        return other
    whole = copy.deepcopy(value)
    within = whole
    for key in place[:-1]:
        within = within[key]
    if other is ABSENT:
        del within[place[-1]]
    else:
        within[place[-1]] = other
    return whole


def try_all(path: Path, value: Any, read: Callable[[], Any]) -> None:
    """Read the file with every damage; what is refused must be told in one line."""
    for where, changed in damaged(value):
        path.write_text(json.dumps(changed) + "\n", encoding="utf-8")
        try:
            read()
        except (UserError, DataError) as error:
            assert "\n" not in str(error), where
        except Exception as error:
            raise AssertionError(f"{path.name}, {where}: {error!r}") from error


FILES = [("run.json", RECORD), (f"results_{STAMP}.json", RESULTS), (f"samples_mine_{STAMP}.jsonl", SAMPLE)]


@pytest.mark.parametrize(("name", "value"), FILES, ids=["record", "results", "samples"])
def test_a_run_is_summed_up(folder: Path, name: str, value: Any, capsys: pytest.CaptureFixture[str]):
    try_all(folder / name, value, lambda: print_run(folder))


@pytest.mark.parametrize(("name", "value"), FILES[:2], ids=["record", "results"])
def test_runs_are_merged(folder: Path, name: str, value: Any):
    sound = parts.read_part(folder)

    def read() -> None:
        part = parts.read_part(folder)
        _results([part], _origins([part]), [], [])
        parts.merged_record([part], {"mine": part}, {"all": ["mine"]})
        parts.check_parts([sound, part])

    with pytest.MonkeyPatch.context() as patch:
        # Groups come from the tasks' definitions, which no run directory holds.
        patch.setattr("benchmark.merge._groups", lambda *_: {})
        try_all(folder / name, value, read)


class Grader:
    """A task, as far as grading again needs one."""

    VERSION = 2.0
    config = SimpleNamespace(metric_list=[])

    def process_results(self, doc: Any, responses: list[Any]) -> dict[str, float]:
        return {"right": float(len(doc["question"]) == len(responses[0]))}


@pytest.mark.parametrize(("name", "value"), FILES[1:], ids=["results", "samples"])
def test_a_run_is_graded_again(folder: Path, name: str, value: Any, monkeypatch: pytest.MonkeyPatch):
    manager = SimpleNamespace(load=lambda names: {"tasks": dict.fromkeys(names, Grader())})
    monkeypatch.setattr(rescore, "task_manager", lambda *_: manager)
    monkeypatch.setattr(rescore, "check_tasks", lambda *_: None)
    monkeypatch.setattr(rescore, "track", lambda items, **_: items)
    monkeypatch.setattr(rescore.provenance, "grader_sha256", lambda: "f")
    monkeypatch.setattr(rescore, "write_text", lambda path, text: path.write_text(text))  # without waiting for the disk
    # lm-eval's own, over values that were graded a moment before
    monkeypatch.setattr(rescore, "_aggregate", lambda _, metrics, __: {"right,none": float(len(metrics))})

    def read() -> None:
        shutil.rmtree(folder.with_name("again"), ignore_errors=True)
        rescore.rescore(folder, folder.with_name("again"))

    try_all(folder / name, value, read)


def test_a_finished_run_is_recognized(folder: Path):
    asked = REQUEST | {"tasks": {"mine": {"version": 2.0}}}
    path = folder / "run.json"
    try_all(path, RECORD, lambda: difference(read_record(path), asked, SYSTEM, RunOptions()))


def test_a_baselines_settings_are_taken(folder: Path):
    try_all(folder / "run.json", RECORD, lambda: again.check(folder, folder / "adapter", "model"))


@pytest.mark.parametrize("name", ["manifest.json", "adapter_config.json"])
@pytest.mark.parametrize("base", ["model", "other"])
def test_an_adapters_base_is_checked(tmp_path: Path, name: str, base: str):
    config = {"base_model_name_or_path": "model", "r": 8, "rank_pattern": {"q_proj": 4}}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "adapter_model.safetensors").touch()
    spec = SystemSpec(base, adapter=str(tmp_path), backend="vllm")

    def read() -> None:
        check_adapter(spec)
        backend_arguments(spec)

    try_all(tmp_path / name, config if name == "adapter_config.json" else MANIFEST, read)


def test_what_names_a_store_is_read(tmp_path: Path):
    kept = SYSTEM | {"engine_sha256": "j", "version of torch": "2.13.0"}
    try_all(tmp_path / "first.json", kept, lambda: _fresh(tmp_path, kept))


def _fresh(folder: Path, kept: dict[str, Any]) -> None:
    """Name a store that differs from what `first.json` tells of."""
    for path in folder.glob("*.json"):
        if path.name != "first.json":
            path.unlink()
    remember(folder, kept | {"version of torch": "3"})
