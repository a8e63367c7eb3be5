"""Two processes train and score what one does, started as the documentation says."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from benchmark.errors import UserError
from benchmark.run import RunOptions, run
from benchmark.runs.again import check, settings_of
from benchmark.system import SystemSpec
from finetune.config import load_config
from finetune.pipeline import finetune

OPTIONS = RunOptions(tasks=("rufin_calculation",), limit=2, batch_size=2, max_gen_toks=4, bootstrap_iters=0)


def write_config(folder: Path, model: Path) -> Path:
    rows = [
        {"instruction": f"Сложите {i} и {i}" + " да" * (i % 5 * 4), "output": f"Ответ: {2 * i}", "category": "x"}
        for i in range(24)
    ]
    (folder / "my.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    path = folder / "config.yaml"
    path.write_text(
        f"model: {{pretrained: {model}, quantization: none, dtype: float32}}\n"
        f"data: {{tasks: [], files: [{folder}/my.jsonl]}}\n"
        "lora: {r: 2}\n"
        "training: {epochs: 1, examples_per_update: 8, token_budget: 128, learning_rate: 1.0e-2,"
        " optimizer: adamw_torch, checkpoints: 0, validations: 0}\n",
        encoding="utf-8",
    )
    return path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return int(listener.getsockname()[1])


@pytest.mark.slow
def test_two_processes_train_and_score_as_one_does(tiny_model: Path, tmp_path: Path):
    config = write_config(tmp_path, tiny_model)
    alone = finetune(load_config(config), tmp_path / "alone")
    baseline = run(SystemSpec(str(tiny_model), dtype="float32"), tmp_path / "base", OPTIONS)
    # `accelerate launch` starts several processes on GPUs only; this is what it calls there.
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", str(free_port())]
    launch += ["-m", "benchmark.cli"]
    command = ["finetune", "--config", str(config), "--output", str(tmp_path / "two"), "--then-run", str(baseline)]
    done = subprocess.run([*launch, *command], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.strip().endswith(f"{tmp_path / 'two'}\n{tmp_path / 'base+two'}")

    one, two = (json.loads((tmp_path / name / "manifest.json").read_text("utf-8")) for name in ("alone", "two"))
    losses = [[loss for _, loss, _ in manifest["loss_curve"]] for manifest in (one, two)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    assert one["trained_tokens"] == two["trained_tokens"]
    weights, other = (load_file(folder / "adapter_model.safetensors") for folder in (alone, tmp_path / "two"))
    assert all(torch.allclose(weights[name], other[name], atol=1e-5) for name in weights)
    record = json.loads((tmp_path / "base+two" / "run.json").read_text("utf-8"))
    assert record["processes"] == 2
    assert settings_of(tmp_path / "base+two")[1] == OPTIONS


def test_a_backend_that_spreads_its_own_work_is_refused_before_training(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
):
    baseline = run(SystemSpec(str(tiny_model), dtype="float32"), tmp_path / "base", OPTIONS)
    record = json.loads((baseline / "run.json").read_text(encoding="utf-8"))
    record["system"]["backend"] = "vllm"
    (baseline / "run.json").write_text(json.dumps(record), encoding="utf-8")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="without a launcher"):
        check(baseline, tmp_path / "tuned", str(tiny_model))
