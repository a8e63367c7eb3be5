"""What goes wrong in a training: one line that says what to do, or a stated fallback; nothing that was there is lost."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from benchmark.errors import UserError
from finetune.arguments import arguments
from finetune.config import FinetuneConfig, load_config
from finetune.model import prepare
from finetune.pipeline import finetune
from finetune.train import ExampleDataset, PackedTrainer


def row(number: int, words: int = 1) -> dict[str, str]:
    return {"instruction": f"Сложите {number} и {number}", "output": "Ответ: " + "да " * words, "category": "x"}


def write_config(folder: Path, model: Path, rows: list[dict[str, str]], **changes: Any) -> FinetuneConfig:
    text = "\n".join(json.dumps(item, ensure_ascii=False) for item in rows)
    (folder / "my.jsonl").write_text(text, encoding="utf-8")
    raw = {
        "model": {"pretrained": str(model), "quantization": "none", "dtype": "float32"},
        "data": {"tasks": [], "files": [str(folder / "my.jsonl")], "max_length": 128},
        "lora": {"r": 2},
        "training": {
            "epochs": 1,
            "examples_per_update": 4,
            "token_budget": 1024,
            "optimizer": "adamw_torch",
            "validations": 0,
            "checkpoints": 0,
        },
    }
    for key, value in changes.items():
        section, name = key.split("__")
        raw[section][name] = value
    (folder / "config.yaml").write_text(json.dumps(raw), encoding="utf-8")
    return load_config(folder / "config.yaml")


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        ([], {}, "data.files: .*my.jsonl: no rows"),
        ([row(1)], {"data__weights": {"my.jsonl": 0.0}}, "no training examples"),
        ([row(1, words=500)], {}, "every example is longer"),
        ([row(1)], {"data__apply_chat_template": True}, "no chat template"),
        ([row(1)], {"lora__target_modules": ["nothing_like_it"]}, "lora.target_modules"),
        ([row(1)], {"lora__target_modules": ["lm_head"]}, "lora.target_modules"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(
    rows: list[dict[str, str]], changes: dict[str, Any], message: str, tiny_model: Path, tmp_path: Path
):
    with pytest.raises(UserError, match=message) as caught:
        finetune(write_config(tmp_path, tiny_model, rows, **changes), tmp_path / "adapter")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "adapter").exists()


def test_a_base_that_does_not_fit_is_refused_in_one_line(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def too_large(*_: Any) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("finetune.model.load_model", too_large)
    with pytest.raises(UserError, match="out of GPU memory while loading"):
        finetune(write_config(tmp_path, tiny_model, [row(1)]), tmp_path / "adapter")


def test_an_answer_longer_than_the_context_is_dropped_and_counted(tiny_model: Path, tmp_path: Path):
    config = write_config(tmp_path, tiny_model, [row(1), row(2, words=500), row(3)])
    manifest = json.loads((finetune(config, tmp_path / "adapter") / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["data"]["examples"] == 2
    assert manifest["data"]["dropped_too_long"] == {"my.jsonl": 1}


def test_a_directory_that_is_no_adapter_is_not_touched(tiny_model: Path, tmp_path: Path):
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="exists and is not"):
        finetune(write_config(tmp_path, tiny_model, [row(1)]), tmp_path / "adapter")
    assert (tmp_path / "adapter" / "notes.txt").read_text() == "mine"


def test_an_output_below_a_file_is_refused_before_anything_is_read(tiny_model: Path, tmp_path: Path):
    (tmp_path / "notes").write_text("mine")
    config = write_config(tmp_path, tiny_model, [])
    with pytest.raises(UserError, match=r"--output .*notes/adapter: .*notes is a file"):
        finetune(config, tmp_path / "notes" / "adapter")


def test_what_is_there_is_not_refused_for_its_place(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A finished adapter on a read-only disk is left as it is; the root of all paths has no parent."""
    config = write_config(tmp_path, tiny_model, [row(1)])
    adapter = finetune(config, tmp_path / "adapter")
    monkeypatch.setattr("os.access", lambda *_: False)
    assert finetune(config, adapter) == adapter
    with pytest.raises(UserError, match="exists and is not"):
        finetune(config, Path("/"))
    with pytest.raises(UserError, match="is read-only"):
        finetune(config, tmp_path / "other")


