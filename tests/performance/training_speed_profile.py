"""Where an update's time goes: the kernels that take most of it, and how long the device waits for the host."""

import time
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity

TOP = 10


class Profile:
    """One update under the profiler; a table into a file, the shares under `summary`."""

    def __init__(self, output: Path) -> None:
        """The table goes to `output` when the profile is stopped."""
        self.output = output
        self.summary: dict[str, Any] = {}
        self._on_gpu = torch.cuda.is_available()
        activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * self._on_gpu
        self._profiler = torch.profiler.profile(activities=activities)
        self._started = 0.0

    def start(self) -> None:
        """Profile from here on."""
        self._profiler.start()
        self._started = time.perf_counter()

    def stop(self) -> None:
        """Profile to here; write the table."""
        seconds = time.perf_counter() - self._started
        self._profiler.stop()
        events = self._profiler.key_averages()
        own = "self_device_time_total" if self._on_gpu else "self_cpu_time_total"
        # On a GPU the host's operators name the kernels they launched as well: count the kernels themselves.
        timed = [e for e in events if not self._on_gpu or "CUDA" in str(e.device_type)]
        busy = sum(getattr(event, own) for event in timed) / 1e6
        launches = sum(
            event.count
            for event in events
            if event.key in ("cudaLaunchKernel", "cuLaunchKernel", "cudaLaunchKernelExC")
        )
        self.summary = {"seconds": seconds, "device_busy_seconds": busy, "launches": launches}
        if self._on_gpu:
            self.summary["share_waiting_for_host"] = max(0.0, 1 - busy / seconds)
        top = sorted(timed, key=lambda event: getattr(event, own), reverse=True)[:TOP]
        lines = [
            f"{getattr(e, own) / 1e3:10.1f} ms {getattr(e, own) / 1e6 / busy:6.1%} {e.count:7} × {e.key[:110]}"
            for e in top
        ]
        head = ", ".join(f"{name} {value:.3g}" for name, value in self.summary.items())
        self.output.write_text("\n".join([head, "", *lines, ""]), encoding="utf-8")
