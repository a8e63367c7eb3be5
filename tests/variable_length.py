"""Stand-ins for torch's variable-length attention where there is no GPU: right, wrong and missing."""

from typing import Any

import torch


def reference_kernel(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    starts: torch.Tensor,
    _: torch.Tensor,
    longest: int,
    *__: int,
    scale: float | None = None,
    window_size: tuple[int, int] = (-1, -1),
) -> torch.Tensor:
    """What `varlen_attn` documents, one sequence at a time: (tokens, heads, width)."""
    left, right = window_size
    assert right == 0, "causal"
    assert starts.dtype == torch.int32 and int(starts.diff().max()) == longest
    parts = []
    for first, last in zip(starts.tolist(), starts.tolist()[1:], strict=False):
        q, k, v = (states[first:last].transpose(0, 1) for states in (query, key, value))
        distance = torch.arange(last - first)[:, None] - torch.arange(last - first)
        seen = (distance >= 0) & ((distance <= left) if left >= 0 else True)
        found = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=seen, scale=scale)
        parts.append(found.transpose(0, 1))
    return torch.cat(parts)


def wrong_kernel(*arguments: Any, **options: Any) -> torch.Tensor:
    return reference_kernel(*arguments, **options).flip(0)


def no_kernel(*_: Any, **__: Any) -> torch.Tensor:
    raise NotImplementedError("no kernel for this device")
