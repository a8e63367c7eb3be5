"""Log-likelihoods: shared parts read once, and logits only where a continuation stands.

lm-eval's backend reads the context anew for each continuation, projects every position onto the vocabulary, and
normalizes it. With a vocabulary of 262,144 that is most of the work and of the memory.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any

import torch

from benchmark.engine.budget import Budget
from benchmark.engine.reading import Reader, Row
from benchmark.engine.sharing import Group, Node, Text
from benchmark.engine.shortage import memory_may_run_out

Likelihood = tuple[float, bool]
"""(sum of the continuation's log-probabilities, whether each of its tokens is the likeliest)."""


class LikelihoodScorer:
    """Answers requests for the log-likelihoods of texts' ends."""

    def __init__(
        self,
        model: Any,
        budget: Budget,
        softmax_dtype: torch.dtype | None = None,
        passes: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        """A scorer of one model.

        Args:
            softmax_dtype: dtype of the log-probabilities, where it is not that of the logits.
            passes: makes the context of forward passes, and of nothing else: lm-eval normalizes outside of it.
        """
        self._model = model
        self._budget = budget
        self._softmax_dtype = softmax_dtype
        self._reader = Reader(model, passes)

    @torch.inference_mode()
    def __call__(self, groups: Sequence[Group]) -> Iterator[tuple[int, Likelihood]]:
        """(place among the requests, answer), in batches of groups in the order given; uses the groups up.

        Raises:
            UserError: not even one text fits into memory.
        """
        waiting = deque(groups)
        while waiting:
            batch = self._batch(waiting)
            with memory_may_run_out() as shortage:
                yield from self._answers(batch)
            if shortage:
                self._reader.forget()
                rows = sum(len(group.texts) for group in batch)
                self._budget.shrink(min(self._budget.rows, rows), shortage[0])
            while waiting and not waiting[0].texts:
                waiting.popleft()

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

    def _answers(self, groups: Sequence[Group]) -> Iterator[tuple[int, Likelihood]]:
        for chunk, logits in self.logits(groups):
            places, sums, greedy = [], [], []
            for (_, text), ours in zip(chunk, logits, strict=True):
                scores = torch.log_softmax(ours, dim=-1, dtype=self._softmax_dtype)
                for place, continuation in text.asked:
                    wanted = torch.tensor(continuation, device=scores.device)
                    tail = scores[-len(continuation) :]
                    places.append(place)
                    sums.append(tail.gather(1, wanted[:, None]).sum())
                    greedy.append((tail.argmax(-1) == wanted).all())
            # One wait for the device, not one for each number.
            values = list(zip(torch.stack(sums).tolist(), torch.stack(greedy).tolist(), strict=True))
            for group, text in chunk:  # only now can memory run out no more
                group.texts.remove(text)
            yield from zip(places, values, strict=True)

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
