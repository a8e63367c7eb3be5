"""A configuration's training section as arguments of `transformers.Trainer`."""

import math
from pathlib import Path

import torch
from transformers import TrainingArguments

from benchmark.errors import UserError
from finetune.checkpoints import KEPT
from finetune.config import TrainingConfig


def arguments(
    training: TrainingConfig, workspace: Path, updates: int, world: int, dtype: torch.dtype, device: str
) -> TrainingArguments:
    """The Trainer's arguments for a configuration.

    Args:
        updates: optimizer steps in the whole training.
        world: processes that train together.
        dtype: compute type; float16 trains under a gradient scaler, adapter weights stay float32.
        device: where the model is: `cpu`, `cuda`, ….
    """
    if training.examples_per_update % world:
        raise UserError(
            f"training.examples_per_update={training.examples_per_update}: not divisible by {world} processes"
        )
    on_cpu = not device.startswith("cuda")
    if on_cpu and dtype == torch.float16:
        raise UserError("model.dtype=float16: a CPU trains in bfloat16 or float32; set model.dtype=auto")
    every = lambda times: max(1, math.ceil(updates / times)) if times else None  # noqa: E731
    made = TrainingArguments(
        output_dir=str(workspace),
        num_train_epochs=training.epochs,
        per_device_train_batch_size=training.examples_per_update // world,
        learning_rate=training.learning_rate,
        lr_scheduler_type=training.scheduler,
        warmup_steps=round(training.warmup_ratio * updates),
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        optim=_optimizer(training.optimizer, on_cpu),
        bf16=dtype == torch.bfloat16,
        fp16=dtype == torch.float16,
        use_cpu=on_cpu,
        eval_strategy="steps" if training.validations else "no",
        eval_steps=every(training.validations),
        save_strategy="steps" if training.checkpoints else "no",
        save_steps=every(training.checkpoints) or 500,
        save_total_limit=KEPT,
        logging_steps=1,
        seed=training.seed,
        data_seed=training.seed,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
        average_tokens_across_devices=False,
        ddp_find_unused_parameters=False,
        report_to=[],
        disable_tqdm=True,
        log_level="error",
    )
    if not on_cpu:
        _ = made.device  # asking for it is what counts the GPUs
        # One process trains on one: with all that it sees the Trainer would take that many times the examples.
        made._n_gpu = 1
    return made


def _optimizer(name: str, on_cpu: bool) -> str:
    # Paging moves optimizer state between GPU and host; a CPU has nowhere to page to.
    return "adamw_bnb_8bit" if on_cpu and name == "paged_adamw_8bit" else name


def planned_updates(training: TrainingConfig, examples: int) -> int:
    """Optimizer steps that a configuration makes of so many examples."""
    return max(1, math.ceil(math.ceil(examples / training.examples_per_update) * training.epochs))
