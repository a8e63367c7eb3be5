"""Answers of transformers' own `generate`, in fixed batches: for models and requests that our decoding does not know."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from transformers import StoppingCriteriaList

from benchmark.engine.budget import Budget
from benchmark.engine.rows import Ending, Row
from benchmark.engine.shortage import memory_may_run_out
from benchmark.engine.stops import RowStop


class GenerateDecoder:
    """Answers rows by `generate`, with stop strings that stop their own row."""

    def __init__(self, model: Any, budget: Budget, pad: int, ending: Ending) -> None:
        """A decoder of one model; of the budget only the rows count.

        Args:
            pad: token id that fills places without a token.
        """
        self._model = model
        self._budget = budget
        self._pad = pad
        self._ending = ending

    def run(self, rows: Iterable[Row], settings: Mapping[str, Any]) -> None:
        """Answer all rows, longest prompts first; half as many together when memory runs out.

        Args:
            settings: of `generate`, the same for all rows.

        Raises:
            UserError: not even one row fits into memory.
        """
        waiting = deque(sorted(rows, key=lambda row: -len(row.prompt)))
        while waiting:
            batch = list(islice(waiting, self._budget.rows))
            with memory_may_run_out() as shortage:
                self._answer(batch, settings)
            if shortage:
                self._budget.shrink(len(batch), shortage[0])
                continue
            for row in batch:
                waiting.popleft()
                self._ending.finished(row)

    def _answer(self, rows: Sequence[Row], settings: Mapping[str, Any]) -> None:
        width, device = max(len(row.prompt) for row in rows), self._model.device
        missing = [width - len(row.prompt) for row in rows]
        ids = [[self._pad] * pads + row.prompt for pads, row in zip(missing, rows, strict=True)]
        # A limit of the model's own configuration would stand above `max_length`, but not above `max_new_tokens`.
        limit = {} if "max_length" in settings else {"max_new_tokens": rows[0].limit}
        generated = self._model.generate(
            input_ids=torch.tensor(ids, device=device),
            attention_mask=(torch.arange(width) >= torch.tensor(missing)[:, None]).long().to(device),
            stopping_criteria=StoppingCriteriaList([RowStop(self._ending.stopped, width)]),
            pad_token_id=self._pad,
            eos_token_id=sorted(self._ending.tokens),
            use_cache=True,
            **limit,
            **settings,
        )
        for row, tokens in zip(rows, generated[:, width:].tolist(), strict=True):
            row.generated = tokens[
                : next((end for end, token in enumerate(tokens, 1) if token in self._ending.tokens), None)
            ]
