"""`rufinbench export`: base and adapter as one ordinary checkpoint, and how far it is from what was trained.

The adapter is never merged into 4-bit weights: rounding the sum to 16 levels undoes most of what was learned. The base
is dequantized first, the adapter added, the sum stored in bfloat16. What that rounding costs is measured and written down.
"""

import gc
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch.nn import functional

from benchmark.errors import UserError, misfit
from benchmark.run import today
from benchmark.runs import provenance
from benchmark.runs.staging import settle
from benchmark.system import SystemSpec, load_model
from benchmark.systems.adapter import MANIFEST, read_manifest
from finetune.adapter import readable
from finetune.config import DataConfig
from finetune.examples import Example, tokenize
from finetune.texts import validation_texts
from tasks.items import write_text

REPORT = "export.json"


@dataclass(frozen=True)
class Outputs:
    """What a model says at the answers' positions of some examples."""

    logits: list[torch.Tensor]
    """One tensor (answer tokens, vocabulary) an example, on the CPU, in the type the model computed."""
    targets: list[torch.Tensor]


def export(spec: SystemSpec, output: Path, *, examples: int = 16, device: str = "auto") -> dict[str, Any]:
    """Write `output`, a bfloat16 safetensors checkpoint of `spec` with its adapter merged; return the difference.

    Args:
        spec: the base in the quantization that the adapter was trained on, and the adapter.
        examples: validation examples over which the two models are compared.

    Raises:
        UserError: no adapter, an adapter of another base, an `output` that exists.
    """
    if not spec.adapter:
        raise UserError("--adapter: give the adapter to merge")
    if output.exists():
        raise UserError(f"--output {output}: exists; choose another directory")
    adapter = Path(spec.adapter)
    spec = replace(spec, dtype="bfloat16")
    model, tokenizer = load_model(spec, device)
    chosen = _validation_examples(adapter, tokenizer, examples)
    trained = outputs(model, chosen)
    del model
    _release()
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as scratch:
        staged = Path(scratch) / "model"
        _merge(spec, staged, device)
        exported = outputs(load_model(SystemSpec(str(staged), dtype="bfloat16"), device)[0], chosen)
        report = _report(spec, difference(trained, exported))
        write_text(staged / REPORT, json.dumps(report, ensure_ascii=False, indent=2) + "\n")
        settle(*staged.rglob("*"), staged)  # after a power cut a name without its bytes would pass for a model
        staged.replace(output)
    settle(output.parent)
    return report


def trained_quantization(adapter: Path) -> str:
    """What the adapter's manifest says its base was quantized to; `none` without a manifest."""
    return str((read_manifest(adapter) or {}).get("base", {}).get("quantization", "none"))


def _merge(spec: SystemSpec, folder: Path, device: str) -> None:
    from peft import PeftModel

    # Loaded afresh: on some CPUs bitsandbytes has repacked the weights of a model that has answered.
    base, tokenizer = load_model(replace(spec, adapter=None), device)
    if spec.quantization != "none":
        base = base.dequantize()
        base.config.__dict__.pop("quantization_config", None)
    merged = PeftModel.from_pretrained(base, str(spec.adapter)).merge_and_unload(safe_merge=True)
    merged.to(torch.bfloat16).save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    readable(folder)


def _validation_examples(adapter: Path, tokenizer: Any, count: int) -> list[Example]:
    """Of the adapter's own validation split; of all tasks' where it names none."""
    data = _trained_on(adapter)
    texts = validation_texts(data) or validation_texts(DataConfig())
    random.Random(0).shuffle(texts)
    kept = tokenize(texts[:count], tokenizer, data).kept
    if not kept:
        raise UserError(f"{adapter}: no validation example is shorter than data.max_length={data.max_length} tokens")
    return kept


def _trained_on(adapter: Path) -> DataConfig:
    """The data section of the adapter's configuration; the default one of an adapter of another program."""
    stored = (read_manifest(adapter) or {}).get("config", {}).get("data")
    try:
        data = DataConfig.model_validate(stored) if stored else DataConfig()
    except ValidationError as error:
        raise UserError(f"{adapter / MANIFEST}: config.data: {misfit(error)}; copy the adapter again") from error
    return data.model_copy(update={"validation_files": []})  # they may be gone, or lie elsewhere


@torch.no_grad()
def outputs(model: Any, examples: Sequence[Example]) -> Outputs:
    """The model's logits for every answer token of the examples."""
    logits, targets = [], []
    for example in examples:
        ids = torch.tensor([[*example.prompt_ids, *example.answer_ids]], device=model.device)
        kept = len(example.answer_ids) + 1  # the last prompt token predicts the first answer token
        logits.append(model(input_ids=ids, logits_to_keep=kept).logits[0, -kept:-1].cpu())
        targets.append(torch.tensor(example.answer_ids))
    return Outputs(logits, targets)


def difference(trained: Outputs, exported: Outputs) -> dict[str, Any]:
    """How far the export's outputs are from the trained model's, over all answer positions."""
    positions = agreed = 0
    largest = total = count = 0.0
    losses = [0.0, 0.0]
    for first, second, target in zip(trained.logits, exported.logits, trained.targets, strict=True):
        first, second = first.float(), second.float()
        gap = (first - second).abs()
        largest, total, count = max(largest, float(gap.max())), total + float(gap.sum()), count + gap.numel()
        agreed += int((first.argmax(-1) == second.argmax(-1)).sum())
        positions += len(target)
        for i, logits in enumerate((first, second)):
            losses[i] += float(functional.cross_entropy(logits, target, reduction="sum"))
    return {
        "examples": len(trained.targets),
        "answer_tokens": positions,
        "logit_difference": {"max": largest, "mean": total / count},
        "loss": {"adapter": losses[0] / positions, "export": losses[1] / positions},
        "next_token_agreement": agreed / positions,
    }


def _report(spec: SystemSpec, found: dict[str, Any]) -> dict[str, Any]:
    from benchmark.system import identity

    described = identity(spec)
    return {
        "base": {key: described[key] for key in ("pretrained", "revision", "pretrained_sha256", "quantization")},
        "adapter": {key: described[key] for key in ("adapter", "adapter_sha256")},
        "dtype": "bfloat16",
        "difference": found,
        "device": provenance.device(),
        "versions": provenance.versions(),
        "finished": today(),
    }


def _release() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
