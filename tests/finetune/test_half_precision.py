"""float16, for GPUs without bfloat16: what trains stays float32, and a step that the gradient scaler skips is no failure."""

from pathlib import Path

import pytest
import torch

from benchmark.errors import UserError
from finetune import loss
from finetune.arguments import arguments
from finetune.config import FinetuneConfig, TrainingConfig
from finetune.examples import Example
from finetune.model import prepare
from finetune.train import ExampleDataset, PackedTrainer


def configuration(base: Path, dtype: str, quantization: str = "none") -> FinetuneConfig:
    return FinetuneConfig.model_validate(
        {
            "model": {"pretrained": str(base), "dtype": dtype, "quantization": quantization},
            "lora": {"r": 4},
            "training": {
                "epochs": 1,
                "examples_per_update": 2,
                "optimizer": "adamw_torch",
                "validations": 0,
                "checkpoints": 0,
            },
        }
    )


@pytest.mark.parametrize("quantization", ["none", "nf4"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_what_trains_is_float32(tiny_model: Path, dtype: str, quantization: str):
    model, _ = prepare(configuration(tiny_model, dtype, quantization))
    trained = {name: p.dtype for name, p in model.named_parameters() if p.requires_grad}
    assert trained
    assert all("lora_" in name and found == torch.float32 for name, found in trained.items())
    assert model.get_input_embeddings().weight.dtype == getattr(torch, dtype), "the base is not widened"


def test_skipped_steps_of_the_gradient_scaler_are_no_failure(tiny_model: Path, tmp_path: Path):
    config = configuration(tiny_model, "float32")
    model, _ = prepare(config)
    before = {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
    data = [Example("x", (5, 6, 7), (8, 9, 2))] * 8
    trainer = PackedTrainer(
        config.training,
        model=model,
        args=arguments(config.training, tmp_path, 4, 1, torch.float32, "cpu"),
        train_dataset=ExampleDataset(data),
        validation_examples=[],
    )
    # Scaled like this, gradients overflow in the first step; then the scale falls to an ordinary one.
    trainer.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=3e38, backoff_factor=1e-37)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert len(losses) == 4
    assert all(torch.isfinite(torch.tensor(losses)))
    assert losses[0] == pytest.approx(losses[1]), "the first step was skipped: nothing was learned from it"
    after = dict(model.named_parameters())
    assert all(torch.isfinite(after[name]).all() for name in before)
    assert any(not torch.equal(after[name], value) for name, value in before.items()), "later steps were taken"


def test_activations_beyond_float16_are_explained(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    config = configuration(tiny_model, "float32")
    model, _ = prepare(config)
    options = arguments(config.training, tmp_path, 1, 1, torch.float32, "cpu")
    trainer = PackedTrainer(config.training, model=model, args=options, validation_examples=[])
    trainer.args.fp16 = True
    monkeypatch.setattr(loss, "supervised_loss", lambda hidden, *_: hidden.sum() * float("nan"))
    with pytest.raises(UserError, match=r"model\.dtype=float32"):
        trainer.training_step(model, [Example("x", (5, 6), (7, 2))])


def test_float16_on_a_cpu_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="a CPU trains in"):
        arguments(TrainingConfig(), tmp_path, 1, 1, torch.float16, "cpu")
