"""How a prompt is encoded: alike where a model is asked and where it is trained to answer."""

from collections.abc import Iterable
from typing import Any

from lm_eval.models.utils import has_bos_prefix


def encoding(
    tokenizer: Any, prompt: str, add_bos_token: bool | None = None, beginning: str | None = None
) -> dict[str, bool]:
    """The tokenizer's options for a prompt, as `HFLM` has them: empty where it decides by itself.

    Args:
        prompt: one that begins with the beginning-of-sequence token gets no second one.
        add_bos_token: what is asked for otherwise; None leaves it to the tokenizer.
        beginning: that token's text; None: the tokenizer's own.
    """
    if has_bos_prefix(prompt, getattr(tokenizer, "bos_token", None) if beginning is None else beginning):
        return {"add_special_tokens": False}
    return {} if add_bos_token is None else {"add_special_tokens": add_bos_token}


def encoded(
    tokenizer: Any,
    texts: Iterable[str],
    add_bos_token: bool | None = None,
    beginning: str | None = None,
    **options: Any,
) -> dict[str, list[int]]:
    """The ids of each text, by text. Together they go through all of the tokenizer's threads; one by one, the time they
    take shows beside a small model on a GPU.

    Args:
        add_bos_token: as `encoding` has it, and `beginning` too.
        options: more of the tokenizer's own.
    """
    alike: dict[tuple[tuple[str, bool], ...], list[str]] = {}
    for text in dict.fromkeys(texts):
        alike.setdefault(tuple(encoding(tokenizer, text, add_bos_token, beginning).items()), []).append(text)
    ids: dict[str, list[int]] = {}
    for special, group in alike.items():
        ids |= zip(group, tokenizer(group, **dict(special), **options)["input_ids"], strict=True)
    return ids
