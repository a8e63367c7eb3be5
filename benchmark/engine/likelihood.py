"""Log-likelihoods: shared parts read once, and logits only where a continuation stands.

lm-eval's backend reads the context anew for each continuation, projects every position onto the vocabulary, and
normalizes it. With a vocabulary of 262,144 that is most of the work and of the memory.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from transformers import DynamicCache

from benchmark.engine.budget import Budget
from benchmark.engine.sharing import Group, Node, Text
from benchmark.engine.shortage import memory_may_run_out

LOGITS = 1 << 28
"""Logits in one forward pass, at most: positions times vocabulary."""

Likelihood = tuple[float, bool]
"""(sum of the continuation's log-probabilities, whether each of its tokens is the likeliest)."""


@dataclass(frozen=True)
class _Read:
    """Keys and values of rows of tokens."""

    cache: DynamicCache
    lengths: list[int]
    """Tokens of each row, in columns side by side."""
    ends: list[int]
    """The column after each row's last."""


@dataclass(frozen=True)
class _Row:
    """Tokens to read, and the place of the row that was read before them."""

    tokens: Sequence[int]
    before: int


class LikelihoodScorer:
    """Answers requests for the log-likelihoods of texts' ends."""

    def __init__(
        self,
        model: Any,
        budget: Budget,
        softmax_dtype: torch.dtype | None = None,
        autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        """A scorer of one model.

        Args:
            softmax_dtype: dtype of the log-probabilities, where it is not that of the logits.
            autocast: makes the context of forward passes, and of nothing else: lm-eval normalizes outside of it.
        """
        self._model = model
        self._budget = budget
        self._softmax_dtype = softmax_dtype
        self._autocast = autocast
        self._examples: tuple[list[Node], _Read] | None = None

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
                self._examples = None
                rows = sum(len(group.texts) for group in batch)
                self._budget.shrink(min(self._budget.rows, rows), shortage[0])
            while waiting and not waiting[0].texts:
                waiting.popleft()

    def logits(self, groups: Sequence[Group]) -> Iterator[tuple[Sequence[tuple[Group, Text]], list[torch.Tensor]]]:
        """Groups with paths of one length: some texts, and their `(scored, vocabulary)` logits, until all are done."""
        read, places = self._shared(groups)
        texts = [(group, text) for group in groups for text in group.texts]
        while texts:
            chunk = self._chunk(texts)
            texts = texts[len(chunk) :]
            rows = [_Row(text.tokens[group.shared :], places[group.node]) for group, text in chunk]
            ends, scored = [len(row.tokens) for row in rows], [text.scored for _, text in chunk]
            first = min(end - size for end, size in zip(ends, scored, strict=True))
            logits = self._forward(read, rows, max(ends) - first).logits
            yield (
                chunk,
                [
                    logits[row, end - size - first : end - first]
                    for row, (end, size) in enumerate(zip(ends, scored, strict=True))
                ],
            )

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
            if count > 1 and (count * last > self._budget.prefill or count * (last - first) * vocabulary > LOGITS):
                return texts[: count - 1]
        return texts[: self._budget.rows]

    def _shared(self, groups: Sequence[Group]) -> tuple[_Read | None, dict[Node | None, int]]:
        """What was read of the groups' shared parts, and the places of their last nodes in it."""
        read: _Read | None = None
        places: dict[Node | None, int] = {None: 0}
        for nodes in zip(*(group.path for group in groups), strict=True):
            level = list(dict.fromkeys(nodes))
            read = self._level(read, level, places)
            places = {node: place for place, node in enumerate(level)}
        return read, places

    def _level(self, read: _Read | None, nodes: list[Node], places: Mapping[Node | None, int]) -> _Read:
        """Keys and values of the nodes, and of what stands before them."""
        if self._examples and self._examples[0] == nodes:
            return self._examples[1]
        rows = [_Row(node.tokens, places[node.parent]) for node in nodes]
        cache = self._forward(read, rows, 1, keep=True).past_key_values
        before = [read.lengths[row.before] if read else 0 for row in rows]
        own = [len(row.tokens) for row in rows]
        lengths = [there + new for there, new in zip(before, own, strict=True)]
        level = _Read(cache, lengths, [max(before) + new for new in own])
        if read is None:  # the examples of a few-shot task stand before the next batch too
            self._examples = (nodes, level) if len(nodes) == 1 else None
        return level

    def _forward(self, read: _Read | None, rows: Sequence[_Row], scored: int, *, keep: bool = False) -> Any:
        """One forward pass over rows' tokens after what was read, with logits in the last columns."""
        width, device = max(len(row.tokens) for row in rows), self._model.device
        # Padded on the right, as lm-eval does it: causal attention never sees the padding.
        ids = torch.tensor([[*row.tokens, *[0] * (width - len(row.tokens))] for row in rows], device=device)
        settings = _after(read, rows, width, device) if read else {"past_key_values": DynamicCache()} if keep else {}
        with self._autocast():
            return self._model(input_ids=ids, logits_to_keep=scored, use_cache=bool(settings), **settings)


def _after(read: _Read, rows: Sequence[_Row], width: int, device: torch.device) -> dict[str, Any]:
    """What a forward pass over rows of so many columns is told of what was read before them."""
    lengths = torch.tensor([read.lengths[row.before] for row in rows], device=device)[:, None]
    own = torch.tensor([len(row.tokens) for row in rows], device=device)[:, None]
    past = max(read.lengths[row.before] for row in rows)
    # Padding must not count past the context, where learned positions end.
    positions = lengths + torch.minimum(torch.arange(width, device=device), own - 1)
    return {
        "past_key_values": _selected(read, [row.before for row in rows], past),
        "attention_mask": (torch.arange(past + width, device=device) >= past - lengths).long(),
        "position_ids": positions,
    }


def _selected(read: _Read, places: Sequence[int], past: int) -> DynamicCache:
    """A cache of the rows at `places`, `past` columns wide and aligned on the right, so that a row's tokens stay side
    by side with those that follow: sliding windows count columns.
    """
    rows = torch.tensor(places)[:, None]
    columns = (torch.tensor([read.ends[place] for place in places])[:, None] - past + torch.arange(past)).clamp(min=0)

    def chosen(states: torch.Tensor) -> torch.Tensor:
        # Layers may lie on several devices.
        return states[rows.to(states.device), :, columns.to(states.device)].transpose(1, 2)

    layers: list[Any] = read.cache.layers  # kinds without keys and values are refused by the self-test
    return DynamicCache([(chosen(layer.keys), chosen(layer.values)) for layer in layers])
