"""Thinking models: what of a generated text is the answer."""

from collections.abc import Sequence
from typing import Any

THINK, THINK_END = "<think>", "</think>"


def after_thinking(text: str, stop: Sequence[str], *, marker: str | None, cut_off: bool) -> str:
    """The answer in a generated text: what follows the thought, up to the first stop string.

    Args:
        text: the whole text that was generated.
        stop: strings that end an answer; not looked for within a thought.
        marker: what ends a thought, where the model is known to think; None where that is not known, and
            `</think>` is looked for.
        cut_off: whether the token limit ended the text. With a marker that is missing, it fell into the thought,
            which the returned text then says with an open `<think>`: a chat template may have opened it unseen.
    """
    _, closed, answer = text.rpartition(marker or THINK_END)
    if closed:
        answer = answer.lstrip()
    elif marker and cut_off:
        return text if THINK in text else f"{THINK}\n{text}"
    elif THINK in text:
        return text
    for string in stop:
        answer = answer.split(string)[0] if string else answer
    return answer


def opens_thought(prompt: str) -> bool:
    """Whether a prompt ends in an open thought: many chat templates begin the model's reply so."""
    return prompt.rstrip().endswith(THINK)


def known_mark(tokenizer: Any) -> int | str | None:
    """What ends a thought as far as the tokenizer knows: the token `</think>` (its id), or that text where the chat
    template names it; None for a model that knows no thoughts.
    """
    token = tokenizer.get_vocab().get(THINK_END)
    if token is None and THINK_END in str(getattr(tokenizer, "chat_template", None)):
        return THINK_END
    return token


def mark_id(tokenizer: Any, mark: int | str | None) -> int | str | None:
    """The mark that ends a thought; its token's id, where decoding an answer would leave it out as a special token.

    None where none is named.
    """
    if not isinstance(mark, str) or not mark:
        return None if mark == "" else mark
    ids = tokenizer.encode(mark, add_special_tokens=False)
    seen, kept = (mark in tokenizer.decode(ids, skip_special_tokens=skipped) for skipped in (False, True))
    return ids[0] if len(ids) == 1 and seen and not kept else mark