def base_without(tiny_model: Path, folder: Path, *marks: str) -> Path:
    """The tiny model whose tokenizer lacks a pad or an end-of-sequence token."""
    shutil.copytree(tiny_model, folder)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    for mark in marks:
        setattr(tokenizer, mark, None)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_base_without_a_pad_token_is_trained(tiny_model: Path, tmp_path: Path):
    base = base_without(tiny_model, tmp_path / "base", "pad_token")
    assert (finetune(write_config(tmp_path, base, [row(1), row(2)]), tmp_path / "adapter") / "manifest.json").exists()


def test_a_base_without_an_end_of_sequence_token_is_refused(tiny_model: Path, tmp_path: Path):
    base = base_without(tiny_model, tmp_path / "base", "eos_token", "pad_token")
    with pytest.raises(UserError, match="no end-of-sequence token"):
        finetune(write_config(tmp_path, base, [row(1), row(2)]), tmp_path / "adapter")


def test_checkpoints_of_another_configuration_are_named_and_left_alone(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    other = tmp_path / ".adapter.training-0123456789ab"
    other.mkdir()
    (other / "checkpoint").write_text("kept")
    finetune(write_config(tmp_path, tiny_model, [row(1)]), tmp_path / "adapter")
    assert f"{other}: checkpoints of another configuration" in capsys.readouterr().err
    assert (other / "checkpoint").read_text() == "kept"


class Scarce:
    """A trainer's update that runs out of memory so many times before it succeeds."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    def __call__(self, *_: Any) -> torch.Tensor:
        self.failures -= 1
        if self.failures >= 0:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return torch.zeros(())


def trainer(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, **changes: Any
) -> PackedTrainer:
    config = write_config(tmp_path, tiny_model, [row(1)], **changes)
    model, _ = prepare(config)
    options = arguments(config.training, tmp_path, 1, 1, torch.float32, "cpu")
    built = PackedTrainer(
        config.training, model=model, args=options, train_dataset=ExampleDataset([]), validation_examples=[]
    )
    monkeypatch.setattr(built, "_update", Scarce(failures))
    return built


@pytest.mark.parametrize(
    ("failures", "checkpointing", "budget"), [(0, False, 1024), (1, True, 1024), (2, True, 512), (3, True, 256)]
)
def test_lack_of_memory_turns_checkpointing_on_and_then_halves_the_rows(
    failures: int, checkpointing: bool, budget: int, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    built = trainer(tiny_model, tmp_path, monkeypatch, failures)
    built.training_step(built.model, [])
    assert (built.checkpointing, built.token_budget) == (checkpointing, budget)
    assert built.model.get_base_model().is_gradient_checkpointing is checkpointing


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"training__gradient_checkpointing": True}, "data.max_length=256"),
        ({"training__gradient_checkpointing": False}, "training.gradient_checkpointing=true"),
    ],
)
def test_when_nothing_is_left_to_save_the_command_that_works_is_named(
    changes: dict[str, Any], remedy: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    built = trainer(tiny_model, tmp_path, monkeypatch, 100, **changes)
    with pytest.raises(UserError, match=remedy):
        built.training_step(built.model, [])


@pytest.mark.parametrize(
    ("checkpointing", "budget", "remedy"),
    [
        (False, 1024, r"training\.gradient_checkpointing=true"),
        (True, 1024, r"training\.token_budget=512"),
        (True, 300, r"data\.max_length=256"),
        (True, None, r"data\.max_length=256"),
    ],
)
def test_one_of_several_processes_stops_instead_of_leaving_the_others_waiting(
    checkpointing: bool,
    budget: int | None,
    remedy: str,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    built = trainer(
        tiny_model,
        tmp_path,
        monkeypatch,
        1,
        training__gradient_checkpointing=checkpointing,
        training__token_budget=budget,
    )
    monkeypatch.setattr(type(built.accelerator), "num_processes", 2)
    with pytest.raises(UserError, match=remedy):
        built.training_step(built.model, [])


def test_a_rising_validation_loss_is_said(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    built = trainer(tiny_model, tmp_path, monkeypatch, 0)
    built.state.log_history = [{"step": 1, "eval_loss": 1.0}]
    built._warn_of_overfitting(1.01)
    assert "rises" not in capsys.readouterr().out
    built._warn_of_overfitting(1.1)
    assert "the validation loss rises (1.100 after 1.000)" in capsys.readouterr().out
