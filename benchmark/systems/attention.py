"""Attention inside each packed text only, by torch's variable-length kernel.

Under a mask, scaled dot-product attention computes a row's full square of scores and throws most of it away. The kernel
(torch 2.11 or newer, CUDA, float16 or bfloat16) takes the texts' boundaries instead. Asking and training try it on the
loaded model first, and stay with the mask where it fails or disagrees.
"""

from typing import Any, cast

import torch
from transformers import AttentionInterface

NAME = "rufin_varlen"


def varlen_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    cu_seq_lens_q: torch.Tensor,
    max_length_q: int,
    scaling: float | None = None,
    sliding_window: int | None = None,
    dropout: float = 0.0,
    **features: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention of one packed row, as transformers calls an attention function.

    Args:
        query: (1, heads, tokens, width); key and value may have fewer heads.
        cu_seq_lens_q: (texts + 1,) where each text begins, int32.
        features: what else a model asks of its attention; what is known to be missing here is refused.

    Returns:
        (1, tokens, heads, width), and no attention weights.

    Raises:
        NotImplementedError: the model caps its scores, has sinks, or drops attention weights.
    """
    if dropout or features.get("softcap") or features.get("s_aux") is not None:
        raise NotImplementedError("dropout, capped scores and sinks are not in torch's variable-length attention")
    from torch.nn.attention.varlen import varlen_attn

    groups = query.shape[1] // key.shape[1]
    # Not every torch version that has the kernel lets query and key have different numbers of heads.
    key, value = (states.repeat_interleave(groups, dim=1) if groups > 1 else states for states in (key, value))
    window = (sliding_window - 1 if sliding_window else -1, 0)
    packed = varlen_attn(
        query[0].transpose(0, 1),
        key[0].transpose(0, 1),
        value[0].transpose(0, 1),
        cu_seq_lens_q,
        cu_seq_lens_q,
        max_length_q,
        max_length_q,
        scale=scaling,
        window_size=window,
    )
    return cast(torch.Tensor, packed)[None], None


AttentionInterface.register(NAME, varlen_attention)
