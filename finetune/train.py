"""QLoRA training: a thin `transformers.Trainer` whose step runs an update's examples as packed rows.

rufinbench finetune --config finetune/configs/rufin.yaml --output adapters/mine
"""

import contextlib
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from safetensors import SafetensorError
from torch.utils.data import Dataset
from transformers import PrinterCallback, ProgressCallback, Trainer

from benchmark.errors import UserError, first_line
from benchmark.systems.kernels import cudnn_attention
from finetune.arguments import arguments, planned_updates
from finetune.checkpoints import Spent, newest, seal
from finetune.config import TrainingConfig
from finetune.examples import Example
from finetune.model import checkpoint, evaluating
from finetune.packing import as_row, pack
from finetune.progress import TokenProgress

SMALLEST_BUDGET = 256
NOTHING = Spent()


class ExampleDataset(Dataset):
    """A sequence of examples as torch wants it."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, position: int) -> Example:
        return self._examples[position]


class PackedTrainer(Trainer):
    """One batch is one update: its examples run as rows of at most `token_budget` tokens, gradients added up.

    The loss is the mean over the update's supervised tokens (or examples), whatever the rows; so the gradient does
    not depend on how examples were packed.
    """

    def __init__(
        self,
        training: TrainingConfig,
        validation_examples: Sequence[Example],
        earlier: Spent = NOTHING,
        **arguments: Any,
    ) -> None:
        """A trainer of one configuration.

        Args:
            earlier: what was spent up to the checkpoint that it goes on from.
        """
        super().__init__(data_collator=_as_they_are, **arguments)
        self.training = training
        self.validation_examples = validation_examples
        self.token_budget = training.token_budget
        self.checkpointing = training.gradient_checkpointing is True
        self.earlier = earlier
        self.tokens_seen = 0
        self.started = time.monotonic()
        self.progress = TokenProgress(self)

    def spent(self) -> Spent:
        """Tokens and seconds so far, those before an interruption included."""
        seconds = self.earlier.seconds + time.monotonic() - self.started
        return Spent(self.earlier.tokens + self.tokens_seen, round(seconds, 1))

    def _save_checkpoint(self, *arguments: Any) -> None:
        try:
            super()._save_checkpoint(*arguments)
        except (OSError, RuntimeError, SafetensorError) as error:  # what torch and safetensors make of a full disk
            raise UserError(
                f"{self.args.output_dir}: the checkpoint of step {self.state.global_step} could not be written "
                f"({first_line(error)}); is the disk full? Free some space and give the same command again: it goes on "
                "from the checkpoint before, or set training.checkpoints=0"
            ) from error
        self.accelerator.wait_for_everyone()  # each process writes its own random state
        if self.is_world_process_zero():
            seal(Path(str(self.args.output_dir)), self.state.global_step, self.spent())

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """Forward and backward over one update; on lack of memory, again with less."""
        model.train()
        while True:
            try:
                return self._update(model, inputs)
            except torch.cuda.OutOfMemoryError:
                pass  # only behind the handler are the failed row's tensors free: the error's frames hold them
            self._save_memory(model)

    @cudnn_attention(allowed=False)  # for the backward pass too, which may compute a layer again
    def _update(self, model: Any, examples: list[Example]) -> torch.Tensor:
        rows = pack(examples, self.token_budget)
        world = self.accelerator.num_processes
        weight, tokens = self._counts(examples)
        total = torch.zeros((), device=self.args.device)
        for position, row in enumerate(rows):
            last = position == len(rows) - 1
            # Gradients travel between GPUs once an update, with the last row.
            with contextlib.nullcontext() if last else self.accelerator.no_sync(model):
                with self.compute_loss_context_manager():
                    loss = self._row_loss(model, row) * (world / weight)
                self.accelerator.backward(loss)
            total += loss.detach()
        if not torch.isfinite(total):
            remedy = "set model.dtype=float32: float16 is too narrow for some models' activations"
            raise UserError(
                f"step {self.state.global_step + 1}: the loss is {float(total)}; "
                f"{remedy if self.args.fp16 else 'lower training.learning_rate'} and train anew"
            )
        self.tokens_seen += tokens
        # The Trainer logs the processes' mean, which is the loss of all their examples together.
        return total

    def _row_loss(self, model: Any, row: list[Example]) -> torch.Tensor:
        return model(**as_row(row, self.args.device, example_mean=self.training.loss == "example_mean"))["loss"]

    def _counts(self, examples: list[Example]) -> tuple[int, int]:
        """What the loss of an update is divided by, and its tokens, over all processes."""
        by_token = self.training.loss == "token_mean"
        weight = sum(len(example.answer_ids) for example in examples) if by_token else len(examples)
        counts = weight, sum(map(len, examples))
        if self.accelerator.num_processes == 1:
            return counts
        weight, tokens = self.accelerator.reduce(torch.tensor(counts, device=self.args.device), "sum").tolist()
        return weight, tokens

    def _save_memory(self, model: Any) -> None:
        """Go on with checkpointing where it was left to us, then with half the budget; else say what to change."""
        torch.cuda.empty_cache()
        model.zero_grad()
        smaller = (self.token_budget or 0) // 2
        if self.accelerator.num_processes > 1:
            # One process alone must not repeat an update: the others wait for its gradients.
            raise UserError(f"out of GPU memory; give the command again with --set {self._memory_remedy(smaller)}")
        if self.training.gradient_checkpointing == "auto" and not self.checkpointing:
            self.accelerator.print("out of GPU memory: going on with training.gradient_checkpointing=true")
            checkpoint(model)
            self.checkpointing = True
        elif smaller >= SMALLEST_BUDGET:
            self.accelerator.print(f"out of GPU memory: going on with training.token_budget={smaller}")
            self.token_budget = smaller
        else:
            remedy = self._memory_remedy(smaller)
            raise UserError(f"out of GPU memory with the smallest rows; give the command again with --set {remedy}")

    def _memory_remedy(self, smaller: int) -> str:
        """What makes rows cheaper: checkpointing, then shorter rows, then without the longest examples."""
        if not self.checkpointing:
            return "training.gradient_checkpointing=true (it goes on from the last checkpoint)"
        if smaller >= SMALLEST_BUDGET:
            return f"training.token_budget={smaller} (it goes on from the last checkpoint)"
        return f"data.max_length={SMALLEST_BUDGET} (longer examples are left out, so it trains anew)"

    @cudnn_attention(allowed=False)
    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Mean cross-entropy of a supervised token over the validation examples."""
        model = self.accelerator.unwrap_model(self.model)
        examples = list(self.validation_examples)
        with evaluating(model), self.compute_loss_context_manager():
            losses = [model(**as_row(row, self.args.device))["loss"] for row in pack(examples, self.token_budget)]
        value = float(torch.stack(losses).sum()) / sum(len(example.answer_ids) for example in examples)
        metrics = {f"{metric_key_prefix}_loss": value}
        self._warn_of_overfitting(value)
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _warn_of_overfitting(self, value: float) -> None:
        best = min((entry["eval_loss"] for entry in self.state.log_history if "eval_loss" in entry), default=math.inf)
        if value > 1.02 * best:
            self.accelerator.print(
                f"step {self.state.global_step}: the validation loss rises ({value:.3f} after {best:.3f}); fewer epochs may do"
            )


