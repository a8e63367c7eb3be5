"""Thoughts in generated ids: whether a row has one, and what follows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lm_eval.models.utils import postprocess_generated_text

from benchmark.systems.thinking import THINK, after_thinking

_BEGINNING = 16
"""Tokens that show whether a text begins with `<think>`, blank space before it included."""


@dataclass(frozen=True)
class Thoughts:
    """What is known of the thoughts of rows whose prompts are alike in this."""

    tokenizer: Any
    end: int | str | None
    """The closing token (id) or mark (text); None where the model is not known to have any."""
    opened: bool
    """Whether every row begins within a thought; else those do that begin with `<think>`."""

    def has(self, ids: Sequence[int]) -> bool:
        """Whether a row's generated ids begin with a thought, or within one."""
        if self.end is None or self.opened:
            return self.opened
        return bool(self.tokenizer.decode(list(ids[:_BEGINNING])).lstrip().startswith(THINK))

    def after(self, ids: Sequence[int]) -> str:
        """What follows the thought, without the blank space that models write first; nothing while they think."""
        if isinstance(self.end, int):
            return self.tokenizer.decode(list(_after(ids, self.end))).lstrip() if self.end in ids else ""
        _, closed, answer = self.tokenizer.decode(list(ids)).rpartition(self.end)
        return answer.lstrip() if closed else ""

    def answer(self, ids: Sequence[int], stop: list[str], *, cut_off: bool) -> str:
        """A row's answer: without its thought, cut at the first stop string, as `HFLM` cuts it.

        A thought that was cut off is no answer: it is returned behind an open `<think>`, so that a grader sees what
        it is.

        Args:
            cut_off: whether something else than the end of the text ended the row.
        """
        text = self._text(ids)
        if not self.has(ids):
            return postprocess_generated_text(text, stop, None)
        if not isinstance(self.end, int):
            return after_thinking(text, stop, marker=self.end, cut_off=cut_off)
        marker = self.tokenizer.decode([self.end])
        if self.end in ids:  # decoding leaves special tokens out, so the mark is put back
            text = marker + self._text(_after(ids, self.end))
        return after_thinking(text, stop, marker=marker, cut_off=cut_off)

    def _text(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))


def _after(ids: Sequence[int], token: int) -> Sequence[int]:
    """What follows the last such token."""
    return ids[len(ids) - list(reversed(ids)).index(token) :]
