"""What training leaves behind: adapter weights, a manifest that says how they came about, and the loss curve."""

import json
from pathlib import Path
from typing import Any

from finetune.curve import loss_curve_svg
from tasks.items import write_text

MANIFEST = "manifest.json"


def write_adapter(model: Any, tokenizer: Any, folder: Path, manifest: dict[str, Any]) -> None:
    """Save the adapter (safetensors) with its manifest and curve; the manifest comes last and marks it as whole."""
    model.save_pretrained(str(folder), safe_serialization=True)
    tokenizer.save_pretrained(str(folder))
    write_text(folder / "loss.svg", loss_curve_svg(manifest["loss_curve"]))
    write_text(folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=2, default=str) + "\n")


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """An adapter's manifest, or None where training did not finish."""
    path = folder / MANIFEST
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


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
