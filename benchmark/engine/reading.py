"""Forward passes over tokens that follow what was read before: shared parts first, then what is each text's own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from benchmark.engine.cache import RowCache
from benchmark.engine.packed import PackedPrompts
from benchmark.engine.sharing import Node
from benchmark.engine.transfer import sent


@dataclass(frozen=True)
class Read:
    """Keys and values of rows of tokens."""

    cache: RowCache
    lengths: list[int]
    """Tokens of each row, in columns side by side."""
    ends: list[int]
    """The column after each row's last."""


@dataclass(frozen=True)
class Row:
    """Tokens to read, and the place of the row that was read before them."""

    tokens: Sequence[int]
    before: int


class Reader:
    """Reads rows of tokens with one model."""

    def __init__(
        self,
        model: Any,
        passes: Callable[[], AbstractContextManager[Any]] = nullcontext,
        packed: PackedPrompts | None = None,
    ) -> None:
        """A reader of one model.

        Args:
            passes: makes the context of forward passes.
            packed: reads tokens that nothing stands before, where it can; None: all are read side by side.
        """
        self._model = model
        self._passes = passes
        self._packed = packed
        self._examples: tuple[list[Node], Read] | None = None

    def shared(self, paths: Iterable[Sequence[Node]]) -> tuple[Read | None, dict[Node | None, int]]:
        """What was read of paths of one length, and the places of their last nodes in it."""
        read: Read | None = None
        places: dict[Node | None, int] = {None: 0}
        for nodes in zip(*paths, strict=True):
            level = list(dict.fromkeys(nodes))
            read = self._level(read, level, places)
            places = {node: place for place, node in enumerate(level)}
        return read, places

    def logits(self, read: Read | None, rows: Sequence[Row], scored: int) -> torch.Tensor:
        """`(rows, scored, vocabulary)`: logits in the last columns of rows that are padded on the right."""
        return self._forward(read, rows, scored).logits

    def forget(self) -> None:
        """Give back the memory of what was kept for the next paths."""
        self._examples = None

    def _level(self, read: Read | None, nodes: list[Node], places: Mapping[Node | None, int]) -> Read:
        """Keys and values of the nodes, and of what stands before them."""
        if self._examples and self._examples[0] == nodes:
            return self._examples[1]
        rows = [Row(node.tokens, places[node.parent]) for node in nodes]
        cache = self._packed_cache(nodes) if read is None else None
        if cache is None:
            cache = self._forward(read, rows, 1, keep=True).past_key_values
        before = [read.lengths[row.before] if read else 0 for row in rows]
        own = [len(row.tokens) for row in rows]
        lengths = [there + new for there, new in zip(before, own, strict=True)]
        level = Read(cache, lengths, [max(before) + new for new in own])
        if read is None:  # the examples of a few-shot task stand before the next batch too
            self._examples = (nodes, level) if len(nodes) == 1 else None
        return level

    def _packed_cache(self, nodes: Sequence[Node]) -> RowCache | None:
        """Keys and values of nodes that nothing stands before, padded on the right; None without the kernel for it."""
        if not self._packed:
            return None
        with self._passes():
            packed = self._packed.read([node.tokens for node in nodes])
        return RowCache.of(packed.rows(padded_left=False)) if packed else None

    def _forward(self, read: Read | None, rows: Sequence[Row], scored: int, *, keep: bool = False) -> Any:
        """One forward pass over rows' tokens after what was read, with logits in the last columns."""
        width, device = max(len(row.tokens) for row in rows), self._model.device
        # Padded on the right, as lm-eval does it: causal attention never sees the padding.
        ids = sent([[*row.tokens, *[0] * (width - len(row.tokens))] for row in rows], device)
        settings = _after(read, rows, width, device) if read else {"past_key_values": RowCache()} if keep else {}
        with self._passes():
            return self._model(input_ids=ids, logits_to_keep=scored, use_cache=bool(settings), **settings)


def _after(read: Read, rows: Sequence[Row], width: int, device: torch.device) -> dict[str, Any]:
    """What a forward pass over rows of so many columns is told of what was read before them."""
    lengths = sent([read.lengths[row.before] for row in rows], device)[:, None]
    own = sent([len(row.tokens) for row in rows], device)[:, None]
    past = max(read.lengths[row.before] for row in rows)
    # Padding must not count past the context, where learned positions end.
    positions = lengths + torch.minimum(torch.arange(width, device=device), own - 1)
    return {
        "past_key_values": _selected(read, [row.before for row in rows], past, width, device),
        "attention_mask": (torch.arange(past + width, device=device) >= past - lengths).long(),
        "position_ids": positions,
    }


def _selected(read: Read, places: Sequence[int], past: int, width: int, device: torch.device) -> RowCache:
    """A cache of the rows at `places`, `past` columns wide and aligned on the right, so that a row's tokens stay side
    by side with those that follow: sliding windows count columns. There is room for `width` more.
    """
    rows = sent(places, device)[:, None]
    ends = sent([read.ends[place] for place in places], device)[:, None]
    last = read.cache.length - 1
    columns = (ends - past + torch.arange(past + width, device=device)).clamp(min=0, max=last)  # room holds anything

    def chosen(states: torch.Tensor) -> torch.Tensor:
        # Layers may lie on several devices.
        return states[rows.to(states.device), :, columns.to(states.device)].transpose(1, 2)

    layers = read.cache.layers  # kinds without keys and values are refused by the self-test
    return RowCache.of(((chosen(layer.keys), chosen(layer.values)) for layer in layers), past)
