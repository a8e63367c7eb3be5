"""An interruption changes no weight and loses no more than the last checkpoint has not."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from benchmark.errors import UserError
from finetune.checkpoints import MARK
from finetune.config import FinetuneConfig, load_config
from finetune.pipeline import finetune
from finetune.train import PackedTrainer

SHIPPED = ["model.quantization=nf4", "lora.dropout=0.1", "training.optimizer=paged_adamw_8bit"]
"""What the shipped configurations have and the plain one of these tests has not."""


def adapter_weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def same_weights(first: Path, second: Path) -> bool:
    one, other = adapter_weights(first), adapter_weights(second)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def interrupt(config: FinetuneConfig, output: Path, monkeypatch: pytest.MonkeyPatch, after: int = 7) -> Path:
    """Train until so many updates are made; the directory that holds the checkpoints."""
    made, update = [0], PackedTrainer._update

    def until(self: PackedTrainer, *arguments: Any) -> torch.Tensor:
        if made[0] == after:
            raise KeyboardInterrupt
        made[0] += 1
        return update(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(PackedTrainer, "_update", until)
        with pytest.raises(KeyboardInterrupt):
            finetune(config, output)
    (workspace,) = output.parent.glob(f".{output.name}.training-*")
    return workspace


def kill_and_go_on(launcher: list[str], config: Path, folder: Path) -> tuple[Path, Path]:
    """An adapter trained in one go, and one whose training was killed after a checkpoint and given again."""
    command = [*launcher, "benchmark.cli", "finetune", "--config", str(config), "--output"]
    subprocess.run([*command, str(folder / "whole")], check=True, capture_output=True)
    killed = subprocess.Popen(
        [*command, str(folder / "killed")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(folder.glob(f".killed.training-*/checkpoint-*/{MARK}")):
        assert killed.poll() is None and time.monotonic() < deadline, "the training must reach a checkpoint first"
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (folder / "killed").exists()
    subprocess.run([*command, str(folder / "killed")], check=True, capture_output=True)
    return folder / "whole", folder / "killed"


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(config_file: Path, tmp_path: Path):
    assert same_weights(*kill_and_go_on([sys.executable, "-m"], config_file, tmp_path))


@pytest.mark.exhaustive
def test_two_killed_processes_go_on_to_the_same_weights(config_file: Path, tmp_path: Path):
    text = config_file.read_text(encoding="utf-8").replace("lora: {r: 4,", "lora: {r: 4, dropout: 0.1,")
    config_file.write_text(text, encoding="utf-8")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "29731", "-m"]
    assert same_weights(*kill_and_go_on(launcher, config_file, tmp_path))


@pytest.mark.parametrize("more", [[], SHIPPED, ["training.validations=3", "data.validation_files=[{file}]"]])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    more: list[str], config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    config = load_config(config_file, [setting.format(file=tmp_path / "my.jsonl") for setting in more])
    whole = finetune(config, tmp_path / "whole")
    interrupt(config, tmp_path / "cut", monkeypatch)
    cut = finetune(config, tmp_path / "cut")
    assert same_weights(whole, cut)
    assert manifest(cut)["trained_tokens"] == manifest(whole)["trained_tokens"]
    assert manifest(cut)["loss_curve"] == manifest(whole)["loss_curve"]
    assert len(manifest(cut)["update_ends"]) == 6, "the updates up to the sixth were not made again"


def test_a_checkpoint_that_was_being_written_is_passed_over(
    config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    config = load_config(config_file)
    whole = finetune(config, tmp_path / "whole")
    workspace = interrupt(config, tmp_path / "cut", monkeypatch)
    last = max(workspace.glob("checkpoint-*"))
    torn = shutil.copytree(last, workspace / "checkpoint-8")
    (torn / MARK).unlink()
    (torn / "trainer_state.json").unlink()
    weights = torn / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    assert same_weights(whole, finetune(config, tmp_path / "cut"))


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("[enforce fail] unexpected pos")]
)
def test_a_full_disk_at_a_checkpoint_is_one_line_and_costs_no_more_than_that_checkpoint(
    error: Exception, config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    config, save = load_config(config_file), torch.save

    def full(*arguments: Any, **options: Any) -> None:
        if list(tmp_path.glob(f".cut.training-*/checkpoint-4/{MARK}")):
            raise error
        save(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr("torch.save", full)
        with pytest.raises(UserError, match=r"checkpoint of step 6 could not be written .* is the disk full"):
            finetune(config, tmp_path / "cut")
    assert same_weights(finetune(config, tmp_path / "cut"), finetune(config, tmp_path / "whole"))


def test_the_checkpoint_before_stands_while_the_next_is_written(
    config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    workspace = interrupt(load_config(config_file), tmp_path / "cut", monkeypatch)
    assert sorted(mark.parent.name for mark in workspace.glob(f"*/{MARK}")) == ["checkpoint-4", "checkpoint-6"]


def test_shorter_rows_after_a_lack_of_memory_go_on_from_the_checkpoint(
    config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    interrupt(load_config(config_file), tmp_path / "cut", monkeypatch)
    shorter = ["training.token_budget=64", "training.gradient_checkpointing=true"]
    cut = finetune(load_config(config_file, shorter), tmp_path / "cut")
    assert len(manifest(cut)["update_ends"]) == 6
    whole, found = (adapter_weights(folder) for folder in (finetune(load_config(config_file), tmp_path / "whole"), cut))
    assert all(torch.allclose(whole[name], found[name], atol=1e-4) for name in whole)


def test_other_data_under_the_same_name_is_another_training(
    config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    config = load_config(config_file)
    interrupt(config, tmp_path / "cut", monkeypatch)
    data = tmp_path / "my.jsonl"
    data.write_text(data.read_text(encoding="utf-8").replace("Ответ", "Итог"), encoding="utf-8")
    capsys.readouterr()
    cut = finetune(config, tmp_path / "cut")
    assert "checkpoints of another configuration or other data" in capsys.readouterr().err
    assert same_weights(finetune(config, tmp_path / "whole"), cut)
