"""`rufinbench finetune`: read the configuration, gather examples, pass the gate, train, write the adapter."""

import random
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmark import provenance
from benchmark.errors import UserError
from benchmark.identity import sha256_of_json, weights_sha256
from benchmark.run import today
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
    prepared = gather(config)

    from finetune import adapter, model, train  # torch and transformers load here, after the cheap checks

    started = time.monotonic()
    peft_model, tokenizer = model.prepare(config, device)
    examples = tokenize(prepared.train, tokenizer, config.data)
    validation = tokenize(prepared.validation, tokenizer, config.data)
    if not examples.kept:
        raise UserError(f"data.max_length={config.data.max_length}: every example is longer; raise it")
    if config.training.token_budget and len(examples.kept) > 1:
        model.check_packing(peft_model, *sorted(examples.kept, key=len)[:2])
    workspace = output.parent / f".{output.name}.training-{digest[:12]}"
    dtype = model.compute_dtype_of(config, peft_model)
    trainer = train.train(peft_model, config.training, examples.kept, validation.kept, workspace, dtype)
    if trainer.is_world_process_zero():
        manifest = _manifest(config, digest, examples, trainer, time.monotonic() - started)
        staged = workspace / "adapter"
        adapter.write_adapter(trainer.accelerator.unwrap_model(trainer.model), tokenizer, staged, manifest)
        staged.replace(output)
        shutil.rmtree(workspace, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    return output


def _is_finished(output: Path, digest: str) -> bool:
    from finetune.adapter import read_manifest

    if not output.exists():
        return False
    manifest = read_manifest(output)
    if manifest and manifest.get("config_sha256") == digest:
        return True
    raise UserError(f"--output {output}: exists and is not this configuration's adapter; choose another directory")


def _manifest(config: FinetuneConfig, digest: str, examples: Examples, trainer: Any, seconds: float) -> dict[str, Any]:
    from finetune.adapter import loss_curve
    from finetune.model import base_spec

    path = base_spec(config).local_path
    return {
        "format": 1,
        "base": {
            "pretrained": config.model.pretrained,
            "revision": config.model.revision,
            "weights_sha256": weights_sha256(path) if path else None,
            "quantization": config.model.quantization,
        },
        "config": config.model_dump(mode="json"),
        "config_sha256": digest,
        "data": {
            "sha256": sha256_of_json([asdict(example) for example in examples.kept]),
            "examples": len(examples.kept),
            "by_source": examples.by_source,
            "dropped_too_long": examples.dropped,
            "tokens": examples.tokens,
            "supervised_tokens": examples.supervised_tokens,
            "leaks": 0,
        },
        "updates": trainer.state.global_step,
        "trained_tokens": trainer.tokens_seen,
        "tokens_per_second": round(trainer.tokens_seen / seconds, 1),
        "token_budget": trainer.token_budget,
        "loss_curve": loss_curve(trainer.state.log_history),
        "seconds": round(seconds, 1),
        "peak_memory_bytes": provenance.peak_memory_bytes(),
        "device": provenance.device(),
        "versions": provenance.versions(),
        "finished": today(),
    }


def dry_run(config: FinetuneConfig) -> dict[str, Any]:
    """What would be trained, without loading weights: examples, tokens, updates, an estimate of GPU memory."""
    from transformers import AutoConfig, AutoTokenizer

    from finetune.model import base_spec
    from finetune.train import planned_updates

    prepared = gather(config)
    source = str(base_spec(config).local_path or config.model.pretrained)
    examples = tokenize(prepared.train, AutoTokenizer.from_pretrained(source), config.data)
    return {
        "examples": len(examples.kept),
        "by_source": examples.by_source,
        "dropped_too_long": examples.dropped,
        "tokens_per_epoch": examples.tokens,
        "supervised_tokens_per_epoch": examples.supervised_tokens,
        "updates": planned_updates(config.training, len(examples.kept)),
        "estimated_weights_gib": round(_weights_gib(AutoConfig.from_pretrained(source), config), 2),
    }


def _weights_gib(architecture: Any, config: FinetuneConfig) -> float:
    """Memory of the weights alone: linear layers at the quantization's size, the rest at two bytes."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(architecture)
    size = {"nf4": 0.516, "int8": 1.0, "none": 2.0}[config.model.quantization]
    head = model.get_output_embeddings()
    linear = sum(m.weight.numel() for m in model.modules() if isinstance(m, torch.nn.Linear) and m is not head)
    total = sum(parameter.numel() for parameter in model.parameters())
    return (linear * size + (total - linear) * 2) / 2**30
