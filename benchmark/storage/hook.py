"""What becomes of an answer the moment it is told of: it is kept, and counted."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from lm_eval.api.instance import Instance

from benchmark.runs.progress import Progress
from benchmark.storage.portions import Portion
from benchmark.storage.requestkey import cut_off_key, is_sampled, nth_key, request_key
from benchmark.storage.store import AnswerStore

MOST_TOKENS = 1 << 32
"""Of one answer, whatever its server says."""


class Hook:
    """What lm-eval's backends call after each answer (`cache_hook.add_partial`)."""

    def __init__(self, lm: Any, store: AnswerStore, progress: Progress | None) -> None:
        """Listen to one model.

        Args:
            lm: a server has a `reply`: what came with the answer that it is just telling of.
        """
        self._lm = lm
        self._store = store
        self._progress = progress
        self._waiting: dict[str, list[list[str]]] = {}
        self.occurrences: Counter[str] = Counter()
        """Answers that the store has for a sampled request."""
        self.cut_off: int | None = 0 if hasattr(lm, "reply") else None
        """Answers to the run's requests that a limit of tokens cut off; None where the backend does not say so."""

    def wait_for(self, method: str, requests: Sequence[Instance], portion: Portion) -> None:
        """From here on answers to a portion are told of: each request's one for all positions that it stands in."""
        self._waiting.clear()
        for positions in portion:
            key = request_key(method, requests[positions[0]].args)
            self._waiting.setdefault(key, []).append([requests[position].task_name or "" for position in positions])

    def add_partial(self, method: str, arguments: Sequence[Any], answer: Any) -> None:
        """Keep and count an answer of this process."""
        key = place = request_key(method, arguments)
        if is_sampled(arguments[-1]):
            place = nth_key(key, self.occurrences[key])
            self.occurrences[key] += 1
        reply = getattr(self._lm, "reply", None) if isinstance(answer, str) else None
        is_cut_off = reply is not None and reply.finish_reason == "length"
        if is_cut_off:
            self._store.put(cut_off_key(place), True)
        self._store.put(place, answer)
        self._count(key, answer, reply, is_cut_off=is_cut_off)

    def get(self, place: str) -> Any:
        """A kept answer, counted where it was cut off; None if there is none."""
        found = self._store.get(place)
        if found is not None and self.cut_off is not None:
            self.cut_off += self._store.get(cut_off_key(place)) is not None
        return found

    def count_others(self) -> None:
        """All of the portion is there: what was not told of here, another process of the run gave."""
        if self._progress is not None:
            tasks = (task for asked in self._waiting.values() for tasks in asked for task in tasks)
            self._progress.advance(tasks, own=False)

    def _count(self, key: str, answer: Any, reply: Any, *, is_cut_off: bool) -> None:
        waiting = self._waiting.get(key)
        tasks = waiting.pop() if waiting else []
        if is_cut_off:
            self.cut_off = (self.cut_off or 0) + len(tasks)
        if self._progress is not None:
            self._progress.advance(tasks, tokens=self._tokens(answer, reply))

    def _tokens(self, answer: Any, reply: Any) -> int:
        """Tokens of a text, as its server or else the tokenizer counts them; 0 where neither does."""
        if reply is not None and reply.completion_tokens is not None:
            return min(max(0, reply.completion_tokens), MOST_TOKENS)
        encode = getattr(self._lm, "tok_encode", None) if isinstance(answer, str) else None
        return len(encode(answer, add_special_tokens=False)) if encode else 0
