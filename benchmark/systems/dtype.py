"""Which torch type a system computes in: what the device has, unless the model cannot live with that."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import torch

Computed = Literal["float32", "bfloat16", "float16"]
Dtype = Literal["auto", Computed]
DTYPES: tuple[str, ...] = get_args(Dtype)

FLOAT16_OVERFLOWS = frozenset(
    {"gemma2", "gemma3", "gemma3_text", "gemma3n", "gemma3n_text", "glm4", "gpt_oss", "plamo2", "qwen3_5"}
)
"""`model_type`s whose activations exceed float16's 65,504, so that it gives infinities or nonsense.

The union of what vLLM refuses in float16 (gemma2, gemma3, gemma3_text, glm4, plamo2) and what Unsloth forces into
float32 (gemma3, gemma3n, gpt_oss, qwen3_5); for Gemma 3 see also https://github.com/huggingface/transformers/issues/36822.
"""


def compute_dtype(name: str, device: str, model_type: str | None = None) -> "torch.dtype":
    """The torch dtype that a configured dtype means on a device.

    `auto`: bfloat16 on GPUs and CPUs that compute in it; on older GPUs (a T4) float16, or float32 for a model
    that overflows it; else float32.

    Args:
        name: `auto`, `float32`, `bfloat16` or `float16`; a type that is named is taken as it is.
        model_type: as in the model's config.json.
    """
    import torch

    if name != "auto":
        return getattr(torch, name)
    if not device.startswith("cuda"):
        return torch.bfloat16 if _cpu_has_bf16() else torch.float32
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float32 if model_type in FLOAT16_OVERFLOWS else torch.float16


def _cpu_has_bf16() -> bool:
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.exists() and "avx512_bf16" in cpuinfo.read_text(encoding="utf-8", errors="replace")
