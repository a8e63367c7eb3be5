"""What `dtype: auto` means on a device, for a kind of model."""

import pytest
import torch

from benchmark.systems import dtype
from benchmark.systems.dtype import compute_dtype


@pytest.fixture
def t4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)


@pytest.mark.usefixtures("t4")
@pytest.mark.parametrize(
    ("model_type", "expected"),
    [
        ("gemma3_text", torch.float32),
        ("gemma3", torch.float32),
        ("gemma2", torch.float32),
        ("mistral", torch.float16),
        (None, torch.float16),
    ],
)
def test_a_gpu_without_bfloat16_spares_models_that_overflow_float16(model_type: str | None, expected: torch.dtype):
    assert compute_dtype("auto", "cuda", model_type) == expected
    assert compute_dtype("auto", "cuda:1", model_type) == expected


@pytest.mark.usefixtures("t4")
def test_a_type_that_is_named_is_taken():
    assert compute_dtype("float16", "cuda", "gemma3_text") == torch.float16


def test_bfloat16_is_taken_where_there_is_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    assert compute_dtype("auto", "cuda", "gemma3_text") == torch.bfloat16
    for has, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(dtype, "_cpu_has_bf16", lambda has=has: has)
        assert compute_dtype("auto", "cpu", "mistral") == expected
