"""How many rows may be generated together: from the memory there is, or as asked."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmark.errors import UserError

CPU_ROWS, GPU_ROWS = 48, 512
"""More rows than these make a step longer by as much as they add."""
CPU_SHARE, GPU_SHARE = 0.25, 0.6
"""Of the free memory, for keys and values; the rest is for activations, logits and everybody else."""
CPU_PREFILL, GPU_PREFILL = 4096, 16384
"""Prompt tokens in one forward pass: enough to keep the device busy, few enough for their activations."""
LOGITS = 1 << 28
"""Logits in one forward pass: positions times vocabulary."""
ROOMY = 4
"""Times as many of both on a GPU where they take less than `PASS_SHARE` of the free memory: a small model's pass waits for
the host to launch its kernels, however few tokens it reads."""
PASS_SHARE = 0.05
WIDE = 8192
"""A model's width where its configuration does not say: the pass of a large one."""


_SIGNS = ("out of memory", "can't allocate memory", "cublas_status_alloc_failed")
_CGROUP = Path("/sys/fs/cgroup")


@dataclass
class Budget:
    """What a batch may grow to. Shrinks when memory runs out all the same."""

    rows: int
    cells: int
    """Rows times columns of keys and values."""
    prefill: int
    """Prompt tokens in one forward pass."""
    logits: int = LOGITS
    """Positions times vocabulary in one forward pass that scores."""

    def allows(self, rows: int, columns: int) -> bool:
        """Whether that many rows of that many columns fit; one row is always tried."""
        return rows <= 1 or (rows <= self.rows and rows * columns <= self.cells)

    def shrink(self, rows: int, shortage: str) -> None:
        """Halve after memory ran out with that many rows, and give back what torch holds unused.

        Raises:
            UserError: there is nothing left to halve.
        """
        if rows <= 1 and self.prefill <= 1:
            raise UserError(
                f"out of memory with one prompt at a time ({shortage}); "
                "lower --max-length, or quantize the model (--quantization nf4)"
            )
        self.rows = max(1, min(self.rows, rows) // 2)
        self.prefill = 1 if self.rows == 1 else max(1, self.prefill // 2)
        self.logits //= 2  # one text is always tried
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def plan(model: Any, batch_size: int | str) -> Budget:
    """The budget of a model on its device.

    Args:
        batch_size: rows at most, or `auto`.
    """
    on_gpu = model.device.type == "cuda"
    rows = int(batch_size) if str(batch_size).isdigit() else (GPU_ROWS if on_gpu else CPU_ROWS)
    free = _free_bytes(model.device)
    cells = int(free * (GPU_SHARE if on_gpu else CPU_SHARE)) // max(1, bytes_per_token(model))
    if not on_gpu:
        return Budget(rows, max(1, cells), CPU_PREFILL)
    room = int(free * PASS_SHARE)
    prefill, logits = room // _bytes_per_read_token(model), room // model.dtype.itemsize
    return Budget(rows, max(1, cells), _within(prefill, GPU_PREFILL), _within(logits, LOGITS))


def _within(there_is_room_for: int, least: int) -> int:
    return max(least, min(there_is_room_for, ROOMY * least))


def _bytes_per_read_token(model: Any) -> int:
    """What a forward pass without gradients holds of one token at a time, roughly: a layer's states and its MLP's."""
    config = model.config.get_text_config()
    width = getattr(config, "hidden_size", None) or WIDE
    inner = getattr(config, "intermediate_size", None) or 4 * width
    widest = max(inner) if isinstance(inner, list) else inner
    return (8 * width + 4 * widest) * model.dtype.itemsize


def bytes_per_token(model: Any) -> int:
    """Keys and values of one token in all layers."""
    config = model.config.get_text_config()
    all_heads = getattr(config, "num_attention_heads", None)
    if not all_heads:  # no attention, nothing to keep: a state-space model
        return 1
    heads = getattr(config, "num_key_value_heads", None) or all_heads
    width = max(getattr(config, "head_dim", None) or 0, config.hidden_size // all_heads)
    return 2 * config.num_hidden_layers * heads * width * model.dtype.itemsize


def _free_bytes(device: torch.device) -> float:
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    import psutil

    return min(psutil.virtual_memory().available, _container_bytes())


def _container_bytes() -> float:
    """What a container's limit leaves (cgroup version 2); infinite without one."""
    try:
        limit = (_CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = (_CGROUP / "memory.current").read_text(encoding="ascii").strip()
    except OSError:
        return math.inf
    return math.inf if limit == "max" else max(0, int(limit) - int(used))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception of torch means that memory ran out, on a GPU or on the host."""
    said = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or any(sign in said for sign in _SIGNS)
