"""The file of answers: what several processes may do with it at once, and what a crash leaves of it."""

import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark.errors import UserError
from benchmark.storage.siblings import SiblingStores
from benchmark.storage.store import SYNC_EVERY, AnswerStore
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


def test_an_answer_is_on_the_disk_itself_at_the_latest_with_the_next_one_a_second_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    now = [0.0]
    monkeypatch.setattr("benchmark.storage.store.time", SimpleNamespace(monotonic=lambda: now[0]))
    store = AnswerStore(tmp_path / "answers.db")

    def after_a_power_cut() -> list[str]:
        """Keys in the file itself; what is beside it in the log may be lost."""
        copied = sqlite3.connect(shutil.copy(tmp_path / "answers.db", tmp_path / "copied.db"))
        found = [key for (key,) in copied.execute("SELECT key FROM answers ORDER BY key")]
        copied.close()
        return found

    store.put("1", "first")
    assert after_a_power_cut() == ["1"]
    store.put("2", "at the same moment")
    assert after_a_power_cut() == ["1"], "the disk is not waited for again"
    now[0] = SYNC_EVERY
    store.put("3", "later")
    assert after_a_power_cut() == ["1", "2", "3"]
    store.close()


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
