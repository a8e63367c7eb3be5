"""How a prompt is encoded: alike where a model is asked and where it is trained to answer."""

from typing import Any

from lm_eval.models.utils import has_bos_prefix


def encoding(tokenizer: Any, prompt: str, add_bos_token: bool | None = None) -> dict[str, bool]:
    """The tokenizer's options for a prompt, as `HFLM.tok_batch_encode` has them: empty where it decides by itself.

    Args:
        prompt: one that begins with the beginning-of-sequence token gets no second one.
        add_bos_token: what is asked for otherwise; None leaves it to the tokenizer.
    """
    if has_bos_prefix(prompt, getattr(tokenizer, "bos_token", None)):
        return {"add_special_tokens": False}
    return {} if add_bos_token is None else {"add_special_tokens": add_bos_token}
