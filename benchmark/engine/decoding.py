"""Greedy decoding where each row leaves when it is finished and another takes its place.

A batch in `generate` lasts as long as its longest answer. Here finished rows retire, and waiting prompts are
prefilled and join (continuous batching, Yu et al., "Orca", OSDI 2022). transformers' own continuous batching has the
same aim; on a CPU its paged attention computes every row's scores over all other rows' masked keys
(tests/performance/evaluation_speed.py --only continuous measures it).
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from benchmark.engine.budget import Budget
from benchmark.engine.cache import GROWTH, RowCache
from benchmark.engine.graphs import StepGraph, StepGraphs
from benchmark.engine.packed import PackedPrompts
from benchmark.engine.rows import Ending, Row
from benchmark.engine.sharing import SHORTEST_EXAMPLES, common
from benchmark.engine.shortage import memory_may_run_out

REFILL_SHARE = {"cpu": 8, "cuda": 4}
"""Refill when one in so many places is free: joining copies the whole cache, and on a GPU costs a new graph too."""
SHRINK_SHARE = 4
"""With nobody waiting, drop finished rows when they are one in so many."""
WORTH_A_GRAPH = 4
"""Steps to come at least, for a CUDA graph of them: making it costs as much as one plain step."""
REFILLING, PLAIN, REPLAYED = PHASES = ("prompts", "plain steps and making graphs", "steps of graphs")


@dataclass
class Counts:
    """What decoding cost."""

    steps: int = 0
    """Forward passes of one token a row."""
    row_steps: int = 0
    """Rows in them, finished ones included."""
    wasted: int = 0
    """Finished rows in them."""
    prefilled: int = 0
    """Prompt tokens computed."""
    reused: int = 0
    """Prompt tokens taken from a shared prefix instead."""
    graphs: int = 0
    """CUDA graphs that were made."""
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PHASES, 0.0))
    """By phase. A phase ends when its tokens are on the host: a GPU has done its work then, but for joining rows."""

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Add the block's time to a phase's."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[phase] += time.perf_counter() - started


@dataclass
class _Batch:
    rows: list[Row | None]
    """In the order of the cache; None for a finished one."""
    cache: RowCache
    mask: torch.Tensor
    """`(rows, columns)`, true at real tokens; columns of later steps are missing."""
    newest: torch.Tensor
    """`(rows,)`: tokens that the model has not seen yet."""
    graph: StepGraph | None = None

    def seen(self, columns: int) -> torch.Tensor:
        """The mask of the first columns."""
        return torch.nn.functional.pad(self.mask, (0, columns - self.mask.shape[1]), value=True)

    @property
    def active(self) -> list[int]:
        return [place for place, row in enumerate(self.rows) if row is not None]


class GreedyDecoder:
    """Answers rows, as many together as the budget allows."""

    def __init__(
        self, model: Any, budget: Budget, pad: int, ending: Ending, packed: PackedPrompts | None = None
    ) -> None:
        """A decoder of one model.

        Args:
            pad: token id that fills places without a token.
            packed: reads prompts end to end where it can; None: they are all read side by side.
        """
        self._model = model
        self._budget = budget
        # Masked everywhere, but it is looked up: a pad token that a tokenizer added may have no embedding.
        self._pad = pad if pad < model.get_input_embeddings().weight.shape[0] else 0
        self._ending = ending
        self._prefix: tuple[list[int], RowCache] | None = None
        self._running: dict[int, Row] = {}
        self._graphs = StepGraphs(model)
        self._packed = packed
        self._refill_share = REFILL_SHARE.get(model.device.type, 8)
        self.counts = Counts()

    @torch.inference_mode()
    def run(self, rows: Iterable[Row]) -> None:
        """Answer all rows.

        Raises:
            UserError: not even one row fits into memory.
        """
        waiting = deque(_neighbours(list(rows)))
        batch: _Batch | None = None
        while waiting or batch:
            with memory_may_run_out() as shortage:
                with self.counts.timed(REFILLING):
                    batch = self._refilled(batch, waiting)
                batch = self._step(batch)
            if shortage:
                batch = None
                self._start_over(waiting, shortage[0])

    def _start_over(self, waiting: deque[Row], shortage: str) -> None:
        """After memory ran out: fewer rows together; unfinished ones wait again from their beginning."""
        for row in self._running.values():
            row.generated.clear()
        waiting.extendleft(reversed(self._running.values()))
        rows = len(self._running)
        self._running.clear()
        self._prefix = None
        self._budget.shrink(rows, shortage)

    def _step(self, batch: _Batch | None) -> _Batch | None:
        """One more token for every row."""
        if batch is None:
            return None
        self.counts.steps += 1
        self.counts.row_steps += len(batch.rows)
        self.counts.wasted += len(batch.rows) - len(batch.active)
        graph = batch.graph if batch.cache.length < batch.cache.capacity else None
        with self.counts.timed(REPLAYED if graph else PLAIN):
            if graph:
                batch.newest = graph()
            else:
                self._plain_step(batch)
            return self._taken(batch)

    def _plain_step(self, batch: _Batch) -> None:
        """A step that is launched kernel by kernel, and a graph for those after it where there can be one."""
        batch.graph = None  # its memory first
        ids, mask = batch.newest[:, None], batch.seen(batch.cache.length + 1)
        positions = mask.sum(1, keepdim=True) - 1
        finished = [place for place, row in enumerate(batch.rows) if row is None]
        positions[finished] = 0  # they go on until the next refill, and must not count past the context
        logits = self._forward(ids, mask, positions, batch.cache)
        left = [row.limit - len(row.generated) - 1 if row else 0 for row in batch.rows]
        if max(left) >= WORTH_A_GRAPH and batch.cache.length < batch.cache.capacity:
            last = positions + torch.tensor(left, device=positions.device)[:, None]
            batch.graph = self._graphs.capture(batch.cache, ids, positions, last, mask)
        if batch.graph and not self._graphs.agree(batch.graph, logits):
            batch.graph = None
            batch.cache.advance(-1)
            logits = self._forward(ids, mask, positions, batch.cache)
        batch.newest = logits.argmax(-1)
        if batch.graph:
            self.counts.graphs += 1
            batch.graph.go_on_from(batch.newest)

    def _taken(self, batch: _Batch) -> _Batch | None:
        """Give each row its newest token; rows that are finished by it leave. None when all are."""
        places, tokens = batch.active, batch.newest.tolist()
        for place in places:
            batch.rows[place].generated.append(tokens[place])  # type: ignore[union-attr]
        stopped = self._ending.stopped([batch.rows[place].generated for place in places])  # type: ignore[union-attr]
        for place, stop in zip(places, stopped, strict=True):
            row = batch.rows[place]
            assert row is not None
            if stop or tokens[place] in self._ending.tokens or len(row.generated) >= row.limit:
                batch.rows[place] = None
                del self._running[row.index]
                self._ending.finished(row)
        return batch if batch.active else None

    def _refilled(self, batch: _Batch | None, waiting: deque[Row]) -> _Batch | None:
        """The batch with finished rows dropped and waiting ones in, when either is worth the copying."""
        active = batch.active if batch else []
        if batch:
            free = len(batch.rows) - len(active)
            if free * (self._refill_share if waiting else SHRINK_SHARE) < len(batch.rows):
                return batch
        joining: list[_Batch] = []
        rows = [batch.rows[place] for place in active] if batch else []
        length = batch.cache.length if batch else 0
        while new := self._admitted([*rows, *(row for part in joining for row in part.rows)], length, waiting):
            part = self._prefill(new)
            if part is not None:
                joining.append(part)
        parts = ([batch] if batch and active else []) + joining
        return self._joined(parts) if parts else None

    def _admitted(self, rows: Sequence[Row | None], length: int, waiting: deque[Row]) -> list[Row]:
        """The next rows to prefill together: neighbours that share a prefix, as many as fit beside `rows`."""
        there = [row for row in rows if row is not None]
        new: list[Row] = []
        while waiting and waiting[0].shared == (new[0].shared if new else waiting[0].shared):
            together = [*there, *new, waiting[0]]
            columns = max(length, *(len(row.prompt) for row in together)) + max(
                row.limit - len(row.generated) for row in together
            )
            widest = max(len(row.prompt) - row.shared for row in [*new, waiting[0]])
            if not self._budget.allows(len(together), columns):
                break
            if new and (len(new) + 1) * widest > self._budget.prefill:
                break
            if new and new[0].prompt[: new[0].shared] != waiting[0].prompt[: new[0].shared]:
                break
            new.append(waiting.popleft())
            self._running[new[-1].index] = new[-1]
        return new

    def _prefill(self, rows: list[Row]) -> _Batch | None:
        """A batch of new rows with their first token; None when all of them end with it."""
        shared = rows[0].shared
        own = [row.prompt[shared:] for row in rows]
        width = max(map(len, own))
        columns = torch.arange(shared + width, device=self._model.device)
        mask = columns >= width - torch.tensor([len(tail) for tail in own], device=columns.device)[:, None]
        packed = self._packed.read(own) if self._packed and not shared else None
        if packed:
            logits, cache = packed.logits, RowCache.of(packed.rows(padded_left=True))
        else:
            logits, cache = self._padded(rows[0].prompt[:shared], own, mask)
        self.counts.prefilled += sum(map(len, own))
        self.counts.reused += shared * len(rows)
        return self._taken(_Batch(list(rows), cache, mask, logits.argmax(-1)))

    def _padded(self, prefix: list[int], own: Sequence[list[int]], mask: torch.Tensor) -> tuple[torch.Tensor, RowCache]:
        """The last logits, and the cache, of prompts that are read side by side, after a prefix if there is one."""
        width, capacity = mask.shape[1] - len(prefix), mask.shape[1]
        cache = RowCache(capacity)
        if prefix:
            cache = RowCache.after_prefix(self._prefix_cache(prefix), [len(ids) for ids in own], capacity)
        ids = torch.tensor([[self._pad] * (width - len(tail)) + tail for tail in own], device=mask.device)
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, len(prefix) :]
        return self._forward(ids, mask, positions, cache), cache

    def _prefix_cache(self, prefix: list[int]) -> RowCache:
        if self._prefix is None or self._prefix[0] != prefix:
            self._prefix = None  # the old one's memory first
            cache = RowCache(len(prefix))
            ids = torch.tensor([prefix], device=self._model.device)
            positions = torch.arange(len(prefix), device=ids.device)[None]
            self._forward(ids, torch.ones_like(ids, dtype=torch.bool), positions, cache)
            self.counts.prefilled += len(prefix)
            self._prefix = (prefix, cache)
        return self._prefix[1]

    def _forward(self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, cache: RowCache) -> torch.Tensor:
        """The last column's logits, `(rows, vocabulary)`."""
        return self._model(
            input_ids=ids,
            attention_mask=mask.long(),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]

    def _joined(self, parts: list[_Batch]) -> _Batch:
        """One batch of several, without their finished rows and without columns that nobody uses; uses them up."""
        if len(parts) == 1 and None not in parts[0].rows:
            return parts[0]
        for part in parts:
            part.graph = None
        kept = [torch.tensor(part.active, device=part.mask.device) for part in parts]
        masks = [part.seen(part.cache.length)[rows] for part, rows in zip(parts, kept, strict=True)]
        length = max(int(mask.sum(1).max()) for mask in masks)
        mask = torch.cat([_right_aligned(mask, length) for mask in masks])
        rows = [part.rows[place] for part in parts for place in part.active]
        room = max(row.limit - len(row.generated) for row in rows if row is not None)
        cache = RowCache.joined(
            [(part.cache, rows) for part, rows in zip(parts, kept, strict=True)], length, length + min(GROWTH, room)
        )
        newest = torch.cat([part.newest[rows] for part, rows in zip(parts, kept, strict=True)])
        return _Batch(rows, cache, mask, newest)


def _right_aligned(mask: torch.Tensor, length: int) -> torch.Tensor:
    missing = length - mask.shape[1]
    if missing <= 0:
        return mask[:, -length:]
    return torch.nn.functional.pad(mask, (missing, 0))


def _neighbours(rows: list[Row]) -> Iterator[Row]:
    """Longest prompts first, so that memory runs out at once or never; rows that share a prefix side by side."""
    families: dict[tuple[int, ...], list[Row]] = {}
    for row in rows:
        families.setdefault(tuple(row.prompt[:SHORTEST_EXAMPLES]), []).append(row)
    alone: list[Row] = []
    together: list[list[Row]] = []
    for family in families.values():
        if len(family) == 1 or len(family[0].prompt) <= SHORTEST_EXAMPLES:
            alone += family
        else:
            together.append(family)
            prompts = [tuple(row.prompt) for row in family]
            shared = min(len(common(prompts)), min(map(len, prompts)) - 1)
            for row in family:
                row.shared = shared if shared >= SHORTEST_EXAMPLES else 0
    for family in sorted([alone, *together], key=lambda family: -max((len(row.prompt) for row in family), default=0)):
        yield from sorted(family, key=lambda row: -len(row.prompt))
