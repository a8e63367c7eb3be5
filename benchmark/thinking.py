"""Thinking models: what of a generated text is the answer."""

from collections.abc import Sequence

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
