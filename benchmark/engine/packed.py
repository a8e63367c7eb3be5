"""Prompts read end to end in one row, without padding or mask, by torch's variable-length attention.

Under a mask torch computes a pass's full square of scores by a kernel that is made for any mask; told where each prompt
begins, it has one that skips what nobody sees. The kernel needs a GPU and 16 bits, and is tried on the model with the
first prompts, and again with longer ones.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import torch

from benchmark.engine.agreement import TOLERANCE, apart, plain_logits, said
from benchmark.engine.budget import is_out_of_memory
from benchmark.engine.cache import RowCache
from benchmark.engine.models import attends_by_torch, in_16_bits, on_one_gpu
from benchmark.engine.transfer import sent
from benchmark.systems import attention

AMPERE = (8, 0)
"""The first cards that have the kernel."""


class Packed:
    """Prompts that were read: the logits after each, `(prompts, vocabulary)`, and all keys and values."""

    def __init__(self, logits: torch.Tensor, cache: RowCache, lengths: Sequence[int]) -> None:
        """What one pass gave; `cache` holds the prompts in one row, one after the other."""
        self.logits = logits
        self._cache = cache
        self._longest = max(lengths)
        self._lengths = sent(lengths, logits.device)[:, None]

    def rows(self, *, padded_left: bool) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Each layer's keys and values, `(prompts, heads, longest, width)`; uses them up, layer by layer.

        Padding holds the nearest token's: it is masked, or stands after all that is asked.
        """
        columns, ends = torch.arange(self._longest, device=self._lengths.device), self._lengths.cumsum(0)
        places = columns - (self._longest - self._lengths) if padded_left else columns
        found = ends - self._lengths + torch.minimum(places.clamp(min=0), self._lengths - 1)
        for layer in self._cache.layers:
            keys, values = (states[0][:, found].transpose(0, 1) for states in (layer.keys, layer.values))
            layer.keys = layer.values = None
            yield keys, values


class PackedPrompts:
    """Reads prompts of one model, for as long as the kernel takes them."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._usable = usable(model)
        self._tried = 0
        """The longest prompt that was compared with a pass of its own: a window may cut longer ones."""

    def read(self, prompts: Sequence[Sequence[int]]) -> Packed | None:
        """Prompts by one pass; None where they must be read under a mask."""
        if not self._usable:
            return None
        try:
            longest = max(map(len, prompts))
            if longest > self._tried:
                difference = self._apart(sorted(prompts, key=len))
                self._tried = longest
                if difference > TOLERANCE:
                    self._give_up(said(difference))
            return self._pass(prompts) if self._usable else None
        except (ImportError, RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError) as error:
            if is_out_of_memory(error):
                raise
            # No such kernel in this torch, for this width; or the model asks for more of its attention.
            self._give_up(f"{type(error).__name__}: {error}")
            return None

    def _apart(self, prompts: Sequence[Sequence[int]]) -> float:
        """How far the logits of the shortest and the longest part, together and each alone."""
        some = [prompts[0], prompts[-1]]
        together = self._pass(some).logits
        return max(
            apart(ours, plain_logits(self._model, prompt, 1)[-1]) for ours, prompt in zip(together, some, strict=True)
        )

    def _pass(self, prompts: Sequence[Sequence[int]]) -> Packed:
        lengths = [len(prompt) for prompt in prompts]
        device = self._model.device
        ends = sent(lengths, device).cumsum(0)
        starts = torch.nn.functional.pad(ends, (1, 0)).to(torch.int32)
        ids = sent([[token for prompt in prompts for token in prompt]], device)
        positions = sent([[place for length in lengths for place in range(length)]], device)
        cache = RowCache(ids.shape[1])
        with self._variable_lengths():
            logits = self._model(
                input_ids=ids,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=ends - 1,
                cu_seq_lens_q=starts,
                cu_seq_lens_k=starts,
                max_length_q=max(lengths),
                max_length_k=max(lengths),
            ).logits[0]
        return Packed(logits, cache, lengths)

    @contextmanager
    def _variable_lengths(self) -> Iterator[None]:
        config = self._model.config.get_text_config()  # the layers' own: an image's tower keeps its attention
        before = config._attn_implementation
        try:
            config._attn_implementation = attention.NAME
            yield
        finally:
            config._attn_implementation = before

    def _give_up(self, why: str) -> None:
        self._usable = False
        logging.getLogger("rufinbench").warning(
            "%s reads prompts under a mask (slower, same answers): %s", type(self._model).__name__, why
        )


def usable(model: Any) -> bool:
    """Whether the kernel is worth a try: a torch that has it, one GPU that is made for it, 16 bits, torch's attention."""
    return (
        find_spec("torch.nn.attention.varlen") is not None
        and on_one_gpu(model)
        and torch.cuda.get_device_capability(model.device) >= AMPERE
        and in_16_bits(model)
        and attends_by_torch(model)
    )
