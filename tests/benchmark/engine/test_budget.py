"""What a pass may read grows with the room that a GPU has, within bounds; and shrinks with memory that ran out."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from benchmark.engine import budget
from benchmark.engine.budget import GPU_PREFILL, LOGITS, ROOMY, Budget, plan

SMALL, LARGE = (640, 2048), (8192, 28672)


def model(width: int | None, inner: int | list[int] | None, device: str = "cuda") -> Any:
    sizes = {"hidden_size": width, "num_key_value_heads": 1, "num_hidden_layers": 4, "intermediate_size": inner}
    heads = {} if width is None else {"num_attention_heads": 8}
    config = SimpleNamespace(**{name: size for name, size in sizes.items() if size is not None}, **heads)
    config.get_text_config = lambda: config
    return SimpleNamespace(device=torch.device(device), dtype=torch.bfloat16, config=config)


@pytest.mark.parametrize(
    ("sizes", "free_gib", "prefill", "logits"),
    [
        pytest.param(SMALL, 70, ROOMY * GPU_PREFILL, ROOMY * LOGITS, id="a small model on a large card"),
        pytest.param(LARGE, 20, GPU_PREFILL, 2 * LOGITS, id="a large model beside little room"),
        pytest.param(SMALL, 1, GPU_PREFILL, LOGITS, id="hardly any room"),
        pytest.param((640, [1024, 2048]), 70, ROOMY * GPU_PREFILL, ROOMY * LOGITS, id="layers of different widths"),
        pytest.param((None, None), 20, GPU_PREFILL, 2 * LOGITS, id="no width at all"),
        pytest.param((640, None), 70, ROOMY * GPU_PREFILL, ROOMY * LOGITS, id="no width of an MLP"),
    ],
)
def test_a_gpus_passes_are_as_large_as_its_room(
    sizes: tuple[int, Any], free_gib: int, prefill: int, logits: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(budget, "_free_bytes", lambda _: free_gib * 2**30)
    planned = plan(model(*sizes), "auto")
    assert planned.prefill == prefill
    assert planned.logits == pytest.approx(logits, rel=1e-3)


def test_passes_on_a_cpu_do_not_grow(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(budget, "_free_bytes", lambda _: 2**40)
    planned = plan(model(*SMALL, device="cpu"), 4)
    assert (planned.rows, planned.prefill, planned.logits) == (4, budget.CPU_PREFILL, LOGITS)


def test_a_shortage_halves_all_that_a_pass_holds():
    planned = Budget(rows=8, cells=1 << 20, prefill=64, logits=1024)
    planned.shrink(8, "CUDA out of memory")
    assert (planned.rows, planned.prefill, planned.logits) == (4, 32, 512)