def train(
    model: Any,
    training: TrainingConfig,
    train_examples: Sequence[Example],
    validation_examples: Sequence[Example],
    workspace: Path,
    dtype: torch.dtype,
) -> PackedTrainer:
    """Run the training, from the last whole checkpoint in `workspace` where there is one; return the trainer."""
    updates = planned_updates(training, len(train_examples))
    has_validation = bool(validation_examples) and training.validations > 0
    settings = training if has_validation else training.model_copy(update={"validations": 0})
    device = next(model.parameters()).device.type
    checkpoint_folder, earlier = newest(workspace)
    trainer = PackedTrainer(
        settings,
        model=model,
        args=arguments(settings, workspace, updates, processes(device).num_processes, dtype, device),
        earlier=earlier,
        train_dataset=ExampleDataset(train_examples),
        validation_examples=validation_examples,
        # The Trainer wants a dataset before it evaluates at all; `evaluate` reads the examples themselves.
        eval_dataset=ExampleDataset(validation_examples) if has_validation else None,
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    trainer.add_callback(trainer.progress)
    if training.validations and not has_validation:
        trainer.accelerator.print(
            "no validation loss: data.tasks have no validation split, data.validation_files is empty"
        )
    workspace.mkdir(parents=True, exist_ok=True)
    trainer.train(resume_from_checkpoint=str(checkpoint_folder) if checkpoint_folder else None)
    return trainer


def processes(device: str) -> PartialState:
    """This process among those that a launcher started; where the device is no GPU they are joined on the CPU."""
    return PartialState(cpu=not device.startswith("cuda"))


def _as_they_are(examples: list[Example]) -> Any:
    """The collator: rows are packed in the training step, where the budget can still shrink."""
    return examples
