"""`rufinbench finetune`: read the configuration, gather examples, pass the gate, train, write the adapter."""

import gc
import os
import random
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.systems.identity import sha256_of_json
from benchmark.systems.license import license_of
from finetune.config import FinetuneConfig
from finetune.examples import Examples, Text, read_texts, tokenize
from finetune.leakage import Leak, find_leaks

SHOWN_LEAKS = 5


@dataclass(frozen=True)
class Prepared:
    """Everything decided before a weight is loaded."""

    train: list[Text]
    validation: list[Text]
    leaks: list[Leak]


def gather(config: FinetuneConfig) -> Prepared:
    """Read the texts and hold the training ones against every test item.

    Raises:
        UserError: nothing to train on, or a training example is a test item (or one with other numbers).
    """
    seed = config.training.seed
    train = read_texts(config.data, "train", seed)
    if not train:
        raise UserError("data: no training examples; see data.tasks, data.files, data.weights")
    guarded = config.data.model_copy(
        update={"tasks": sorted({*config.data.tasks, "rufin"}), "limit_per_task": None, "weights": {}}
    )
    leaks = find_leaks(train, read_texts(guarded, "test", seed))
    if leaks:
        raise UserError(_leak_message(leaks))
    random.Random(seed).shuffle(train)
    validation = read_texts(config.data, "validation", seed)
    random.Random(seed).shuffle(validation)
    return Prepared(train, validation[: config.training.validation_examples], leaks)


def _leak_message(leaks: list[Leak]) -> str:
    shown = "; ".join(f"[{leak.kind}, {leak.similarity:.2f}] «{leak.train[:90]}…»" for leak in leaks[:SHOWN_LEAKS])
    return (
        f"data: {len(leaks)} training examples stand in the test split or nearly do (names and numbers masked); "
        f"a score after such training means nothing; remove them: {shown}"
    )


def finetune(config: FinetuneConfig, output: Path, device: str = "auto") -> Path:
    """Train an adapter into `output`; a training that was interrupted goes on from its last checkpoint.

    Raises:
        UserError: a bad configuration or data, an `output` that holds another adapter, a loss that is not a number.
    """
    digest = sha256_of_json(config.model_dump(mode="json"))
    if _is_finished(output, digest):
        return output
    # A row of another length each time leaves a GPU's memory in fragments that no later row fits.
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    workspace = _workspace(output, digest)
    _train(config, gather(config), output, workspace, digest, _own_device(device))
    gc.collect()  # model and optimizer hold each other, and what comes next needs their memory
    return output


def _train(config: FinetuneConfig, prepared: Prepared, output: Path, workspace: Path, digest: str, device: str) -> None:
    from finetune import adapter, model, train  # torch and transformers load here, after the cheap checks

    started = time.monotonic()
    peft_model, tokenizer = model.prepare(config, device)
    examples = _tokenized(prepared.train, tokenizer, config)
    validation = tokenize(prepared.validation, tokenizer, config.data)
    training = model.ready(peft_model, config, examples.kept)
    dtype = model.compute_dtype_of(config, peft_model)
    trainer = train.train(peft_model, training, examples.kept, validation.kept, workspace, dtype)
    if trainer.is_world_process_zero():
        manifest = adapter.describe(config, digest, examples, trainer, time.monotonic() - started)
        staged = workspace / "adapter"
        trained = trainer.accelerator.unwrap_model(trainer.model)
        adapter.write_adapter(trained, tokenizer, staged, manifest, license_of(model.base_spec(config)))
        staged.replace(output)
        shutil.rmtree(workspace, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()


def _tokenized(texts: list[Text], tokenizer: Any, config: FinetuneConfig) -> Examples:
    examples = tokenize(texts, tokenizer, config.data)
    if not examples.kept:
        raise UserError(f"data.max_length={config.data.max_length}: every example is longer; raise it")
    return examples


def _workspace(output: Path, digest: str) -> Path:
    """Where a configuration's checkpoints stand; those of another one for the same adapter are named and left alone."""
    workspace = output.parent / f".{output.name}.training-{digest[:12]}"
    for other in sorted(output.parent.glob(f".{output.name}.training-*")):
        if other != workspace:
            print(
                f"{other}: checkpoints of another configuration, not used; delete them if you gave it up",
                file=sys.stderr,
            )
    return workspace


def _own_device(device: str) -> str:
    """Of several processes that a launcher started, each takes its own GPU."""
    from finetune.train import processes

    return device if device != "auto" or processes().num_processes == 1 else str(processes().device)


def _is_finished(output: Path, digest: str) -> bool:
    from benchmark.systems.adapter import read_manifest

    if not output.exists():
        return False
    manifest = read_manifest(output)
    if manifest and manifest.get("config_sha256") == digest:
        return True
    raise UserError(f"--output {output}: exists and is not this configuration's adapter; choose another directory")


def dry_run(config: FinetuneConfig, device: str = "auto") -> dict[str, Any]:
    """What would be trained, without loading weights: examples, tokens, updates, memory by what holds it, least time.

    Raises:
        UserError: a device, base or data that training would refuse.
    """
    from benchmark.system import load_tokenizer, usable_device
    from benchmark.systems.dtype import compute_dtype
    from finetune import estimate
    from finetune.arguments import planned_updates
    from finetune.model import base_spec
    from finetune.packing import longest_row

    place = usable_device(device)
    architecture, tokenizer = load_tokenizer(base_spec(config))
    examples = _tokenized(gather(config).train, tokenizer, config)
    dtype = compute_dtype(config.model.dtype, place, architecture.model_type)
    training, sizes = config.training, estimate.architecture(architecture, config.lora)
    row_tokens = longest_row(examples.kept, training.token_budget, training.examples_per_update)
    checkpointing = training.gradient_checkpointing is True
    work = estimate.operations(sizes, examples.tokens, examples.supervised_tokens, checkpointing=checkpointing)
    return {
        "examples": len(examples.kept),
        "by_source": examples.by_source,
        "dropped_too_long": examples.dropped,
        "tokens_per_epoch": examples.tokens,
        "supervised_tokens_per_epoch": examples.supervised_tokens,
        "updates": planned_updates(training, len(examples.kept)),
        "longest_row_tokens": row_tokens,
        "memory_gib": {
            "gradient_checkpointing " + ("on" if on else "off"): estimate.memory(
                sizes, config, row_tokens, checkpointing=on, element=dtype.itemsize
            )
            for on in ((True, False) if training.gradient_checkpointing == "auto" else (checkpointing,))
        },
        "seconds_at_least": round(training.epochs * work / estimate.product_rate(place, dtype), 1),
    }
