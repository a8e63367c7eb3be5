"""The training's progress bar: loss, learning rate, tokens a second, memory, time left."""

import sys
import time
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from benchmark.runs.provenance import peak_memory_bytes

if TYPE_CHECKING:
    from finetune.train import PackedTrainer


class TokenProgress(TrainerCallback):
    """One bar over all updates, on the first process only."""

    def __init__(self, trainer: "PackedTrainer") -> None:
        self._trainer = trainer
        self._bar: Any = None
        self.update_ends: list[float] = []
        """Seconds from the start of training to the end of each update made in this process."""

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.is_world_process_zero:
            self._bar = tqdm(
                total=state.max_steps, initial=state.global_step, desc="Fine-tuning", unit="step", file=sys.stderr
            )

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.update_ends.append(round(time.monotonic() - self._trainer.started, 3))
        if self._bar is not None:
            self._bar.update(1)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        if self._bar is None or not logs or "loss" not in logs:
            return
        rate = self._trainer.tokens_seen / max(time.monotonic() - self._trainer.started, 1e-9)
        gib = max(peak_memory_bytes().values()) / 2**30
        self._bar.set_postfix_str(
            f"loss {logs['loss']:.3f}, lr {logs.get('learning_rate', 0):.1e}, {rate:,.0f} tokens/s, {gib:.1f} GiB"
        )

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._bar is not None:
            self._bar.close()
