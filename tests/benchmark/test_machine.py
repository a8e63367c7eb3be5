"""Memory that a run is said to have needed."""

import subprocess
import sys

import pytest

from benchmark.machine import peak_memory_bytes

HOLDS = "held = b'x' * (300 * 2**20); print('ready', flush=True); input()"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of another process's peak")
def test_an_engine_in_a_process_of_its_own_counts():
    alone = peak_memory_bytes()["host"]
    engine = subprocess.Popen([sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert engine.stdout and engine.stdout.readline() == b"ready\n"
    together = peak_memory_bytes()["host"]
    engine.communicate(b"\n")
    assert together - alone > 300 * 2**20
