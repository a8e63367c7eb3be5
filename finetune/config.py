"""The training configuration: one YAML file, every key known, every contradiction explained."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmark.errors import UserError, misfit
from benchmark.systems.dtype import Dtype


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ModelConfig(_Section):
    """The base model."""

    pretrained: str
    """Hub id, directory, GGUF file or `embedded`."""
    revision: str | None = None
    quantization: Literal["none", "nf4", "int8"] = "nf4"
    dtype: Dtype = "auto"
    """Compute type; `auto` takes bfloat16 where the device has it, float16 on older GPUs (float32 for models that
    overflow it), else float32."""
    trust_remote_code: bool = False


class DataConfig(_Section):
    """What is trained on."""

    tasks: list[str] = ["rufin"]
    """lm-eval tasks or groups; their training split, in their own prompt."""
    include_paths: list[Path] = []
    """Folders with lm-eval tasks of your own, which `tasks` may name then."""
    files: list[Path] = []
    """JSONL files of your own, rows {"instruction", "output", "category"}."""
    validation_files: list[Path] = []
    """The same of examples that are not trained on: the validation loss is taken on them beside the tasks' own."""
    weights: dict[str, float] = {}
    """How often an epoch shows the examples of a task, a group or a file: 2.0 twice, 0.5 a random half; 1.0 if not
    named."""
    limit_per_task: int | None = Field(None, gt=0)
    """Only so many examples of each task (the same random ones for the same seed)."""
    apply_chat_template: bool = False
    max_length: int = Field(2048, ge=16)
    """Examples longer than this many tokens are dropped and counted, never cut."""

    @model_validator(mode="after")
    def _something_to_train_on(self) -> "DataConfig":
        if not self.tasks and not self.files:
            raise ValueError("nothing to train on: name data.tasks or data.files")
        return self


class LoraConfig(_Section):
    """The adapter (Hu et al., 2021)."""

    r: int = Field(64, gt=0, le=8192)
    alpha: int = Field(16, gt=0)
    """The update is scaled by alpha / r, or alpha / √r with rslora."""
    dropout: float = Field(0.0, ge=0, lt=1)
    target_modules: str | list[str] = "all-linear"
    rslora: bool = False


class TrainingConfig(_Section):
    """The optimization."""

    epochs: float = Field(3.0, gt=0)
    examples_per_update: int = Field(16, gt=0)
    token_budget: int | None = Field(2048, ge=1)
    """Tokens of a padding-free row into which an update's examples are packed; null runs one example a row."""
    loss: Literal["token_mean", "example_mean"] = "token_mean"
    """Whether every supervised token of an update weighs the same, or every example does."""
    learning_rate: float = Field(2e-4, gt=0)
    scheduler: Literal["cosine", "linear", "constant_with_warmup"] = "cosine"
    warmup_ratio: float = Field(0.03, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    optimizer: Literal["adamw_bnb_8bit", "paged_adamw_8bit", "adamw_torch"] = "adamw_bnb_8bit"
    gradient_checkpointing: bool | Literal["auto"] = "auto"
    """Compute activations twice instead of keeping them; `auto` does so on a GPU where they would not fit."""
    validations: int = Field(4, ge=0)
    """How many times the validation loss is measured over the training; 0 never."""
    validation_examples: int = Field(64, gt=0)
    checkpoints: int = Field(4, ge=0)
    """How many times a checkpoint to resume from is written over the training."""
    seed: int = Field(0, ge=0, lt=2**32)


class FinetuneConfig(_Section):
    """A whole configuration file."""

    model: ModelConfig
    data: DataConfig = DataConfig()
    lora: LoraConfig = LoraConfig()
    training: TrainingConfig = TrainingConfig()


def load_config(path: Path, overrides: list[str] | None = None) -> FinetuneConfig:
    """A configuration file with `key=value` overrides such as `training.epochs=1` applied.

    Raises:
        UserError: the file is missing or no YAML, a key is unknown or missing, a value is out of range.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"--config {path}: {error.strerror}; see finetune/configs/ for examples") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"--config {path}: not YAML in UTF-8: {' '.join(str(error).split())}") from error
    if not isinstance(raw, dict):
        raise UserError(f"--config {path}: expected the sections model, data, lora, training")
    for override in overrides or []:
        _apply(raw, override)
    try:
        return FinetuneConfig.model_validate(raw)
    except ValidationError as error:
        raise UserError(f"--config {path}: {_explain(error)}") from error


def _apply(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise UserError(f"--set {override}: write key=value, for example training.epochs=1")
    *sections, last = key.split(".")
    for section in sections:
        raw = raw.setdefault(section, {})
        if not isinstance(raw, dict):
            raise UserError(f"--set {override}: {section} is a value, not a section")
    try:
        raw[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UserError(f"--set {override}: the value is not YAML; put it into quotes") from error


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] == "extra_forbidden":
        key = ".".join(str(part) for part in first["loc"])
        return f"unknown key {key!r}; known there: {', '.join(_known(first['loc']))}"
    return misfit(error)


def _known(location: tuple[int | str, ...]) -> list[str]:
    fields = FinetuneConfig.model_fields
    if len(location) > 1:
        section = fields[str(location[0])].annotation
        fields = section.model_fields  # type: ignore[union-attr]
    return list(fields)
