"""The machine that a run is made on: its name, and the memory that was needed."""

import os
import platform
import resource
from pathlib import Path
from typing import Any

_CLEAR_REFS = Path("/proc/self/clear_refs")


def device() -> dict[str, Any]:
    """The machine's name and size, as a figure's caption needs it."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if torch.cuda.is_available():
        return {
            "kind": "cuda",
            "name": torch.cuda.get_device_name(),
            "count": torch.cuda.device_count(),
            "cores": cores,
        }
    return {"kind": "cpu", "name": _processor(), "count": 1, "cores": cores}


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def reset_peak_memory() -> None:
    """Let `peak_memory_bytes` count from here on, so that one step of a long process does not inherit another's peak.

    On the host this takes Linux; elsewhere the peak stays that of the whole process.
    """
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        _CLEAR_REFS.write_text("5")  # sets the peak resident set to the present one: man 5 proc
    except OSError:
        return  # not Linux, or a sandbox without it


def peak_memory_bytes() -> dict[str, int]:
    """The largest resident sets of this process and those that it started (`host`), and the most that torch allocated
    on its GPU (`gpu`).

    Since `reset_peak_memory`, or since a process began. The sum over processes (vLLM's engine is one) bounds the peak
    from above, as they need not have been largest at once. `gpu` is left out where another process computes.
    """
    import psutil
    import torch

    children = psutil.Process().children(recursive=True)
    peak = {"host": _peak_resident_set() + sum(_high_water_mark(child.pid) for child in children)}
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        peak["gpu"] = torch.cuda.max_memory_allocated()
    return peak


def _high_water_mark(pid: int) -> int:
    """Bytes; 0 for a process that is gone, or where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _peak_resident_set() -> int:
    if ours := _high_water_mark(os.getpid()):
        return ours
    # ru_maxrss is in KiB on Linux, in bytes on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if platform.system() == "Darwin" else 1024)
