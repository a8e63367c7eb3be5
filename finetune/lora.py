"""LoRA over a 4-bit matrix in few operations.

With PEFT's layers a row of some thousand tokens waits for the host to launch its kernels, not for the card to compute:
they clone the base's output, cast, scale and add in operations of their own, and leave six nodes to autograd. Here a
layer is one node of three products forward and five backward, which keeps its input and the adapter in the compute type.
"""

from collections.abc import Callable
from types import MethodType
from typing import Any

import torch


class QuantizedLora(torch.autograd.Function):
    """y = x Wᵀ + scale · (x Aᵀ) Bᵀ with W in four bits and frozen, A and B trainable (Hu et al., 2021)."""

    @staticmethod
    def forward(
        ctx: Any, states: torch.Tensor, down: torch.Tensor, up: torch.Tensor, weight: Any, scale: float
    ) -> torch.Tensor:
        """(tokens, inputs) -> (tokens, outputs), in the states' type.

        Args:
            down: A, (r, inputs); up: B, (outputs, r); both may be wider than the states' type.
            weight: bitsandbytes' Params4bit of W, (outputs, inputs).
        """
        ctx.weight, ctx.scale, ctx.dtypes = weight, scale, (down.dtype, up.dtype)
        down, up = down.to(states.dtype), up.to(states.dtype)
        narrow = states @ down.t()
        result = states @ _dequantized(weight, states.dtype).t()
        ctx.save_for_backward(states, down, up, narrow)
        return result.addmm_(narrow, up.t(), alpha=scale)

    @staticmethod
    def backward(
        ctx: Any, *upstream: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor, torch.Tensor, None, None]:
        """Gradients of the states, A and B."""
        (gradient,) = upstream
        states, down, up, narrow = ctx.saved_tensors
        gradient_narrow = _scaled(gradient, up, ctx.scale)
        gradient_down = (gradient_narrow.t() @ states).to(ctx.dtypes[0])
        gradient_up = _scaled(gradient.t(), narrow, ctx.scale).to(ctx.dtypes[1])
        if not ctx.needs_input_grad[0]:
            return None, gradient_down, gradient_up, None, None
        gradient_states = gradient @ _dequantized(ctx.weight, gradient.dtype)
        return gradient_states.addmm_(gradient_narrow, down), gradient_down, gradient_up, None, None


def _scaled(left: torch.Tensor, right: torch.Tensor, scale: float) -> torch.Tensor:
    """scale · left right, in one operation."""
    return left.new_empty(len(left), right.shape[1]).addmm_(left, right, beta=0, alpha=scale)


def _dequantized(weight: Any, dtype: torch.dtype) -> torch.Tensor:
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(weight.data, weight.quant_state).to(dtype)


def unpack_scales(model: Any) -> int:
    """Keep the scales of 4-bit blocks in float32 instead of eight bits, the same values; of how many matrices.

    Double quantization (Dettmers et al., 2023) unpacks them each time a matrix is read, twice in an update's every row:
    two small kernels and more of the host's time than the matrix itself. Takes 0.05 bytes a weight.
    """
    from bitsandbytes.functional import dequantize_blockwise
    from bitsandbytes.nn import Params4bit

    packed = [w for w in model.parameters() if isinstance(w, Params4bit) and w.quant_state and w.quant_state.nested]
    for weight in packed:
        state = weight.quant_state
        state.absmax = (dequantize_blockwise(state.absmax, state.state2) + state.offset).float()
        state.nested, state.state2, state.offset = False, None, None
    return len(packed)


def install(model: Any) -> int:
    """Give every plain LoRA layer over a 4-bit matrix the forward above; the number of layers that have it now.

    Layers with dropout, a bias or another variant of LoRA keep PEFT's own.
    """
    layers = [module for module in model.modules() if _is_plain(module)]
    for layer in layers:
        layer.forward = MethodType(_forward_of(layer), layer)
    return len(layers)


def _is_plain(module: Any) -> bool:
    from bitsandbytes.nn import Linear4bit
    from peft.tuners.lora import LoraLayer

    if not isinstance(module, LoraLayer) or not isinstance(module.get_base_layer(), Linear4bit):
        return False
    (name,) = module.active_adapters
    unchanged = isinstance(module.lora_dropout[name], torch.nn.Identity) and name not in module.lora_variant
    return unchanged and module.get_base_layer().bias is None and module.lora_B[name].bias is None


def _forward_of(layer: Any) -> Callable[..., torch.Tensor]:
    (name,) = layer.active_adapters
    base, down, up, scale = layer.get_base_layer(), layer.lora_A[name], layer.lora_B[name], layer.scaling[name]
    original = layer.forward

    def forward(self: Any, states: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        if self.disable_adapters or self.merged:
            return original(states, *args, **kwargs)
        flat = states.reshape(-1, states.shape[-1]).to(base.compute_dtype or states.dtype)
        result = QuantizedLora.apply(flat, down.weight, up.weight, base.weight, scale)
        return result.view(*states.shape[:-1], -1).to(states.dtype)

    return forward
