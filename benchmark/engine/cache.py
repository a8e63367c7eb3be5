"""Keys and values of rows that come and go, in buffers with room to grow.

In a batch that is being generated, rows are aligned on the right: its last column is every row's newest token, and
columns before a row's first token are masked. What texts to be scored share may end in padding instead. Unlike in
transformers' own caches, a step does not copy everything, and rows can leave and join.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, cast

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

GROWTH = 128
"""Columns by which a full buffer is enlarged."""


class RowLayer(CacheLayerMixin):
    """One layer's keys and values, each `(rows, heads, capacity, width)`; the first `used` columns are filled.

    A sliding-window layer is held in full: the model's attention mask applies the window.
    """

    is_sliding = False

    def __init__(self, capacity: int = 0) -> None:
        super().__init__()
        self.capacity = capacity
        self.used = 0
        self.real: torch.Tensor | None = None
        """`(rows, columns)`: where the next update may write; elsewhere it would overwrite a shared prefix."""
        self.column: torch.Tensor | None = None
        """`(1,)`: the column to write to, on the device, while a graph of fixed shapes is captured."""

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        self.keys = _buffer(key_states, self.capacity)
        self.values = _buffer(value_states, self.capacity)
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.capacity = max(self.capacity, key_states.shape[-2])
            self.lazy_initialization(key_states, value_states)
        assert self.keys is not None and self.values is not None
        if self.column is not None:
            self.keys.index_copy_(2, self.column, key_states)
            self.values.index_copy_(2, self.column, value_states)
            return self.keys, self.values
        end = self.used + key_states.shape[-2]
        if end > self.capacity:
            self._grow(end + GROWTH)
        for buffer, states in ((self.keys, key_states), (self.values, value_states)):
            place = buffer[:, :, self.used : end]
            place.copy_(states if self.real is None else torch.where(self.real[:, None, :, None], states, place))
        self.used, self.real = end, None
        return self.keys[:, :, :end], self.values[:, :, :end]

    def _grow(self, capacity: int) -> None:
        self.capacity = capacity
        for name in ("keys", "values"):
            old = getattr(self, name)
            new = _buffer(old, capacity)
            new[:, :, : self.used] = old[:, :, : self.used]
            setattr(self, name, new)

    def get_mask_sizes(self, query_length: Any) -> tuple[int, int]:
        # transformers before 5.20 passes the columns' positions, later ones their number.
        new = query_length if isinstance(query_length, int) else query_length.shape[0]
        return self.used + new, 0

    def get_seq_length(self, *_: Any) -> int:
        return self.used

    def get_max_length(self) -> int:
        return -1

    def get_max_cache_shape(self) -> int:
        return -1


class RowCache(Cache):
    """All layers' keys and values of a batch of rows."""

    def __init__(self, capacity: int = 0) -> None:
        """An empty cache.

        Args:
            capacity: columns to make room for at once.
        """
        super().__init__(layer_class_to_replicate=cast(Any, partial(RowLayer, capacity)))
        self.layers: list[Any]  # RowLayer, which the base class does not know

    @property
    def length(self) -> int:
        """Filled columns."""
        return self.layers[0].used if self.layers else 0

    @property
    def capacity(self) -> int:
        """Columns that there is room for."""
        return self.layers[0].capacity

    def advance(self, columns: int = 1) -> None:
        """Count columns that a graph filled; or, below zero, take back the last ones."""
        for layer in self.layers:
            layer.used += columns

    def fix(self, column: torch.Tensor | None) -> None:
        """Have layers write to this column and show all that they have room for; None: as usual again."""
        for layer in self.layers:
            layer.column = column

    @classmethod
    def joined(cls, parts: Sequence[tuple["RowCache", torch.Tensor]], length: int, capacity: int) -> "RowCache":
        """One cache of the chosen rows of several, aligned on the right. The parts are emptied on the way, layer by
        layer, so that memory never holds two copies.

        Args:
            parts: caches, and the indices of the rows to take from each.
            length: columns of the new cache; where a part has more, its leading columns are dropped.
            capacity: columns to make room for.
        """
        cache = cls(capacity)
        for layers in zip(*(part.layers for part, _ in parts), strict=True):
            joined = RowLayer(capacity)
            for name in ("keys", "values"):
                pieces = [
                    (getattr(layer, name), layer.used, rows) for layer, (_, rows) in zip(layers, parts, strict=True)
                ]
                setattr(joined, name, _join(pieces, length, capacity))
                for layer in layers:
                    setattr(layer, name, None)
            joined.used, joined.is_initialized = length, True
            cache.layers.append(joined)
        return cache

    @classmethod
    def of(cls, layers: Iterable[tuple[torch.Tensor, torch.Tensor]], length: int | None = None) -> "RowCache":
        """A cache of each layer's keys and values.

        Args:
            length: filled columns, where those after them are room; None: all are filled.
        """
        cache = cls()
        for keys, values in layers:
            layer = RowLayer(keys.shape[2])
            layer.keys, layer.values, layer.is_initialized = keys, values, True
            layer.used = layer.capacity if length is None else length
            cache.layers.append(layer)
        return cache

    @classmethod
    def after_prefix(cls, prefix: "RowCache", own: Sequence[int], capacity: int) -> "RowCache":
        """A cache whose rows all begin with one prefix, ready for the rest of each row's tokens.

        Args:
            prefix: a cache of one row.
            own: how many tokens each row has beyond the prefix; the batch that follows is their longest wide,
                padded on the left, and its padding leaves the prefix as it is.
        """
        cache, longest, shared = cls(capacity), max(own), prefix.length
        columns = torch.arange(longest, device=prefix.layers[0].keys.device)
        real = columns >= longest - torch.tensor(own, device=columns.device)[:, None]
        for layer in prefix.layers:
            filled = RowLayer(capacity)
            for name in ("keys", "values"):
                source = getattr(layer, name)
                buffer = source.new_zeros(len(own), source.shape[1], capacity, source.shape[3])
                for row, tokens in enumerate(own):
                    buffer[row, :, longest - tokens : longest - tokens + shared] = source[0, :, :shared]
                setattr(filled, name, buffer)
            filled.used, filled.is_initialized, filled.real = shared, True, real
            cache.layers.append(filled)
        return cache


def _buffer(like: torch.Tensor, capacity: int) -> torch.Tensor:
    """Zeroed room: a masked column weighs nothing, but it must not hold a NaN."""
    return like.new_zeros(like.shape[0], like.shape[1], capacity, like.shape[3])


def _join(parts: Sequence[tuple[torch.Tensor, int, torch.Tensor]], length: int, capacity: int) -> torch.Tensor:
    first = parts[0][0]
    joined = first.new_zeros(sum(len(rows) for *_, rows in parts), first.shape[1], capacity, first.shape[3])
    row = 0
    for source, used, rows in parts:
        columns = min(used, length)
        joined[row : row + len(rows), :, length - columns : length] = source[:, :, used - columns : used][rows]
        row += len(rows)
    return joined
