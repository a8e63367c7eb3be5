"""A prompt being answered, and how its answer ends: what all decoders share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Row:
    """A prompt being answered."""

    index: int
    """Its place among the requests."""
    prompt: list[int]
    limit: int
    """Answer tokens at most."""
    generated: list[int] = field(default_factory=list)
    shared: int = 0
    """Leading tokens in common with the neighbours that it is prefilled with."""


@dataclass(frozen=True)
class Ending:
    """When a row is finished, and who is told."""

    tokens: frozenset[int]
    """End-of-sequence ids."""
    stopped: Callable[[Sequence[Sequence[int]]], list[bool]]
    """Tells from rows' generated ids which have completed a stop string."""
    finished: Callable[[Row], None]
    """Called with each row when its answer is complete."""
