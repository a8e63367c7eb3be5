"""The trainings that training_speed.py times: the widespread recipe, TRL's trainer and ours over the same examples."""

import contextlib
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from random_model import random_nf4_mistral
from transformers import Trainer, TrainingArguments

from finetune import estimate
from finetune.arguments import arguments
from finetune.config import DataConfig, FinetuneConfig, LoraConfig, ModelConfig, TrainingConfig, load_config
from finetune.examples import Example
from finetune.model import add_adapter, ready
from finetune.texts import training_texts
from finetune.train import ExampleDataset, PackedTrainer

PER_UPDATE, MANY_PER_UPDATE = 16, 100
CHARACTERS_PER_TOKEN = 3
CONFIGS = Path(__file__).parents[2] / "finetune" / "configs"


@dataclass
class Settings:
    """What all variants share."""

    sizes: dict[str, int]
    device: str
    dtype: torch.dtype
    examples: list[Example]
    per_update: int
    updates: int
    """Warm-up included."""
    workspace: str
    callback: Any


def lengths_as_examples(count: int, vocabulary: int, *, shortened: int = 1) -> list[Example]:
    """Random tokens in the lengths of the calculation tasks' training examples, over and over.

    Args:
        shortened: by how much the examples are shorter than that.
    """
    texts = training_texts(DataConfig(tasks=["rufin_calculation"], limit_per_task=454), seed=0)
    rng = random.Random(0)
    each = CHARACTERS_PER_TOKEN * shortened
    draw = lambda text: tuple(rng.randrange(3, vocabulary) for _ in range(len(text) // each + 1))  # noqa: E731
    repeated = itertools.islice(itertools.cycle(texts), count)
    return [Example(text.source, draw(text.prompt), draw(text.answer)) for text in repeated]


def hf(settings: Settings, *, checkpointing: bool) -> Trainer:
    """The widespread recipe: peft's preparation, plain loss over all positions, one example a row."""
    from peft import prepare_model_for_kbit_training

    base = random_nf4_mistral(settings.sizes, settings.device, settings.dtype)
    base = prepare_model_for_kbit_training(base, use_gradient_checkpointing=checkpointing)
    base.config.use_cache = False
    options = _reference_arguments(settings, settings.per_update) | {"gradient_checkpointing": checkpointing}
    return Trainer(
        model=_lora(base, dropout=0.1),
        args=TrainingArguments(**options),
        train_dataset=[_as_labelled(example) for example in settings.examples],
        data_collator=lambda rows: {key: torch.tensor([row[key] for row in rows]) for key in rows[0]},
        callbacks=[settings.callback],
    )


def trl(settings: Settings, *, padding_free: bool, checkpointing: bool = True) -> Trainer:
    """TRL's SFTTrainer with its own defaults; padding-free runs an update's examples as one row."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    base = random_nf4_mistral(settings.sizes, settings.device, settings.dtype)
    accumulation = 1 if padding_free else settings.per_update
    options = _reference_arguments(settings, accumulation) | {"gradient_checkpointing": checkpointing}
    rows = [
        {
            "input_ids": [*example.prompt_ids, *example.answer_ids],
            "completion_mask": [0] * len(example.prompt_ids) + [1] * len(example.answer_ids),
        }
        for example in settings.examples
    ]
    return SFTTrainer(
        model=_lora(base, dropout=0.0),
        args=SFTConfig(**options, max_length=None, padding_free=padding_free, completion_only_loss=True),
        train_dataset=Dataset.from_list(rows),
        processing_class=_two_word_tokenizer(),
        callbacks=[settings.callback],
    )


def ours(
    settings: Settings, *, config: str = "rufin", plain: bool = False, liger: bool = False, **changes: Any
) -> Trainer:
    """This project's trainer with a shipped configuration's training section.

    Args:
        plain: with PEFT's layers, masked attention, transformers' norms and packed scales instead of our own.
        liger: with Liger's rotary embedding and SwiGLU on top.
        changes: keys of that section.
    """
    shipped = load_config(CONFIGS / f"{config}.yaml").training
    fixed = {"epochs": 1, "examples_per_update": settings.per_update, "validations": 0, "checkpoints": 0}
    training = TrainingConfig.model_validate(shipped.model_dump() | fixed | changes)
    whole = FinetuneConfig(model=ModelConfig(pretrained="random"), lora=LoraConfig(alpha=64), training=training)
    base = random_nf4_mistral(settings.sizes, settings.device, settings.dtype)
    if liger:
        _with_liger(base)
    with _without_our_operations() if plain else contextlib.nullcontext():
        model = add_adapter(base, whole)
        training = ready(model, whole, settings.examples)
    trainer = PackedTrainer(
        training,
        model=model,
        args=arguments(training, Path(settings.workspace), settings.updates, 1, settings.dtype, settings.device),
        train_dataset=ExampleDataset(settings.examples),
        validation_examples=[],
        callbacks=[settings.callback],
    )
    trainer.attention = base.config._attn_implementation
    return trainer


def _with_liger(base: Any) -> None:
    from liger_kernel.transformers import apply_liger_kernel_to_mistral

    apply_liger_kernel_to_mistral(rope=True, swiglu=True, rms_norm=False, fused_linear_cross_entropy=False, model=base)


@contextlib.contextmanager
def _without_our_operations() -> Iterator[None]:
    names = ("lora.install", "lora.unpack_scales", "model.norms.fuse", "model.choose_attention")
    with contextlib.ExitStack() as patches:
        for name in names:
            patches.enter_context(mock.patch(f"finetune.{name}"))
        yield


def training_flops(settings: Settings, trainer: Trainer, examples: list[Example]) -> float:
    """Operations that the examples need, nothing computed twice."""
    config = trainer.accelerator.unwrap_model(trainer.model).config
    sizes = estimate.architecture(config, LoraConfig(r=64))
    tokens, supervised = sum(map(len, examples)), sum(len(example.answer_ids) for example in examples)
    return estimate.operations(sizes, tokens, supervised, checkpointing=False)


def _reference_arguments(settings: Settings, accumulation: int) -> dict[str, Any]:
    on_cpu = settings.device == "cpu"
    return {
        "output_dir": settings.workspace,
        "per_device_train_batch_size": settings.per_update // accumulation,
        "gradient_accumulation_steps": accumulation,
        "num_train_epochs": 1,
        "learning_rate": 2e-4,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 1,
        "max_grad_norm": 0.3,
        "optim": "adamw_torch" if on_cpu else "paged_adamw_8bit",
        "bf16": settings.dtype == torch.bfloat16,
        "fp16": settings.dtype == torch.float16,
        "use_cpu": on_cpu,
        "save_strategy": "no",
        "logging_steps": 1,
        "remove_unused_columns": False,
        "report_to": [],
        "disable_tqdm": True,
        "log_level": "error",
    }


def _lora(base: Any, dropout: float) -> Any:
    from peft import LoraConfig as PeftLoraConfig
    from peft import get_peft_model

    config = PeftLoraConfig(
        r=64, lora_alpha=16, lora_dropout=dropout, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    return get_peft_model(base, config)


def _as_labelled(example: Example) -> dict[str, list[int]]:
    ids = [*example.prompt_ids, *example.answer_ids]
    labels = [-100] * len(example.prompt_ids) + [*example.answer_ids]
    return {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels}


def _two_word_tokenizer() -> Any:
    """TRL asks for a tokenizer even where nothing is left to tokenize."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"<pad>": 0, "<eos>": 1}, unk_token="<pad>"))
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="<eos>")


@dataclass(frozen=True)
class Variant:
    """One training to time."""

    title: str
    build: Callable[[Settings], Trainer]
    per_update: int = PER_UPDATE


VARIANTS = {
    "A0": Variant("Reference recipe: HF Trainer, 1×16, checkpointing", lambda s: hf(s, checkpointing=True)),
    "A1": Variant("A0 without checkpointing", lambda s: hf(s, checkpointing=False)),
    "A2": Variant("TRL SFTTrainer, 1×16", lambda s: trl(s, padding_free=False)),
    "A3": Variant("TRL SFTTrainer, padding-free, 16×1", lambda s: trl(s, padding_free=True)),
    "A3n": Variant("A3 without checkpointing", lambda s: trl(s, padding_free=True, checkpointing=False)),
    "A4": Variant("rufin.yaml, 2,048 tokens", lambda s: ours(s, token_budget=2048)),
    "A5": Variant("rufin.yaml: 4,096 tokens", lambda s: ours(s)),
    "A5c": Variant("A5 with checkpointing, as on an 8 GB card", lambda s: ours(s, gradient_checkpointing=True)),
    "A5p": Variant("A5c without our own operations", lambda s: ours(s, plain=True, gradient_checkpointing=True)),
    "A5f": Variant("A5 with 100 examples an update: full rows", lambda s: ours(s), MANY_PER_UPDATE),
    "A5l": Variant("A5f with Liger's rotary embedding and SwiGLU", lambda s: ours(s, liger=True), MANY_PER_UPDATE),
    "A6": Variant("rufin.yaml, 8,192 tokens", lambda s: ours(s, token_budget=8192)),
    "A7": Variant("low_memory.yaml: 1,024 tokens", lambda s: ours(s, config="low_memory")),
}  # fmt: skip
