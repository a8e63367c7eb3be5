"""Which of torch's attention kernels may run: what asks and what trains has other shapes each time."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def cudnn_attention(*, allowed: bool) -> Iterator[None]:
    """Whether attention in 16 bits may be cuDNN's, which torch prefers on an H100 in its newer versions.

    cuDNN builds a plan of every shape that it has not seen in this process, on the host and for tenths of a second.
    Forward passes over waiting prompts, and plain decoding steps, hardly ever repeat a shape. The steps of a CUDA graph
    do, and were slower with cuDNN's kernel all the same (504 rows of Gemma 3 270M on an H100).
    """
    before = torch.backends.cuda.cudnn_sdp_enabled()
    torch.backends.cuda.enable_cudnn_sdp(allowed)
    try:
        yield
    finally:
        torch.backends.cuda.enable_cudnn_sdp(before)
