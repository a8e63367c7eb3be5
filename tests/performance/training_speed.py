"""How fast QLoRA trains Mistral-7B's architecture: the widespread recipe, TRL and ours, in one process on one GPU.

    python tests/performance/training_speed.py --output training-speed
    python tests/performance/training_speed.py --tiny --output /tmp/dry-run     # does it run? on a CPU too, a minute

The weights are random (speed and memory do not depend on them), the lengths are those of the calculation tasks'
training split, characters / 3 standing for Mistral's tokens. Every variant sees the same examples in the same order.
Writes OUTPUT.json and OUTPUT.md, and OUTPUT.profile.txt with --profile.
"""

import argparse
import gc
import importlib.metadata
import itertools
import json
import random
import statistics
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from random_model import MISTRAL_7B, TINY, random_nf4_mistral, training_flops
from torch.utils.data import SequentialSampler
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from benchmark import provenance
from finetune.config import DataConfig, FinetuneConfig, LoraConfig, ModelConfig, TrainingConfig
from finetune.examples import Example, read_texts
from finetune.model import add_adapter
from finetune.train import ExampleDataset, PackedTrainer, arguments

EXAMPLES, EPOCHS, PER_UPDATE = 454, 3, 16
CHARACTERS_PER_TOKEN = 3


@dataclass
class Settings:
    """What all variants share."""

    sizes: dict[str, int]
    device: str
    dtype: torch.dtype
    examples: list[Example]
    warmup: int
    updates: int
    workspace: str


@dataclass
class Clock(TrainerCallback):
    """Seconds between the ends of updates, the first of them a warm-up; optionally a profile of the last update."""

    profiler: Any = None
    last: int = 0
    ends: list[float] = field(default_factory=list)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.ends.append(time.perf_counter())
        if self.profiler and state.global_step == self.last - 1:
            self.profiler.start()
        elif self.profiler and state.global_step == self.last:
            self.profiler.stop()


