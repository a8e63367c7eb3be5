"""Does a model answer alike when rows come and go, or share a beginning? Asked before its first answer, in a second.

An architecture with a memory of its own kind could mix rows up silently, so what decoding computed is compared with
plain forward passes over whole texts: rows of different lengths, two with a shared prefix, one that joins when another
leaves; options of two questions after the same examples.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from benchmark.engine.agreement import TOLERANCE, apart, plain_logits, said
from benchmark.engine.budget import Budget
from benchmark.engine.cache import RowCache
from benchmark.engine.decoding import GreedyDecoder
from benchmark.engine.likelihood import LikelihoodScorer
from benchmark.engine.rows import Ending, Row
from benchmark.engine.sharing import Group, Node, Text

_PROMPTS = (40, 23, 31)
_LIMITS = (5, 2, 4)
_SHARED = (16, 0, 16)


class _Recorder(GreedyDecoder):
    """Keeps the newest logits of each row."""

    def __init__(self, model: Any, pad: int) -> None:
        budget = Budget(rows=2, cells=1 << 20, prefill=1 << 20)  # two places: the third row joins when one leaves
        never = Ending(frozenset(), stopped=lambda rows: [False] * len(rows), finished=lambda _: None)
        super().__init__(model, budget, pad, never)
        self.logits: dict[int, torch.Tensor] = {}

    def _forward(self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, cache: RowCache) -> torch.Tensor:
        self._seen = super()._forward(ids, mask, positions, cache)
        return self._seen

    def _taken(self, batch: Any) -> Any:
        for place in batch.active:
            self.logits[batch.rows[place].index] = self._seen[place].float()
        return super()._taken(batch)


@torch.inference_mode()
def agrees(model: Any, prompt: list[int], pad: int) -> bool:
    """Whether decoding rows together gives the logits of forward passes over each row alone.

    Args:
        prompt: ids of a real prompt; its beginning is used.
        pad: the padding id.
    """
    text = list(_lengthened(tuple(prompt or [pad]), max(_PROMPTS)))
    rows = [
        Row(index, text[:length], limit, shared=shared)
        for index, (length, limit, shared) in enumerate(zip(_PROMPTS, _LIMITS, _SHARED, strict=True))
    ]
    recorder = _Recorder(model, pad)

    def differences() -> Iterator[float]:
        recorder.run(rows)
        for row in rows:
            yield apart(recorder.logits[row.index], plain_logits(model, row.prompt + row.generated[:-1], 1)[-1])

    return _holds(model, differences, "is decoded by transformers' generate (slower, same answers)")


@torch.inference_mode()
def shares(model: Any, tokens: Sequence[int]) -> bool:
    """Whether log-likelihoods after shared parts are those of forward passes over each text alone.

    Args:
        tokens: ids of a real text; its beginning is used.
    """
    text = _lengthened(tuple(tokens), 48)
    examples = Node(text[:17])
    contexts = [Node(text[17:31], examples), Node(text[17:22], examples)]
    options = [(text[:31], (1, 4)), (text[:22], (3, 1))]
    groups = [
        Group([_option(beginning, text[31 : 31 + own]) for own in owns], context)
        for context, (beginning, owns) in zip(contexts, options, strict=True)
    ]
    scorer = LikelihoodScorer(model, Budget(rows=8, cells=1 << 20, prefill=1 << 20))

    def differences() -> Iterator[float]:
        for chunk, logits in scorer.logits(groups):
            for (_, option), ours in zip(chunk, logits, strict=True):
                yield apart(ours, plain_logits(model, option.tokens, option.scored))

    return _holds(model, differences, "has each text read from its beginning (slower, same numbers)")


def _option(beginning: tuple[int, ...], own: tuple[int, ...]) -> Text:
    return Text(beginning + own, beginning, [(0, own)])


def _lengthened(text: tuple[int, ...], length: int) -> tuple[int, ...]:
    return text * (1 + length // len(text))


def _holds(model: Any, differences: Callable[[], Iterator[float]], instead: str) -> bool:
    """Whether all differences are those of rounding; says what happens instead."""
    try:
        found = max(differences())
    except (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError) as error:
        # Whatever an architecture of its own kind raises here, there is a slower way that it knows.
        return _refused(model, instead, f"{type(error).__name__}: {error}")
    return found <= TOLERANCE or _refused(model, instead, said(found))


def _refused(model: Any, instead: str, why: str) -> bool:
    logging.getLogger("rufinbench").warning("%s %s: %s", type(model).__name__, instead, why)
    return False
