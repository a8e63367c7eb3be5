"""Request hash -> answer, on disk: one SQLite file for each process of each system's runs."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import Any

from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from benchmark.errors import UserError

BUSY = 60.0
"""Seconds to wait for another process that is writing into the same file: a run of other tasks of the same system."""
SYNC_AFTER = 1.0
"""Seconds from an answer to its being on the disk itself, with all that came meanwhile: each wait for the disk costs
milliseconds, of a busy disk many."""


class AnswerStore:
    """Request hash -> answer, in one SQLite file; JSON inside, nothing that could run when read."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open or create the store.

        Args:
            read_only: open another process's store, which that process may be writing.

        Raises:
            UserError: the file cannot be written, or is not a store.
        """
        self.path = path
        self._has_table = not read_only
        self._timer: Timer | None = None
        self._is_due = False
        self._is_closing = False
        self._failure: sqlite3.Error | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = _connect(path, "ro" if read_only else "rwc")
            if not read_only:
                _prepare(self._database)
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                f"{path}: cannot keep answers here ({error}); free the space, delete a damaged file, or choose --output elsewhere"
            ) from error

    def get(self, key: str) -> Any:
        """The answer, or None.

        Raises:
            UserError: the file is damaged or locked.
        """
        try:
            if not self._is_begun():
                return None
            row = self._database.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
            return None if row is None else json.loads(row[0])
        except (sqlite3.Error, ValueError) as error:
            raise UserError(
                f"{self.path}: cannot read an answer ({error}); delete the file, or choose another --output"
            ) from error

    def _is_begun(self) -> bool:
        """Whether there is a table yet: another process may have just created its file."""
        if not self._has_table:
            found = self._database.execute("SELECT 1 FROM sqlite_master WHERE name = 'answers'").fetchone()
            self._has_table = found is not None
        return self._has_table

    def put(self, key: str, answer: Any) -> None:
        """Keep an answer; it survives the end of this process from here on, however that comes.

        A power cut may take the answers of the last second, whether or not others follow them.

        Raises:
            UserError: the disk is full or the file was taken away.
        """
        try:
            if self._failure:
                raise self._failure
            self._database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, json.dumps(answer)))
        except sqlite3.Error as error:
            raise UserError(
                f"{self.path}: cannot write an answer ({error}); free some space and give the same command again: "
                "what is finished stays"
            ) from error
        if not self._is_due:
            self._sync_later()

    def _sync_later(self) -> None:
        self._is_due = True
        if self._is_closing:
            return
        self._timer = Timer(SYNC_AFTER, self._sync)
        self._timer.daemon = True  # a process that ends without closing does not wait for it
        self._timer.start()

    def _sync(self) -> None:
        """Wait for the disk, in the timer's thread: the model goes on, and a failure is told with the next answer."""
        self._is_due = False  # what is kept from here on needs another wait
        try:
            # A connection of its own: SQLite's are not shared between threads.
            with closing(_connect(self.path, "rw")) as database:
                busy, kept, settled = database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            self._failure = error
            return
        # Another process is at it, perhaps since before the newest answer, or reads what was there before that.
        if busy or settled < kept:
            self._sync_later()

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM answers").fetchone()[0])

    def close(self) -> None:
        """Close the file, with all that is in it on the disk, unless another process is in the way just now."""
        self._is_closing = True  # a timer that is up sets no other
        if self._timer:
            self._timer.cancel()
            self._timer.join()
        if self._is_due:
            self._sync()
        self._database.close()


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a file; `mode` is that of SQLite's addresses."""
    address = f"{path.resolve().as_uri()}?mode={mode}"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY)


def _is_locked(error: BaseException) -> bool:
    # The low byte is the kind of error, the others say more of it (https://sqlite.org/rescode.html).
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


# SQLite waits for a lock by itself, but not where two processes turn to the write-ahead log at once.
@retry(retry=retry_if_exception(_is_locked), wait=wait_random(max=0.1), stop=stop_after_delay(BUSY), reraise=True)
def _prepare(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")  # the disk is waited for at checkpoints only
    database.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
