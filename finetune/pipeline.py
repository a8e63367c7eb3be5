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
from benchmark.runs.processes import is_first
from benchmark.runs.staging import settle
from benchmark.system import SystemSpec, usable_device
from benchmark.systems.identity import sha256_of_json, weights_sha256
from benchmark.systems.license import license_of
from finetune.config import FinetuneConfig
from finetune.examples import Examples, tokenize
from finetune.leakage import find_leaks, told
from finetune.texts import Text, guarded_texts, training_texts, validation_texts

ROWS = {"token_budget", "gradient_checkpointing"}
"""Settings of the training that change how an update is computed, and not what comes of it."""


@dataclass(frozen=True)
class Prepared:
    """Everything decided before a weight is loaded."""

    train: list[Text]
    validation: list[Text]
    guarded: int
    """Test items that no training example is or resembles."""


def gather(config: FinetuneConfig) -> Prepared:
    """Read the texts and hold the training ones against every test item.

    Raises:
        UserError: nothing to train on, or a training example is a test item (or one with other numbers).
    """
    seed = config.training.seed
    train = training_texts(config.data, seed)
    if not train:
        raise UserError("data: no training examples; see data.tasks, data.files, data.weights")
    guarded = guarded_texts(config.data)
    if leaks := find_leaks(train, guarded):
        raise UserError(told(leaks))
    random.Random(seed).shuffle(train)
    validation = validation_texts(config.data)
    random.Random(seed).shuffle(validation)
    return Prepared(train, validation[: config.training.validation_examples], len(guarded))


def finetune(config: FinetuneConfig, output: Path, device: str = "auto") -> Path:
    """Train an adapter into `output`; a training that was interrupted goes on from its last checkpoint.

    Raises:
        UserError: a bad configuration or data, an `output` that holds another adapter, a loss that is not a number.
    """
    _check_place(output)
    prepared = gather(config)
    digest = _digest(config, prepared)
    if _is_finished(output, digest):
        _tell(f"{output}: trained already with this configuration, data and base; it is left as it is")
        return output
    # A row of another length each time leaves a GPU's memory in fragments that no later row fits.
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    _train(config, prepared, output, _workspace(output, digest), digest, _own_device(device))
    gc.collect()  # model and optimizer hold each other, and what comes next needs their memory
    return output


def _check_place(output: Path) -> None:
    """Refuse a place where no directory can be made, before anything is read or trained."""
    if output.exists():
        return
    there = next(parent for parent in output.absolute().parents if parent.exists())
    if not there.is_dir():
        raise UserError(f"--output {output}: {there} is a file; choose another directory")
    if not os.access(there, os.W_OK):
        raise UserError(f"--output {output}: {there} is read-only; choose another directory")


def _digest(config: FinetuneConfig, prepared: Prepared) -> str:
    """What makes two trainings the same one: settings, texts and base, wherever they lie."""
    base = SystemSpec(config.model.pretrained).local_path
    return sha256_of_json(
        [
            config.model_dump(
                mode="json", exclude={"training": ROWS, "data": {"include_paths", "files", "validation_files"}}
            ),
            [[(text.prompt, text.answer) for text in texts] for texts in (prepared.train, prepared.validation)],
            weights_sha256(base) if base else None,
        ]
    )


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
        seconds = trainer.earlier.seconds + time.monotonic() - started
        manifest = adapter.describe(config, digest, examples, prepared.guarded, trainer, seconds)
        staged = workspace / "adapter"
        trained = trainer.accelerator.unwrap_model(trainer.model)
        adapter.write_adapter(trained, tokenizer, staged, manifest, license_of(model.base_spec(config)))
        settle(*staged.rglob("*"), staged)  # before the checkpoints that it was made from are gone
        staged.replace(output)
        settle(output.parent)
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
            _tell(
                f"{other}: checkpoints of another configuration or other data, not used; delete them if you gave it up"
            )
    return workspace


def _tell(notice: str) -> None:
    if is_first():
        print(notice, file=sys.stderr)


def _own_device(device: str) -> str:
    """The device that this process trains on: of several processes that a launcher started, each has its own GPU.

    Raises:
        UserError: no such device, or one of several GPUs, which the Trainer would not stay on.
    """
    from finetune.train import processes

    place = usable_device(device)
    kind, _, index = place.partition(":")
    if kind == "cuda" and index not in ("", "0"):
        raise UserError(
            f"--device {device}: a training takes the first GPU that it sees; give CUDA_VISIBLE_DEVICES={index} before "
            "the command, and leave --device out"
        )
    joined = processes(place)
    return place if joined.num_processes == 1 else str(joined.device)


def _is_finished(output: Path, digest: str) -> bool:
    from benchmark.systems.adapter import read_manifest

    if not output.exists():
        return False
    manifest = read_manifest(output)
    if manifest and manifest.get("training_sha256") == digest:
        return True
    raise UserError(
        f"--output {output}: exists and is not the adapter of this configuration, data and base; choose another directory"
    )


def dry_run(config: FinetuneConfig, device: str = "auto") -> dict[str, Any]:
    """What would be trained, without loading weights: examples, tokens, updates, memory by what holds it, least time.

    Raises:
        UserError: a device, base or data that training would refuse.
    """
    from benchmark.system import load_tokenizer
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
