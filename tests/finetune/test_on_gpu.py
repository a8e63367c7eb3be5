"""A whole training on a GPU, with everything that only a GPU gets: it learns what a CPU learns."""

import json
from pathlib import Path

import pytest
import torch

from benchmark.systems import norms
from finetune import lora
from finetune.config import load_config
from finetune.pipeline import finetune

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")]
DEVICE = "cuda"


def losses(folder: Path) -> list[float]:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return [train for _, train, _ in manifest["loss_curve"]]


@pytest.mark.parametrize("quantization", ["nf4", "none"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("checkpointing", ["true", "auto"])
def test_losses_are_those_of_a_cpu(
    config_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quantization: str,
    dtype: str,
    checkpointing: str,
):
    changed: dict[str, int] = {}
    for module, name in ((norms, "fuse"), (lora, "unpack_scales")):
        own = getattr(module, name)
        monkeypatch.setattr(module, name, lambda model, own=own, name=name: changed.setdefault(name, own(model)))
    changes = [f"model.quantization={quantization}", f"training.gradient_checkpointing={checkpointing}"]
    config = load_config(config_file, [*changes, f"model.dtype={dtype}"])
    found = losses(finetune(config, tmp_path / "gpu", DEVICE))
    assert changed["fuse"] > 0
    assert bool(changed.get("unpack_scales")) == (quantization == "nf4" and checkpointing == "auto")
    expected = losses(finetune(load_config(config_file, changes), tmp_path / "cpu", "cpu"))
    assert found == pytest.approx(expected, rel=1e-3 if dtype == "float32" else 0.1)
    assert sum(found[-3:]) < sum(found[:3])
