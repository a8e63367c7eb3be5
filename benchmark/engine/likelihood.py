"""Log-likelihoods: shared parts read once, and logits only where a continuation stands.

lm-eval's backend reads the context anew for each continuation, projects every position onto the vocabulary, and
normalizes it. With a vocabulary of 262,144 that is most of the work and of the memory.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from benchmark.engine.budget import Budget
from benchmark.engine.packed import PackedPrompts
from benchmark.engine.reading import Reader, Row
from benchmark.engine.sharing import Group, Node, Text
from benchmark.engine.shortage import memory_may_run_out
from benchmark.engine.transfer import Fetched, sent

Likelihood = tuple[float, bool]
"""(sum of the continuation's log-probabilities, whether each of its tokens is the likeliest)."""

NORMALIZED = {"cpu": 1 << 22, "cuda": 1 << 26}
"""Logits that are normalized at once: no more than a processor's caches hold, and enough to keep a GPU from waiting."""
AHEAD = {"cpu": 0, "cuda": 1}
"""Passes that are launched before the answers of the pass before them are waited for: a GPU computes meanwhile."""


@dataclass(frozen=True)
class _Asked:
    """Continuations whose tokens' log-probabilities have been asked for."""

    places: list[int]
    """Among the requests."""
    sizes: list[int]
    """Tokens of each."""
    fetched: Fetched
    """Of all tokens, one after the other: log-probabilities, and whether the token is the likeliest."""


class LikelihoodScorer:
    """Answers requests for the log-likelihoods of texts' ends."""

    def __init__(
        self,
        model: Any,
        budget: Budget,
        softmax_dtype: torch.dtype | None = None,
        passes: Callable[[], AbstractContextManager[Any]] = nullcontext,
        packed: PackedPrompts | None = None,
    ) -> None:
        """A scorer of one model.

        Args:
            softmax_dtype: dtype of the log-probabilities, where it is not that of the logits.
            passes: makes the context of forward passes, and of nothing else: lm-eval normalizes outside of it.
            packed: as `Reader` has it.
        """
        self._model = model
        self._budget = budget
        self._softmax_dtype = softmax_dtype
        self._reader = Reader(model, passes, packed)

    @torch.inference_mode()
    def __call__(self, groups: Sequence[Group]) -> Iterator[tuple[int, Likelihood]]:
        """(place among the requests, answer), in batches of groups in the order given; uses the groups up.

        Raises:
            UserError: not even one text fits into memory.
        """
        launched: deque[list[_Asked]] = deque()
        ahead = AHEAD.get(self._model.device.type, 0)
        for asked in self._launched(deque(groups)):
            launched.append(asked)
            while len(launched) > (ahead if asked else 0):
                yield from _answers(launched.popleft())

    def _launched(self, waiting: deque[Group]) -> Iterator[list[_Asked]]:
        """What is asked of each pass; nothing where the answers of all passes are to be taken before it goes on."""
        while waiting:
            batch = self._batch(waiting)
            with memory_may_run_out() as shortage:
                yield from self._passed(batch)
            if shortage:
                yield []  # there may not be enough for even one text
                self._reader.forget()
                rows = sum(len(group.texts) for group in batch)
                self._budget.shrink(min(self._budget.rows, rows), shortage[0])
            while waiting and not waiting[0].texts:
                waiting.popleft()
        yield []

    def logits(self, groups: Sequence[Group]) -> Iterator[tuple[Sequence[tuple[Group, Text]], list[torch.Tensor]]]:
        """Groups with paths of one length: some texts, and their `(scored, vocabulary)` logits, until all are done."""
        read, places = self._reader.shared(group.path for group in groups)
        texts = [(group, text) for group in groups for text in group.texts]
        while texts:
            chunk = self._chunk(texts)
            texts = texts[len(chunk) :]
            rows = [Row(text.tokens[group.shared :], places[group.node]) for group, text in chunk]
            ends, scored = [len(row.tokens) for row in rows], [text.scored for _, text in chunk]
            first = min(end - size for end, size in zip(ends, scored, strict=True))
            logits = self._reader.logits(read, rows, max(ends) - first)
            spans = [slice(end - size - first, end - first) for end, size in zip(ends, scored, strict=True)]
            yield chunk, [logits[row, span] for row, span in enumerate(spans)]

    def _passed(self, groups: Sequence[Group]) -> Iterator[list[_Asked]]:
        """What is asked of each forward pass, once it can run out of memory no more; the texts are done then."""
        for chunk, logits in self.logits(groups):
            parts = self._together([len(ours) for ours in logits])
            asked = [self._read_off([text for _, text in chunk[part]], torch.cat(logits[part])) for part in parts]
            for group, text in chunk:
                group.texts.remove(text)
            yield asked

    def _together(self, positions: Sequence[int]) -> Iterator[slice]:
        """Neighbours whose logits are normalized at once."""
        logits = NORMALIZED.get(self._model.device.type, NORMALIZED["cpu"])
        most = logits // self._model.config.get_text_config().vocab_size
        first, there = 0, 0
        for place, size in enumerate(positions):
            if there and there + size > most:
                yield slice(first, place)
                first, there = place, 0
            there += size
        yield slice(first, len(positions))

    def _read_off(self, texts: Sequence[Text], logits: torch.Tensor) -> _Asked:
        """What is asked of texts whose logits, `(positions, vocabulary)`, stand one after the other."""
        scores = torch.log_softmax(logits, dim=-1, dtype=self._softmax_dtype)
        places, sizes, end = [], [], 0
        positions: list[int] = []
        wanted: list[int] = []
        for text in texts:
            end += text.scored
            for place, continuation in text.asked:
                places.append(place)
                sizes.append(len(continuation))
                positions += range(end - len(continuation), end)
                wanted += continuation
        rows, tokens = sent(positions, scores.device), sent(wanted, scores.device)
        return _Asked(places, sizes, Fetched(scores[rows, tokens], scores.argmax(-1)[rows] == tokens))

    def _batch(self, waiting: Sequence[Group]) -> list[Group]:
        """The next groups whose shared parts are read together."""
        levels: list[dict[Node, int]] = [{} for _ in waiting[0].path]
        rows, width = 0, 0
        for count, group in enumerate(waiting):
            if len(group.path) != len(levels):
                return list(islice(waiting, count))
            for level, node in zip(levels, group.path, strict=True):
                level[node] = len(node.tokens)
            rows, width = rows + len(group.texts), max(width, group.width)
            fits = self._budget.allows(rows + sum(map(len, levels)), width)
            if count and not (fits and all(len(one) * max(one.values()) <= self._budget.prefill for one in levels)):
                return list(islice(waiting, count))
        return list(waiting)

    def _chunk(self, texts: Sequence[tuple[Group, Text]]) -> Sequence[tuple[Group, Text]]:
        """The next texts whose own tokens are read together."""
        vocabulary = self._model.config.get_text_config().vocab_size
        first, last = sys.maxsize, 0
        for count, (group, text) in enumerate(texts[: self._budget.rows], 1):
            own = len(text.tokens) - group.shared
            first, last = min(first, own - text.scored), max(last, own)
            if count > 1 and (
                count * last > self._budget.prefill or count * (last - first) * vocabulary > self._budget.logits
            ):
                return texts[: count - 1]
        return texts[: self._budget.rows]


def _answers(asked: Iterable[_Asked]) -> Iterator[tuple[int, Likelihood]]:
    """(place, answer) of each."""
    for part in asked:
        values, greedy = part.fetched.wait()
        # Summed as lm-eval sums, in the type of the scores, but on the host: a device would be asked for each number.
        for place, value, hits in zip(part.places, values.split(part.sizes), greedy.split(part.sizes), strict=True):
            yield place, (float(value.sum()), bool(hits.all()))
