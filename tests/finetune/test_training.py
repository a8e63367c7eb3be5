"""Training itself: packing changes no gradient, examples do not see each other, an interruption changes no weight."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from benchmark.errors import UserError
from benchmark.system import SystemSpec, load_model
from finetune import loss
from finetune.config import load_config
from finetune.curve import loss_curve_svg
from finetune.examples import Example
from finetune.model import check_packing, prepare
from finetune.packing import as_row, pack
from finetune.pipeline import finetune


def examples(count: int, seed: int = 0) -> list[Example]:
    rng = random.Random(seed)
    ids = lambda n: tuple(rng.randrange(3, 250) for _ in range(n))  # noqa: E731
    return [Example("x", ids(rng.randrange(2, 30)), (*ids(rng.randrange(1, 20)), 2)) for _ in range(count)]


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


def test_a_packed_row_supervises_answers_only():
    row = as_row([Example("x", (5, 6), (7, 2)), Example("x", (8,), (9, 2, 3))], example_mean=True)
    assert row["input_ids"].tolist() == [[5, 6, 7, 2, 8, 9, 2, 3]]
    assert row["position_ids"].tolist() == [[0, 1, 2, 3, 0, 1, 2, 3]]
    assert row["supervised"].tolist() == [1, 2, 4, 5, 6]
    assert row["targets"].tolist() == [7, 2, 9, 2, 3]
    assert row["weights"].tolist() == pytest.approx([1 / 2, 1 / 2, 1 / 3, 1 / 3, 1 / 3])
    assert (row["cu_seq_lens_q"].tolist(), row["max_length_q"]) == ([0, 4, 8], 4)


def test_rows_keep_to_the_budget_and_lose_nothing():
    batch = examples(40)
    rows = pack(batch, 64)
    assert sorted((e for row in rows for e in row), key=id) == sorted(batch, key=id)
    assert all(sum(map(len, row)) <= 64 or len(row) == 1 for row in rows)
    assert len(rows) < len(batch)


def gradients(model, rows, *, example_mean: bool = False) -> torch.Tensor:
    model.zero_grad()
    for row in rows:
        model(**as_row(row, example_mean=example_mean))["loss"].backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


@pytest.mark.parametrize("example_mean", [False, True])
def test_packing_does_not_change_the_gradient(config_file: Path, example_mean: bool):
    model, _ = prepare(load_config(config_file))
    torch.manual_seed(0)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    batch = examples(16)
    apart, packed = (gradients(model, pack(batch, budget), example_mean=example_mean) for budget in (None, 256))
    assert float((apart - packed).norm() / apart.norm()) < 1e-5


def test_the_chunked_loss_is_cross_entropy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loss, "CHUNK", 3)
    torch.manual_seed(0)
    head = torch.nn.Linear(8, 50)
    head.requires_grad_(False)
    states = torch.randn(10, 8, requires_grad=True)
    targets, weights = torch.randint(0, 50, (10,)), torch.rand(10)
    plain = torch.nn.functional.cross_entropy(head(states), targets, reduction="none") @ weights
    (expected,) = torch.autograd.grad(plain, states)
    chunked = loss.supervised_loss(states, targets, weights, head)
    (found,) = torch.autograd.grad(chunked, states)
    assert chunked.item() == pytest.approx(plain.item(), rel=1e-6)
    assert torch.allclose(found, expected, atol=1e-6)
    with torch.no_grad():
        assert float(loss.supervised_loss(states, targets, weights, head)) == pytest.approx(plain.item(), rel=1e-6)


def test_a_leak_between_packed_examples_is_noticed(config_file: Path, monkeypatch: pytest.MonkeyPatch):
    model, _ = prepare(load_config(config_file))
    first, second = examples(2)
    check_packing(model, first, second)

    def leaky(row: list[Example], device: object) -> dict[str, object]:
        """Positions that go on make one long example of several."""
        return as_row(row) | {"position_ids": torch.arange(sum(map(len, row)))[None]}

    monkeypatch.setattr("finetune.model.as_row", leaky)
    with pytest.raises(UserError, match="see each other"):
        check_packing(model, first, second)


def test_an_evaluation_pass_leaves_4_bit_gradients_alone(tiny_model: Path, config_file: Path):
    """On some CPUs bitsandbytes repacks weights in evaluation mode, after which gradients stop at every base layer."""
    config = load_config(config_file, ["model.quantization=nf4", "model.dtype=bfloat16"])
    model, _ = prepare(config)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    batch = examples(4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        before = gradients(model, pack(batch, None))
        check_packing(model, *batch[:2])
        after = gradients(model, pack(batch, None))
    assert torch.equal(before, after)
    assert float(before.norm()) > 0


def adapter_weights(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / "adapter_model.safetensors")


def test_training_lowers_the_loss_and_leaves_a_whole_adapter(config_file: Path, tiny_model: Path, tmp_path: Path):
    folder = finetune(load_config(config_file), tmp_path / "adapter")
    manifest = json.loads((folder / "manifest.json").read_text())
    losses = [train for _, train, _ in manifest["loss_curve"]]
    assert sum(losses[-3:]) < sum(losses[:3])
    assert manifest["data"]["examples"] == 24
    assert manifest["updates"] == 12
    assert "<polyline" in (folder / "loss.svg").read_text()
    model, _ = load_model(SystemSpec(str(tiny_model), adapter=str(folder)))
    assert any("lora" in name for name, _ in model.named_parameters())


def test_an_adapter_of_another_base_is_refused(config_file: Path, other_tiny_model: Path, tmp_path: Path):
    folder = finetune(load_config(config_file, ["training.epochs=0.2"]), tmp_path / "adapter")
    with pytest.raises(UserError, match="trained on"):
        load_model(SystemSpec(str(other_tiny_model), adapter=str(folder)))


def test_a_finished_adapter_is_kept_and_another_one_is_not_overwritten(config_file: Path, tmp_path: Path):
    short = load_config(config_file, ["training.epochs=0.2"])
    folder = finetune(short, tmp_path / "adapter")
    before = (folder / "manifest.json").read_bytes()
    assert finetune(short, folder) == folder
    assert (folder / "manifest.json").read_bytes() == before
    with pytest.raises(UserError, match="another directory"):
        finetune(load_config(config_file), folder)


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(config_file: Path, tmp_path: Path):
    command = [sys.executable, "-m", "benchmark.cli", "finetune", "--config", str(config_file), "--output"]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    killed = subprocess.Popen(
        [*command, str(tmp_path / "killed")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob(".killed.training-*/checkpoint-*/trainer_state.json")):
        assert killed.poll() is None and time.monotonic() < deadline, "the training must reach a checkpoint first"
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "killed").exists()
    subprocess.run([*command, str(tmp_path / "killed")], check=True, capture_output=True)
    whole, resumed = adapter_weights(tmp_path / "whole"), adapter_weights(tmp_path / "killed")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_loss_that_is_no_number_stops_with_the_step(
    config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(loss, "supervised_loss", lambda hidden, *_: hidden.sum() * float("nan"))
    with pytest.raises(UserError, match=r"step 1: the loss is nan"):
        finetune(load_config(config_file), tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()


def test_a_curve_without_points_is_still_an_image():
    assert loss_curve_svg([]).startswith("<svg")
    assert "polyline" in loss_curve_svg([[1, 2.0, None], [2, None, 1.5]])