def lengths_as_examples(count: int, vocabulary: int) -> list[Example]:
    """Random tokens in the lengths of the calculation tasks' training examples."""
    texts = read_texts(DataConfig(tasks=["rufin_calculation"], limit_per_task=count), "train", seed=0)
    rng = random.Random(0)
    draw = lambda text: tuple(rng.randrange(3, vocabulary) for _ in range(len(text) // CHARACTERS_PER_TOKEN + 1))  # noqa: E731
    return [Example(text.source, draw(text.prompt), draw(text.answer)) for text in texts]


# ---- The variants: each builds a trainer over the settings' examples that makes warmup + updates updates.


def hf(settings: Settings, clock: Clock, *, checkpointing: bool) -> Trainer:
    """The widespread recipe: peft's preparation, plain loss over all positions, one example a row."""
    from peft import prepare_model_for_kbit_training

    base = random_nf4_mistral(settings.sizes, settings.device, settings.dtype)
    base = prepare_model_for_kbit_training(base, use_gradient_checkpointing=checkpointing)
    base.config.use_cache = False
    options = _reference_arguments(settings, PER_UPDATE) | {"gradient_checkpointing": checkpointing}
    return Trainer(
        model=_lora(base, dropout=0.1),
        args=TrainingArguments(**options),
        train_dataset=[_as_labelled(example) for example in settings.examples],
        data_collator=lambda rows: {key: torch.tensor([row[key] for row in rows]) for key in rows[0]},
        callbacks=[clock],
    )


def trl(settings: Settings, clock: Clock, *, padding_free: bool) -> Trainer:
    """TRL's SFTTrainer with its own defaults; padding-free runs an update's examples as one row."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    base = random_nf4_mistral(settings.sizes, settings.device, settings.dtype)
    accumulation = 1 if padding_free else PER_UPDATE
    options = _reference_arguments(settings, accumulation) | {"gradient_checkpointing": True}
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
        callbacks=[clock],
    )


def ours(settings: Settings, clock: Clock, *, budget: int, checkpointing: bool) -> Trainer:
    """This project's own trainer."""
    training = TrainingConfig(
        epochs=1,
        examples_per_update=PER_UPDATE,
        token_budget=budget,
        gradient_checkpointing=checkpointing,
        validations=0,
        checkpoints=0,
    )
    config = FinetuneConfig(model=ModelConfig(pretrained="random"), lora=LoraConfig(), training=training)
    base = random_nf4_mistral(settings.sizes, settings.device, settings.dtype)
    updates = settings.warmup + settings.updates
    return PackedTrainer(
        training,
        model=add_adapter(base, config),
        args=arguments(training, Path(settings.workspace), updates, 1, settings.dtype),
        train_dataset=ExampleDataset(settings.examples),
        validation_examples=[],
        callbacks=[clock],
    )


def _reference_arguments(settings: Settings, accumulation: int) -> dict[str, Any]:
    on_cpu = settings.device == "cpu"
    return {
        "output_dir": settings.workspace,
        "per_device_train_batch_size": PER_UPDATE // accumulation,
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


Build = Callable[[Settings, Clock], Trainer]
VARIANTS: dict[str, tuple[str, bool, Build]] = {
    "A0": ("Reference recipe: HF Trainer, 1×16, checkpointing", True, lambda s, c: hf(s, c, checkpointing=True)),
    "A1": ("A0 without checkpointing", False, lambda s, c: hf(s, c, checkpointing=False)),
    "A2": ("TRL SFTTrainer, 1×16", True, lambda s, c: trl(s, c, padding_free=False)),
    "A3": ("TRL SFTTrainer, padding-free, 16×1", True, lambda s, c: trl(s, c, padding_free=True)),
    "A4": ("Ours, 2,048 tokens", True, lambda s, c: ours(s, c, budget=2048, checkpointing=True)),
    "A5": ("Ours, 4,096 tokens", True, lambda s, c: ours(s, c, budget=4096, checkpointing=True)),
    "A6": ("Ours, 8,192 tokens", True, lambda s, c: ours(s, c, budget=8192, checkpointing=True)),
    "A4n": ("A4 without checkpointing", False, lambda s, c: ours(s, c, budget=2048, checkpointing=False)),
    "A5n": ("A5 without checkpointing", False, lambda s, c: ours(s, c, budget=4096, checkpointing=False)),
    "A7": ("Ours, low memory: 512 tokens", True, lambda s, c: ours(s, c, budget=512, checkpointing=True)),
}
PROFILED = "A5"


# ---- Measuring


def measure(name: str, settings: Settings, matmul: float, profiler: Any = None) -> dict[str, Any]:
    """One variant's figures, or its error."""
    title, checkpointing, build = VARIANTS[name]
    row: dict[str, Any] = {"variant": name, "title": title, "checkpointing": checkpointing}
    clock = Clock(profiler, settings.warmup + settings.updates)
    try:
        trainer = build(settings, clock)
        trainer._get_train_sampler = lambda *_, **__: SequentialSampler(settings.examples)
        trainer.remove_callback(PrinterCallback)
        _reset_memory()
        trainer.train()
        row |= _figures(clock, settings, trainer, matmul) | _peak_memory()
    except Exception as error:  # a variant that fails must not take the others' figures with it
        traceback.print_exc()
        row["error"] = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return row


def _figures(clock: Clock, settings: Settings, trainer: Trainer, matmul: float) -> dict[str, Any]:
    ends = clock.ends[settings.warmup - 1 :]
    seconds = [end - start for start, end in itertools.pairwise(ends)]
    measured = settings.examples[settings.warmup * PER_UPDATE :]
    tokens = sum(len(example) for example in measured)
    supervised = sum(len(example.answer_ids) for example in measured)
    flops = training_flops(trainer.accelerator.unwrap_model(trainer.model), tokens, supervised)
    per_update = statistics.median(seconds)
    return {
        "seconds_per_update": per_update,
        "seconds": seconds,
        "examples_per_second": PER_UPDATE / per_update,
        "tokens_per_second": tokens / sum(seconds),
        "model_flop_utilization": flops / sum(seconds) / matmul,
        "full_run_seconds": per_update * EPOCHS * EXAMPLES / PER_UPDATE,
        "last_loss": next((e["loss"] for e in reversed(trainer.state.log_history) if "loss" in e), None),
        "token_budget": getattr(trainer, "token_budget", None),
    }


def _reset_memory() -> None:
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak_memory() -> dict[str, float]:
    if not torch.cuda.is_available():
        return {}
    peaks = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
    return {"peak_allocated_gib": peaks[0] / 2**30, "peak_reserved_gib": peaks[1] / 2**30}


def matmul_flops(device: str, dtype: torch.dtype) -> float:
    """Operations a second of a large matrix product on random data."""
    size = 8192 if device == "cuda" else 256
    left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    for _ in range(3):
        left @ right
    wait()
    started = time.perf_counter()
    for _ in range(10):
        left @ right
    wait()
    return 10 * 2 * size**3 / (time.perf_counter() - started)


def as_markdown(result: dict[str, Any]) -> str:
    """The result as a table; ratios are to the first variant measured."""
    device, versions = result["device"], ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    head = "| | variant | s/update | examples/s | ratio | tokens/s | model FLOP utilization | 3 epochs of 454, s | peak allocated, GiB | peak reserved, GiB |"
    lines = [
        f"{device['name']}, matrix product {result['matmul_tflops']:.0f} TFLOP/s; {versions}",
        "",
        head,
        "| --- " * 2 + "| ---: " * 8 + "|",
    ]
    first = next((row for row in result["variants"] if "error" not in row), None)
    for row in result["variants"]:
        if "error" in row or first is None:
            lines.append(f"| {row['variant']} | {row['title']} | {row.get('error', '')} |")
            continue
        lines.append(
            f"| {row['variant']} | {row['title']} | {row['seconds_per_update']:.3f} | {row['examples_per_second']:.1f} "
            f"| {row['examples_per_second'] / first['examples_per_second']:.1f}× | {row['tokens_per_second']:,.0f} "
            f"| {row['model_flop_utilization']:.0%} | {row['full_run_seconds']:.0f} "
            f"| {row.get('peak_allocated_gib', float('nan')):.2f} | {row.get('peak_reserved_gib', float('nan')):.2f} |"
        )
    return "\n".join(lines) + "\n"


def profile(settings: Settings, output: Path) -> None:
    """Where our update's time goes: a table of operators, written beside the result."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    if settings.device == "cuda":
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    profiler = torch.profiler.profile(activities=activities)
    row = measure(PROFILED, settings, 1.0, profiler)
    by = "self_cuda_time_total" if settings.device == "cuda" else "self_cpu_time_total"
    table = row["error"] if "error" in row else profiler.key_averages().table(sort_by=by, row_limit=40)
    output.with_suffix(".profile.txt").write_text(f"{VARIANTS[PROFILED][0]}\n{table}\n", encoding="utf-8")


def main() -> None:
    """Measure, and write what is there after every variant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("training-speed"), help="path without suffix")
    parser.add_argument("--only", default=",".join(VARIANTS), help="variants, comma-separated")
    parser.add_argument("--warmup", type=int, default=2, help="updates before the clock runs, at least 1")
    parser.add_argument("--updates", type=int, default=3, help="updates measured")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, on the CPU too: does the script run?")
    parser.add_argument("--profile", action="store_true", help=f"profile one update of {PROFILED} too")
    options = parser.parse_args()
    chosen_variants = options.only.split(",")
    if unknown := set(chosen_variants) - set(VARIANTS):
        parser.error(f"--only: unknown {', '.join(sorted(unknown))}; there are {', '.join(VARIANTS)}")
    if not options.tiny and not torch.cuda.is_available():
        print("training_speed: needs a CUDA GPU; --tiny runs a tiny model without one")
        return
    device, dtype = ("cuda", torch.bfloat16) if torch.cuda.is_available() else ("cpu", torch.float32)
    sizes = TINY if options.tiny else MISTRAL_7B
    count = max(options.warmup, 1) + options.updates
    examples = lengths_as_examples(EXAMPLES, sizes["vocab_size"])
    result: dict[str, Any] = {
        "device": provenance.device(),
        "versions": provenance.versions() | _versions("trl", "accelerate"),
        "sizes": sizes,
        "examples": len(examples),
        "mean_tokens": statistics.mean(len(example) for example in examples),
        "mean_supervised_tokens": statistics.mean(len(example.answer_ids) for example in examples),
        "matmul_tflops": matmul_flops(device, dtype) / 1e12,
        "variants": [],
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as workspace:
        chosen = examples[: count * PER_UPDATE]
        settings = Settings(sizes, device, dtype, chosen, max(options.warmup, 1), options.updates, workspace)
        for name in chosen_variants:
            started = time.perf_counter()
            result["variants"].append(measure(name, settings, result["matmul_tflops"] * 1e12))
            gc.collect()
            _reset_memory()
            print(f"{name}: {time.perf_counter() - started:.0f} s in all", flush=True)
            _write(options.output, result)
        if options.profile:
            profile(settings, options.output)
    print(as_markdown(result))


def _versions(*packages: str) -> dict[str, str]:
    installed = {package.name: package.version for package in importlib.metadata.distributions()}
    return {name: installed[name] for name in packages if name in installed}


def _write(output: Path, result: dict[str, Any]) -> None:
    output.with_suffix(".json").write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    output.with_suffix(".md").write_text(as_markdown(result), encoding="utf-8")


if __name__ == "__main__":
    main()
