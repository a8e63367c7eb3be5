"""What training leaves behind: adapter weights, a manifest that says how they came about, and the loss curve."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.run import today
from benchmark.runs import provenance
from benchmark.systems.adapter import MANIFEST
from benchmark.systems.identity import sha256_of_json, weights_sha256
from finetune.card import card
from finetune.config import FinetuneConfig
from finetune.curve import loss_curve_svg
from finetune.examples import Examples
from tasks.items import make_ordinary, write_text


def write_adapter(model: Any, tokenizer: Any, folder: Path, manifest: dict[str, Any], license: str | None) -> None:
    """Save the adapter (safetensors) with its card, curve and manifest, which comes last and marks it as whole."""
    model.save_pretrained(str(folder), safe_serialization=True)
    tokenizer.save_pretrained(str(folder))
    readable(folder)
    write_text(folder / "README.md", card(manifest, license))  # over PEFT's, which is a form to fill in
    write_text(folder / "loss.svg", loss_curve_svg(manifest["loss_curve"]))
    write_text(folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=2, default=str) + "\n")


def readable(folder: Path) -> None:
    """Let others read what they may read of the user's files: safetensors makes private ones."""
    for path in folder.iterdir():
        if path.is_file():
            make_ordinary(path)


def describe(
    config: FinetuneConfig, digest: str, examples: Examples, guarded: int, trainer: Any, seconds: float
) -> dict[str, Any]:
    """How an adapter came about: base and data by hash, configuration, curve, speed, memory, versions.

    Args:
        digest: what makes two trainings the same one.
        guarded: test items that no example is or resembles.
        seconds: from loading the base to the last update, tries that were interrupted included.
    """
    from finetune.model import base_spec

    spent = trainer.spent()

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
        "training_sha256": digest,
        "data": {
            "sha256": sha256_of_json([asdict(example) for example in examples.kept]),
            "examples": len(examples.kept),
            "by_source": examples.by_source,
            "dropped_too_long": examples.dropped,
            "tokens": examples.tokens,
            "supervised_tokens": examples.supervised_tokens,
            "test_items_apart": guarded,
        },
        "updates": trainer.state.global_step,
        "trained_tokens": spent.tokens,
        "tokens_per_second": round(spent.tokens / spent.seconds, 1),
        "token_budget": trainer.token_budget,
        "gradient_checkpointing": trainer.checkpointing,
        "update_ends": trainer.progress.update_ends,
        "loss_curve": loss_curve(trainer.state.log_history),
        "seconds": round(seconds, 1),
        "peak_memory_bytes": provenance.peak_memory_bytes(),
        "device": provenance.device(),
        "versions": provenance.versions(),
        "finished": today(),
    }


def loss_curve(log_history: list[dict[str, Any]]) -> list[list[float | None]]:
    """[[step, training loss or null, validation loss or null], …] from the Trainer's log."""
    points: dict[int, list[float | None]] = {}
    for entry in log_history:
        point = points.setdefault(int(entry["step"]), [None, None])
        if "loss" in entry:
            point[0] = round(float(entry["loss"]), 5)
        if "eval_loss" in entry:
            point[1] = round(float(entry["eval_loss"]), 5)
    return [[step, *values] for step, values in sorted(points.items()) if values != [None, None]]
