"""RMS norms as one kernel.

transformers spells a norm out in seven operations or more, each a pass over every token, and as many again backward.
torch has the whole of it as one (Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019). Each norm of the
loaded model is tried first, and one that computes something else stays as it is.
"""

import copy
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch.nn import functional

TOLERANCE = 0.01
"""Relative difference of outputs and gradients that rounding to 16 bits explains."""
_TRIED_TOKENS = 8

Forward = Callable[[torch.Tensor], torch.Tensor]


def fuse(model: Any) -> int:
    """Give the RMS norms of a frozen base a fused forward where one agrees with their own; how many got one."""
    forwards = fusible(module for module in model.modules() if not _learns(module))
    for norm, forward in forwards.items():
        norm.forward = forward  # type: ignore[method-assign]
    return len(forwards)


def fusible(modules: Iterable[torch.nn.Module]) -> dict[torch.nn.Module, Forward]:
    """The RMS norms among modules for which a fused forward agrees with their own, and that forward.

    A forward holds the norm's weights as they are now.
    """
    # Not by class: the norms of one class may differ, whole or in groups of channels.
    return {norm: form(norm) for norm in filter(_looks_like_one, modules) if (form := _form_of(norm))}


@contextmanager
def fused(forwards: Mapping[torch.nn.Module, Forward]) -> Iterator[None]:
    """Norms have these forwards within the block."""
    for norm, forward in forwards.items():
        norm.forward = forward  # type: ignore[method-assign]
    try:
        yield
    finally:
        for norm in forwards:
            vars(norm).pop("forward", None)


def _learns(module: torch.nn.Module) -> bool:
    return any(weight.requires_grad for weight in module.parameters(recurse=False))


def _looks_like_one(module: torch.nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    named = type(module).__name__.endswith("RMSNorm") and _epsilon(module) is not None
    # One with a forward of its own moves its states between devices, say.
    return named and weight is not None and weight.dim() == 1 and "forward" not in vars(module)


def _epsilon(norm: Any) -> Any:
    return getattr(norm, "variance_epsilon", getattr(norm, "eps", None))


def _plain(norm: Any) -> Forward:
    """Llama's and most others'."""
    return partial(_normed, weight=norm.weight, eps=_epsilon(norm))


def _from_one(norm: Any) -> Forward:
    """Gemma's: the weight counts from one, and 16 bits do not hold that sum."""
    return partial(_normed, weight=1 + norm.weight.detach().float(), eps=_epsilon(norm))


def _normed(states: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    # Under autocast the kernel would answer in float32; it does its sums in that type anyway.
    with torch.autocast(states.device.type, enabled=False):
        return functional.rms_norm(states.to(weight.dtype), weight.shape, weight, eps).to(states.dtype)


def _form_of(norm: Any) -> Callable[[Any], Forward] | None:
    """The fused form that gives this norm's outputs and gradients on random states, with a random weight."""

    def outcome(forward: Forward) -> torch.Tensor:
        read = states.clone().requires_grad_()
        with torch.enable_grad():
            output = forward(read)
            (gradient,) = torch.autograd.grad(output, read, upstream)
        return torch.stack([output.detach(), gradient]).float()

    try:
        norm = copy.deepcopy(norm)
        drawn = _drawn(2 * _TRIED_TOKENS + 1, len(norm.weight)).to(norm.weight)
        with torch.no_grad():
            norm.weight.copy_(drawn[-1])  # a trained one may be so large that counting it from one is hardly seen
        states, upstream = drawn[:-1].chunk(2)
        own = outcome(norm)
        agreeing = (
            form for form in (_plain, _from_one) if (outcome(form(norm)) - own).norm() <= TOLERANCE * own.norm()
        )
        return next(agreeing, None)
    except (RuntimeError, TypeError, ValueError, AttributeError):
        return None  # no such kernel in this torch, or a norm that is called otherwise


@functools.cache
def _drawn(rows: int, width: int) -> torch.Tensor:
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(0))
