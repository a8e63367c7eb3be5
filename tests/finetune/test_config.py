"""Training configurations: those shipped, and mistakes in one's own."""

from pathlib import Path

import pytest

import finetune
from benchmark.errors import UserError
from finetune.config import load_config

SHIPPED = sorted((Path(finetune.__file__).parent / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_config_loads_and_shows_its_command(path: Path):
    load_config(path)
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(f"# rufinbench finetune --config finetune/configs/{path.name}")


def test_the_reference_recipe_is_the_published_one():
    config = load_config(next(path for path in SHIPPED if path.stem == "reference"))
    assert (config.lora.r, config.lora.alpha) == (64, 16)
    training = config.training
    assert (training.epochs, training.learning_rate, training.scheduler) == (3, 2e-4, "cosine")
    assert (training.examples_per_update, training.token_budget, training.warmup_ratio) == (16, None, 0.03)
    assert (training.optimizer, training.gradient_checkpointing) == ("paged_adamw_8bit", True)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: {pretrained: x}\nlora: {rank: 8}", "unknown key 'lora.rank'; known there: r, alpha"),
        ("model: {pretrained: x}\nlearning_rate: 1", "unknown key 'learning_rate'"),
        ("lora: {r: 8}", "key 'model'"),
        ("model: {pretrained: x, quantization: nf3}", "key 'model.quantization'"),
        ("model: {pretrained: x}\ntraining: {epochs: 0}", "key 'training.epochs'"),
        ("model: {pretrained: x}\ndata: {tasks: []}", "nothing to train on"),
        ("model: [", "not YAML"),
        ("just words", "expected the sections"),
    ],
)
def test_a_mistake_names_file_and_key(text: str, message: str, tmp_path: Path):
    with pytest.raises(UserError) as caught:
        load_config(write(tmp_path, text))
    assert message in str(caught.value)
    assert "config.yaml" in str(caught.value)


def test_overrides_are_applied_and_checked(tmp_path: Path):
    path = write(tmp_path, "model: {pretrained: x}")
    config = load_config(path, ["training.epochs=1", "training.token_budget=null", "data.tasks=[rufin_esg_risk]"])
    assert (config.training.epochs, config.training.token_budget, config.data.tasks) == (1, None, ["rufin_esg_risk"])
    with pytest.raises(UserError, match="write key=value"):
        load_config(path, ["training.epochs"])
    with pytest.raises(UserError, match="a value, not a section"):
        load_config(path, ["model.pretrained.name=x"])
