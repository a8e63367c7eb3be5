"""The file of answers: what several processes may do with it at once, and what a crash leaves of it."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest

from benchmark.errors import UserError
from benchmark.storage import store as stores
from benchmark.storage.siblings import SiblingStores
from benchmark.storage.store import SYNC_AFTER, AnswerStore
from tasks import ROOT

WRITE = """
import os, signal, sys
from pathlib import Path
from types import SimpleNamespace
from benchmark.storage.siblings import SiblingStores

folder, rank, first, last, end = sys.argv[1:]
print("ready", flush=True)
input()
store = SiblingStores(Path(folder), "system", int(rank))
for number in range(int(first), int(last)):
    store.put(str(number), f"answer {number}")
    assert store.get(str(number)) == f"answer {number}"
    store.get(str(number - 1000))
if end == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
store.close()
"""


def start(folder: Path, rank: int, numbers: range, end: str = "closed") -> subprocess.Popen[str]:
    arguments = [str(folder), str(rank), str(numbers.start), str(numbers.stop), end]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", WRITE, *arguments], cwd=ROOT.parent, text=True, **pipes)


def together(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """Let the processes begin at one moment; each one's exit code and last words."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[1] for process in processes]
    return [(process.returncode, words) for process, words in zip(processes, said, strict=True)]


@pytest.mark.parametrize("ranks", [(0, 0, 0), (0, 1, 2)], ids=["one file", "files of their own"])
def test_processes_write_and_read_at_once(tmp_path: Path, ranks: tuple[int, ...]):
    shares = [range(1000 * n, 1000 * n + 100) for n in range(len(ranks))]
    ended = together([start(tmp_path, rank, share) for rank, share in zip(ranks, shares, strict=True)])
    assert ended == [(0, "")] * len(ranks)
    store = SiblingStores(tmp_path, "system", 0)
    assert all(store.get(str(number)) == f"answer {number}" for share in shares for number in share)
    store.close()


def test_what_a_killed_process_kept_is_found_by_the_others(tmp_path: Path):
    (ended,) = together([start(tmp_path, 1, range(5), "killed")])
    assert ended == (-signal.SIGKILL, "")
    assert (tmp_path / "system_rank1.db-wal").stat().st_size, "not tidied up: the process had no time to"
    store = SiblingStores(tmp_path, "system", 0)
    assert [store.get(str(number)) for number in range(5)] == [f"answer {number}" for number in range(5)]
    store.close()


def after_a_power_cut(path: Path) -> list[str]:
    """Keys in the file itself; what is beside it in the log may be lost."""
    copied = sqlite3.connect(shutil.copy(path, path.with_name("copied.db")))
    try:
        return [key for (key,) in copied.execute("SELECT key FROM answers ORDER BY key")]
    except sqlite3.DatabaseError:  # not even the table, or copied while it was being written
        return []
    finally:
        copied.close()


class Due:
    """A timer that is up when the test says so."""

    all: ClassVar[list["Due"]] = []

    def __init__(self, seconds: float, call: Any) -> None:
        assert seconds == SYNC_AFTER
        self.call = call
        self.all.append(self)

    def start(self) -> None:
        """Nothing runs by itself."""

    cancel = join = start


@pytest.fixture
def due(monkeypatch: pytest.MonkeyPatch) -> list[Due]:
    """Has stores wait for timers of this kind; those that were set."""
    monkeypatch.setattr(stores, "Timer", Due)
    monkeypatch.setattr(Due, "all", [])
    return Due.all


def test_answers_of_one_moment_are_on_the_disk_together_and_no_other_need_follow(tmp_path: Path, due: list[Due]):
    path = tmp_path / "answers.db"
    store = AnswerStore(path)
    for key in "123":
        store.put(key, "at the same moment")
    assert (after_a_power_cut(path), len(due)) == ([], 1), "the disk is waited for once for all three"
    due[0].call()
    assert after_a_power_cut(path) == ["1", "2", "3"]
    store.put("4", "later")
    due[1].call()
    assert after_a_power_cut(path) == ["1", "2", "3", "4"]
    store.close()


def test_the_disk_is_waited_for_while_nothing_else_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stores, "SYNC_AFTER", 0.01)
    store = AnswerStore(tmp_path / "answers.db")
    store.put("1", "the last one")
    patience = time.monotonic() + 60
    while not after_a_power_cut(tmp_path / "answers.db") and time.monotonic() < patience:
        time.sleep(0.01)
    assert after_a_power_cut(tmp_path / "answers.db") == ["1"]
    store.close()


def test_a_store_that_is_closed_is_on_the_disk_also_where_another_process_reads_it(tmp_path: Path):
    path = tmp_path / "answers.db"
    store = AnswerStore(path)
    reader = AnswerStore(path, read_only=True)
    store.put("1", "answer")
    assert reader.get("1") == "answer"
    store.close()
    assert after_a_power_cut(path) == ["1"]
    reader.close()


def test_where_an_earlier_state_is_being_read_the_disk_is_waited_for_again(tmp_path: Path, due: list[Due]):
    path = tmp_path / "answers.db"
    store = AnswerStore(path)
    store.put("1", "answer")
    due[-1].call()
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM answers").fetchall()
    store.put("2", "the last one")
    due[-1].call()
    assert (after_a_power_cut(path), len(due)) == (["1"], 3)
    reader.execute("COMMIT")
    due[-1].call()
    assert (after_a_power_cut(path), len(due)) == (["1", "2"], 3)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM answers").fetchall()
    store.put("3", "at the end")
    store.close()
    assert len(due) == 4, "a store that is closed waits no more"
    reader.close()


def test_a_file_that_was_taken_away_is_told_with_the_next_answer(tmp_path: Path, due: list[Due]):
    store = AnswerStore(tmp_path / "answers.db")
    store.put("1", "answer")
    (tmp_path / "answers.db").unlink()
    due[0].call()
    with pytest.raises(UserError, match="cannot write an answer"):
        store.put("2", "answer")
    store.close()
    assert not (tmp_path / "answers.db").exists()


def test_others_stores_are_only_read(tmp_path: Path):
    AnswerStore(tmp_path / "system_rank1.db").close()
    other = AnswerStore(tmp_path / "system_rank1.db", read_only=True)
    with pytest.raises(UserError, match="readonly"):
        other.put("key", "answer")
    other.close()


def test_a_process_that_has_just_begun_has_no_answers_yet(tmp_path: Path):
    sqlite3.connect(tmp_path / "system_rank1.db").close()
    store = SiblingStores(tmp_path, "system", 0)
    assert store.get("key") is None
    own = AnswerStore(tmp_path / "system_rank1.db")
    own.put("key", "answer")
    assert store.get("key") == "answer"
    own.close()
    store.close()


def test_a_damaged_store_is_one_line(tmp_path: Path):
    path = tmp_path / "answers.db"
    path.write_bytes(b"SQLite format 3" + bytes(5000))
    with pytest.raises(UserError, match=r"answers\.db") as caught:
        AnswerStore(path).get("key")
    assert "\n" not in str(caught.value)
