"""What a training will need, before it is started: memory by what holds it, floating-point operations, least seconds.

Memory is counted in the tensors that the training keeps; docs/finetuning.md compares it with what a GPU measured.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from benchmark.errors import UserError
from finetune.config import FinetuneConfig, LoraConfig
from finetune.loss import CHUNK

GIB = 2**30
WEIGHT_BYTES = {"nf4": 0.516, "int8": 1.0, "none": 2.0}
"""A quantized matrix's bytes a weight; NF4 with double quantization takes 4.127 bits (Dettmers et al., 2023)."""
UNPACKED_BYTES = (4 - 1) / 64
"""What the scales of NF4's blocks take beyond that where they are unpacked: 64 weights share one of four bytes, not of one."""
LOGIT_BYTES = 16
"""A chunk's logits exist in the compute type and float32, and so do their gradients."""


@dataclass(frozen=True)
class Architecture:
    """A decoder's sizes."""

    width: int
    inner: int
    """Width inside the feed-forward block."""
    key_value: int
    """Width of all keys of a token."""
    query: int
    layers: int
    vocabulary: int
    matrices: int
    """Weights in the layers' matrices, which are what gets quantized."""
    others: int
    """All other weights: embeddings, head, norms."""
    adapter: int
    """Weights that LoRA adds."""


def architecture(model_config: Any, lora: LoraConfig) -> Architecture:
    """The sizes of a transformers configuration, weights counted on a model without storage.

    Raises:
        UserError: no layer that the adapter could stand on.
    """
    from transformers import AutoModelForCausalLM
    from transformers.pytorch_utils import Conv1D

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(model_config)
    text = model_config.get_text_config()
    head = model.get_output_embeddings()
    kinds = (torch.nn.Linear, Conv1D)
    linear = {n: m.weight for n, m in model.named_modules() if isinstance(m, kinds) and m is not head}
    matrices = sum(weight.numel() for weight in linear.values())
    adapted = [weight for name, weight in linear.items() if _is_target(name, lora.target_modules)]
    if not adapted:
        raise UserError(f"lora.target_modules={lora.target_modules}: the model has no such linear layer")
    heads = text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // heads
    return Architecture(
        width=text.hidden_size,
        # Not every architecture has names of its own for these two.
        inner=getattr(text, "intermediate_size", None) or max(max(weight.shape) for weight in linear.values()),
        key_value=(getattr(text, "num_key_value_heads", None) or heads) * width,
        query=heads * width,
        layers=text.num_hidden_layers,
        vocabulary=text.vocab_size,
        matrices=matrices,
        others=sum(parameter.numel() for parameter in model.parameters()) - matrices,
        adapter=sum(lora.r * sum(weight.shape) for weight in adapted),
    )


def _is_target(name: str, targets: str | Sequence[str]) -> bool:
    """As PEFT reads `target_modules`: all matrices, a pattern for the whole name, or names of its last part."""
    if targets == "all-linear":
        return True
    if isinstance(targets, str):
        return re.fullmatch(targets, name) is not None
    return any(name == target or name.endswith(f".{target}") for target in targets)


def memory(
    sizes: Architecture, config: FinetuneConfig, row_tokens: int, *, checkpointing: bool, element: int = 2
) -> dict[str, float]:
    """GiB at the peak of an update, by what holds them; the sum is under `total`.

    Args:
        row_tokens: tokens of the longest row.
        checkpointing: whether only each layer's input is kept, and the rest computed again.
        element: bytes of the compute type.
    """
    state = 8 if config.training.optimizer == "adamw_torch" else 2
    roomy = config.model.quantization == "nf4" and not checkpointing  # see finetune.lora
    a_weight = WEIGHT_BYTES[config.model.quantization] + (UNPACKED_BYTES if roomy else 0)
    held = {
        "weights": sizes.matrices * a_weight + sizes.others * element,
        "adapter": sizes.adapter * (4 + (element if roomy else 0)),
        "gradients": sizes.adapter * 4,
        "optimizer": sizes.adapter * state,
        "activations": activations(sizes, row_tokens, checkpointing=checkpointing, element=element)
        + _transient_bytes(sizes, row_tokens, element),
    }
    gib = {name: round(size / GIB, 2) for name, size in held.items()}
    return gib | {"total": round(sum(held.values()) / GIB, 2)}


def activations(sizes: Architecture, row_tokens: int, *, checkpointing: bool, element: int) -> int:
    """Bytes that autograd keeps of a row; with checkpointing each layer's input and one layer as it is computed again."""
    layer = _layer_bytes(sizes, element) * row_tokens
    return layer + sizes.layers * sizes.width * element * row_tokens if checkpointing else sizes.layers * layer


def _layer_bytes(sizes: Architecture, element: int) -> int:
    """What autograd keeps of a token in one layer.

    Both norms keep their input in float32 (8 widths); their outputs feed q, k, v and gate, up (2); attention keeps
    query, key, value, its output and keys and values repeated to all heads; the feed-forward block keeps gate, its
    activation, up and their product.
    """
    norms = 8 * sizes.width + 2 * sizes.width * element
    attention = (4 * sizes.query + 2 * sizes.key_value) * element
    return norms + attention + 4 * sizes.inner * element


def _transient_bytes(sizes: Architecture, row_tokens: int, element: int) -> int:
    """What exists for a moment: the widest matrix dequantized, gradients inside a layer, a chunk's logits."""
    inside = 3 * sizes.inner * element * row_tokens
    return max(sizes.width * sizes.inner * element + inside, CHUNK * sizes.vocabulary * LOGIT_BYTES)


def operations(sizes: Architecture, tokens: int, supervised: int, *, checkpointing: bool) -> float:
    """Floating-point operations over so many tokens, attention scores left out.

    A frozen matrix costs two products a token (forward, gradient of its input), with checkpointing three; an adapter's
    three or four; the head two, at supervised positions only. A product is two operations a weight.
    """
    again = 2.0 if checkpointing else 0.0
    body = (4.0 + again) * sizes.matrices + (6.0 + again) * sizes.adapter
    return body * tokens + 4.0 * sizes.width * sizes.vocabulary * supervised


def product_rate(device: str, dtype: torch.dtype) -> float:
    """Operations a second of a large matrix product on random data, measured now."""
    on_gpu = device.startswith("cuda")
    size = 8192 if on_gpu else 1024
    left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    wait = torch.cuda.synchronize if on_gpu else lambda: None
    for repeat in (3, 10):  # the first ones warm up
        wait()
        started = time.perf_counter()
        for _ in range(repeat):
            left @ right
        wait()
    return 10 * 2 * size**3 / (time.perf_counter() - started)
