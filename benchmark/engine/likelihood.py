"""Log-likelihoods with logits computed only where a continuation stands.

lm-eval's backend projects every position of every prompt onto the vocabulary, and normalizes it. With a vocabulary
of 262,144 that is most of the work and of the memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from benchmark.engine.budget import Budget, is_out_of_memory

LOGITS = 1 << 28
"""Logits in one forward pass, at most: positions times vocabulary."""


@dataclass(frozen=True)
class Scored:
    """A text whose end is to be scored."""

    tokens: list[int]
    """Context and continuation, without the last token."""
    continuation: int
    """Tokens to score: the last of `tokens`, shifted by one."""


class LikelihoodScorer:
    """Gives each text's logits over its continuation."""

    def __init__(self, model: Any, budget: Budget, softmax_dtype: torch.dtype | None = None) -> None:
        self._model = model
        self._budget = budget
        self._softmax_dtype = softmax_dtype

    @torch.inference_mode()
    def __call__(self, texts: Sequence[Scored]) -> Iterator[torch.Tensor]:
        """Log-probabilities, `(continuation, vocabulary)`, text by text, in the order given.

        Longest first is best: memory then runs out at once or never.

        Raises:
            UserError: not even one text fits into memory.
        """
        start = 0
        while start < len(texts):
            batch = self._batch(texts, start)
            shortage, scores = "", None
            try:
                scores = self._score(batch)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                shortage = str(error).partition("\n")[0]
            if scores is None:
                self._budget.shrink(len(batch), shortage)
                continue
            yield from scores
            start += len(batch)

    def _batch(self, texts: Sequence[Scored], start: int) -> list[Scored]:
        batch: list[Scored] = []
        vocabulary = self._model.config.get_text_config().vocab_size
        for text in texts[start : start + self._budget.rows]:
            together = [*batch, text]
            width = max(len(one.tokens) for one in together)
            logits = len(together) * len(_columns(together)) * vocabulary
            if batch and (len(together) * width > self._budget.prefill or logits > LOGITS):
                break
            batch = together
        return batch

    def _score(self, batch: Sequence[Scored]) -> list[torch.Tensor]:
        width = max(len(text.tokens) for text in batch)
        device = self._model.device
        # Padded on the right, as lm-eval does it: causal attention never sees the padding, and no mask is needed.
        ids = torch.tensor([text.tokens + [0] * (width - len(text.tokens)) for text in batch], device=device)
        columns = _columns(batch)
        first = columns.start
        kept = torch.arange(first, columns.stop, device=device)
        logits = self._model(input_ids=ids, logits_to_keep=kept, use_cache=False).logits
        return [
            torch.log_softmax(
                logits[row, len(text.tokens) - text.continuation - first : len(text.tokens) - first],
                dim=-1,
                dtype=self._softmax_dtype,
            )
            for row, text in enumerate(batch)
        ]


def _columns(batch: Sequence[Scored]) -> range:
    """The columns in which any row has something to score."""
    return range(min(len(text.tokens) - text.continuation for text in batch), max(len(text.tokens) for text in batch))
