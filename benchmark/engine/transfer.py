"""Numbers between the host and a GPU, without the host waiting for all that the GPU has still to do."""

from collections.abc import Sequence
from typing import Any

import torch


def sent(numbers: Sequence[Any], device: torch.device) -> torch.Tensor:
    """A tensor of these numbers on a device: from pinned memory, since any other copy waits for the device."""
    pinned = device.type == "cuda"
    return torch.tensor(numbers, pin_memory=pinned).to(device, non_blocking=pinned)


class Fetched:
    """Tensors on their way to the host."""

    def __init__(self, *tensors: torch.Tensor) -> None:
        """Have tensors, of one device, copied as soon as they are computed."""
        self._tensors = [tensor.to("cpu", non_blocking=tensor.is_cuda) for tensor in tensors]
        self._there: torch.cuda.Event | None = None
        if tensors[0].is_cuda:
            self._there = torch.cuda.Event()
            self._there.record(torch.cuda.current_stream(tensors[0].device))

    def wait(self) -> list[torch.Tensor]:
        """The tensors on the host."""
        if self._there:
            self._there.synchronize()
        return self._tensors
