"""Finished answers, on disk the moment they exist, so that an interrupted run goes on from where it stopped.

One store serves one system: its file is named by the hash of everything that changes an answer, so two systems
can never read each other's. A key within the store is the request itself: prompt and generation settings.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from benchmark.errors import UserError
from benchmark.identity import sha256_of_json


class AnswerStore:
    """Request hash -> answer, in one SQLite file; JSON inside, nothing that could run when read."""

    def __init__(self, path: Path) -> None:
        """Open or create the store.

        Raises:
            UserError: the file cannot be written, or is not a store.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                f"{path}: cannot keep answers here ({error}); free the space, or choose --output elsewhere"
            ) from error

    def get(self, key: str) -> Any:
        """The answer, or None."""
        row = self._database.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, key: str, answer: Any) -> None:
        """Keep an answer; it survives a crash from here on.

        Raises:
            UserError: the disk is full or the file was taken away.
        """
        try:
            self._database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, json.dumps(answer)))
        except sqlite3.Error as error:
            raise UserError(
                f"{self.path}: cannot write an answer ({error}); free some space and give the same command again: "
                "what is finished stays"
            ) from error

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM answers").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._database.close()


class _Hook:
    """What lm-eval's backends call after each answer (`cache_hook.add_partial`)."""

    def __init__(self, store: AnswerStore) -> None:
        self._store = store

    def add_partial(self, method: str, arguments: Iterable[Any], answer: Any) -> None:
        self._store.put(_key(method, arguments), answer)


def _key(method: str, arguments: Iterable[Any]) -> str:
    return sha256_of_json([method, list(arguments)])


class StoredLM(LM):
    """Any lm-eval model, with answers taken from the store where it has them.

    Sampled generations (`do_sample: true`) always go to the model: a stored answer would make repeats identical.
    """

    def __init__(self, lm: LM, store: AnswerStore) -> None:
        super().__init__()
        self.lm = lm
        self.store = store
        lm.set_cache_hook(_Hook(store))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["lm"], name)

    @property
    def device(self) -> Any:
        return self.lm.device

    @property
    def rank(self) -> int:
        return self.lm.rank

    @property
    def world_size(self) -> int:
        return self.lm.world_size

    @property
    def tokenizer_name(self) -> str:
        return self.lm.tokenizer_name

    def all_gather(self, tensor: Any) -> Any:
        return self.lm.all_gather(tensor)

    def gather_object(self, obj: Any, dst: int = 0) -> Any:
        return self.lm.gather_object(obj, dst)

    def barrier(self) -> None:
        self.lm.barrier()

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        return self.lm.chat_template(chat_template)

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        return self.lm.apply_chat_template(chat_history, add_generation_prompt=add_generation_prompt)

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        answers = self._answer("loglikelihood", requests)
        return [(float(value), bool(greedy)) for value, greedy in answers]

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        return self._answer("loglikelihood_rolling", requests)

    def generate_until(self, requests: list[Instance]) -> list[str]:
        return self._answer("generate_until", requests)

    def _answer(self, method: str, requests: Sequence[Instance]) -> list[Any]:
        answers = [None if _is_sampled(request) else self.store.get(_key(method, request.args)) for request in requests]
        missing = [position for position, answer in enumerate(answers) if answer is None]
        if missing:
            fresh = getattr(self.lm, method)([requests[position] for position in missing])
            for position, answer in zip(missing, fresh, strict=True):
                answers[position] = answer
        return answers


def _is_sampled(request: Instance) -> bool:
    settings = request.args[-1]
    return isinstance(settings, dict) and bool(settings.get("do_sample"))
