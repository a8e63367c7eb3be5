"""RMS norms as one kernel.

transformers spells a norm out in seven operations, each a pass over every token, and as many again backward. torch has
the whole of it as one (Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019). Each class of norms is tried
on the loaded model first: what computes something else, such as Gemma's with its weight counted from one, stays.
"""

import copy
from types import MethodType
from typing import Any

import torch
from torch.nn import functional

TOLERANCE = 0.01
"""Relative difference of outputs and gradients that rounding to 16 bits explains."""
_TRIED_TOKENS = 8


def fuse(model: Any) -> int:
    """Give the RMS norms of a frozen base the fused forward where it agrees with their own; how many have it now."""
    norms = [module for module in model.modules() if _looks_like_one(module)]
    agreeing = {kind: _agrees(next(norm for norm in norms if type(norm) is kind)) for kind in {*map(type, norms)}}
    chosen = [norm for norm in norms if agreeing[type(norm)]]
    for norm in chosen:
        norm.forward = MethodType(_fused, norm)
    return len(chosen)


def _looks_like_one(module: torch.nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    named = type(module).__name__.endswith("RMSNorm") and _epsilon(module) is not None
    return named and weight is not None and weight.dim() == 1 and not weight.requires_grad


def _epsilon(norm: Any) -> float | None:
    return getattr(norm, "variance_epsilon", getattr(norm, "eps", None))


def _fused(norm: Any, states: torch.Tensor) -> torch.Tensor:
    # Under autocast the kernel would cast to float32 and answer in it: it does its sums in float32 anyway.
    with torch.autocast(states.device.type, enabled=False):
        return functional.rms_norm(states, norm.weight.shape, norm.weight.to(states.dtype), _epsilon(norm))


@torch.no_grad()
def _agrees(norm: Any) -> bool:
    """Whether the fused norm gives this one's outputs and gradients, with random states and weights."""
    norm = copy.deepcopy(norm)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(2 * _TRIED_TOKENS + 1, len(norm.weight), generator=generator).to(norm.weight)
    norm.weight.copy_(drawn[-1])  # a trained weight may be so large that counting it from one is hardly seen
    states, upstream = drawn[:-1].chunk(2)

    def outcome(forward: Any) -> torch.Tensor:
        read = states.clone().requires_grad_()
        with torch.enable_grad():
            output = forward(read)
            (gradient,) = torch.autograd.grad(output, read, upstream)
        return torch.stack([output.detach(), gradient]).float()

    try:
        own, fused = outcome(norm), outcome(MethodType(_fused, norm))
    except (RuntimeError, TypeError, ValueError, AttributeError):
        return False  # no such kernel in this torch, or a norm that is called otherwise
    return bool((fused - own).norm() <= TOLERANCE * own.norm())
