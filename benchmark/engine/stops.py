"""When a row is finished: its own stop string, or its end-of-sequence token."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import StoppingCriteria

from benchmark.engine.thoughts import Thoughts


class StopFinder:
    """Tells which rows' newest token completed a stop string.

    Args:
        tokenizer: decodes the generated ids.
        stop: the strings.
        thoughts: what is known of the rows' thoughts; within one, stop strings do not count.
    """

    def __init__(self, tokenizer: Any, stop: Sequence[str], thoughts: Thoughts) -> None:
        self._tokenizer = tokenizer
        self._stop = [string for string in stop if string]
        self._thoughts = thoughts
        # A token decodes to at least one byte, so a tail of that many tokens, and one more, holds a whole stop string.
        self._tail = max((len(string.encode()) for string in self._stop), default=0) + 1
        self._last = {string[-1] for string in self._stop}
        self._may_complete: dict[int, bool] = {}

    def __call__(self, generated: Sequence[Sequence[int]]) -> list[bool]:
        """For each row's generated ids: whether a stop string is in their tail."""
        if not self._stop:
            return [False] * len(generated)
        return [self._stops(ids) for ids in generated]

    def _stops(self, ids: Sequence[int]) -> bool:
        if not ids or not self._completes(ids[-1]) or not self._found(self._tokenizer.decode(list(ids[-self._tail :]))):
            return False
        # Only now, for it takes the decoding of more than a tail.
        return not self._thoughts.has(ids) or self._found(self._thoughts.after(ids))

    def _completes(self, token: int) -> bool:
        """Whether a stop string may end in this token: decoding every row's tail at every step takes milliseconds.

        A last blank is always looked for, since tokenizers drop a text's first one; and so are pieces of a character.
        """
        if token not in self._may_complete:
            text = self._tokenizer.decode([token])
            self._may_complete[token] = "\ufffd" in text or any(last == " " or last in text for last in self._last)
        return self._may_complete[token]

    def _found(self, text: str) -> bool:
        return any(string in text for string in self._stop)


class RowStop(StoppingCriteria):
    """The same for `generate`, row by row: where transformers' own decoding is used.

    Args:
        finder: tells which rows are finished.
        prompt_tokens: columns of the input, padding included; what follows them is generated.
    """

    def __init__(self, finder: Callable[[Sequence[Sequence[int]]], list[bool]], prompt_tokens: int) -> None:
        self._finder = finder
        self._prompt_tokens = prompt_tokens

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> Any:
        found = self._finder(input_ids[:, self._prompt_tokens :].tolist())
        return torch.tensor(found, device=input_ids.device, dtype=torch.bool)
