"""A training of seconds."""

import json
import random
from pathlib import Path

import pytest


@pytest.fixture
def config_file(tiny_model: Path, tmp_path: Path) -> Path:
    rng = random.Random(0)
    rows = [
        {
            "instruction": f"Задача {i}: сложите {rng.randrange(99)} и {rng.randrange(99)}",
            "output": f"Ответ: {rng.randrange(200)}",
            "category": "x",
        }
        for i in range(24)
    ]
    (tmp_path / "my.jsonl").write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    path = tmp_path / "config.yaml"
    path.write_text(
        f"model: {{pretrained: {tiny_model}, quantization: none, dtype: float32}}\n"
        f"data: {{tasks: [], files: [{tmp_path}/my.jsonl]}}\n"
        "lora: {r: 4, alpha: 8}\n"
        "training: {epochs: 2, examples_per_update: 4, token_budget: 128, learning_rate: 1.0e-2, optimizer: adamw_torch, checkpoints: 6, validations: 0}\n",
        encoding="utf-8",
    )
    return path
