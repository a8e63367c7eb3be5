"""What is written of a run, and the machine that it was made on."""

import errno
import json
import logging
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from lm_eval.loggers import EvaluationTracker

from benchmark import machine
from benchmark.errors import UserError
from benchmark.quiet import quiet_libraries
from benchmark.runs.rundir import write_samples
from benchmark.runs.staging import check_output, settle, staged

ROW: dict[str, Any] = {
    "doc_id": 0,
    "doc": {"question": "Чему равна ROE?", "odd": {1}},
    "target": 25,
    "arguments": [("Чему равна ROE?", {"until": ["\n"]}), ("ещё", " раз")],
    "resps": [["25%"], [(-1.5, False)]],
    "filtered_resps": ["25%", (-1.5, False)],
    "filter": "none",
    "metrics": ["right"],
    "doc_hash": "d",
    "prompt_hash": "p",
    "target_hash": "t",
    "right": 1.0,
}


def test_sample_files_are_lm_evals_byte_for_byte(tmp_path: Path):
    tracker = EvaluationTracker(output_path=str(tmp_path / "stock"))
    tracker.general_config_tracker.model_name_sanitized = "model"
    tracker.date_id = "now"
    tracker.save_results_samples("mine", [dict(ROW), dict(ROW)])  # type: ignore[arg-type]
    write_samples(tmp_path / "ours.jsonl", [ROW, ROW])
    stock = tmp_path / "stock" / "model" / "samples_mine_now.jsonl"
    assert (tmp_path / "ours.jsonl").read_bytes() == stock.read_bytes()


def test_only_a_row_that_utf8_cannot_write_is_escaped(tmp_path: Path):
    write_samples(tmp_path / "ours.jsonl", [ROW, ROW | {"resps": [["\ud83d"]]}])
    plain, escaped = (tmp_path / "ours.jsonl").read_text(encoding="utf-8").splitlines()
    assert "Чему" in plain
    assert escaped.isascii()
    assert json.loads(escaped)["resps"] == [["\ud83d"]]


def test_a_directory_appears_whole_or_not_at_all(tmp_path: Path):
    with pytest.raises(UserError, match="could not be written whole"), staged(tmp_path / "run") as folder:
        (folder / "half").write_text("…")
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())
    with staged(tmp_path / "run") as folder:
        (folder / "whole").write_text("…")
        assert not (tmp_path / "run").exists()
    assert (tmp_path / "run" / "whole").exists()


@pytest.mark.parametrize("place", [".", "..", "results/..", "/"])
def test_a_place_without_a_name_is_refused_before_anything_is_asked(place: str):
    with pytest.raises(UserError, match=r"--output .*: give the directory's own name"):
        check_output(Path(place))


def test_a_directory_gets_its_name_when_all_that_is_in_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    done: list[object] = []
    sync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        done.append(os.fstat(handle).st_ino)
        sync(handle)

    def renamed(path: Path, target: Path) -> Path:
        done.append("renamed")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    with staged(tmp_path / "run") as folder:
        (folder / "results.json").write_text("{}")
        (folder / "inner").mkdir()
        (folder / "inner" / "samples.jsonl").write_text("{}\n")
    before, after = done[: done.index("renamed")], done[done.index("renamed") + 1 :]
    made = [tmp_path / "run", *(tmp_path / "run").rglob("*")]
    assert {path.stat().st_ino for path in made} == set(before)
    assert after == [tmp_path.stat().st_ino], "and then the name itself"


def test_a_disk_that_cannot_be_waited_for_by_directory_loses_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refused(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refused)
    settle(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
    with pytest.raises(OSError, match="Input/output"):
        settle(tmp_path)


def test_the_peak_of_memory_is_that_since_the_reset():
    try:
        machine._CLEAR_REFS.write_text("5")
    except OSError:
        pytest.skip("this system does not let a process reset its peak")
    taken = 400 << 20
    block = bytearray(b"\1") * taken
    del block
    high = machine.peak_memory_bytes()["host"]
    machine.reset_peak_memory()
    assert machine.peak_memory_bytes()["host"] < high - taken // 2


def test_a_missing_kernel_of_bitsandbytes_is_no_news():
    quiet_libraries()
    assert not logging.getLogger("bitsandbytes.backends.cpu.ops").isEnabledFor(logging.WARNING)
