"""The two-GPU measurement runs from end to end: two CPU processes and the tiny model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("two_gpus.py")


@pytest.mark.exhaustive
def test_two_processes_are_held_against_one(tiny_model: Path, tmp_path: Path):
    command = [sys.executable, str(SCRIPT), "--cpu", "--model", str(tiny_model), "--output", str(tmp_path / "two")]
    changes = [
        "model.quantization=none",
        "model.dtype=float32",
        "data.tasks=[rufin_calculation]",
        "data.max_length=4096",
    ]
    changes += ["lora.r=2", "training.optimizer=adamw_torch"]
    command += ["--limit", "12", "--per-update", "4", *(f"--set={change}" for change in changes)]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(SCRIPT.parents[2])}, timeout=400)
    result = json.loads((tmp_path / "two.json").read_text(encoding="utf-8"))
    assert [row["processes"] for row in result["runs"]] == [1, 2]
    assert result["largest_loss_difference"] < 1e-3
    assert result["runs"][0]["trained_tokens"] == result["runs"][1]["trained_tokens"]


@pytest.mark.exhaustive
def test_two_processes_answer_as_one(tmp_path: Path):
    script = SCRIPT.with_name("two_gpus_evaluation.py")
    command = [sys.executable, str(script), "--cpu", "--tiny", "--prompts", "12", "--max-gen-toks", "8"]
    command += ["--output", str(tmp_path / "two")]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(script.parents[2])}, timeout=400)
    one, two = json.loads((tmp_path / "two.json").read_text(encoding="utf-8"))["runs"]
    assert len(one["texts"]) == 12
    assert one["texts"] == two["texts"]
