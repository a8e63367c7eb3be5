"""What the measurements of fine-tuning's quality share: validation loss, scores of a run, result files."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmark.results import load_run
from benchmark.run import RunOptions, run
from benchmark.runs import provenance
from benchmark.system import SystemSpec, load_model
from finetune.config import DataConfig
from finetune.examples import Example, tokenize
from finetune.export import outputs
from finetune.texts import validation_texts


def validation_examples(tokenizer: Any, data: DataConfig, count: int) -> list[Example]:
    """The same examples for every adapter: the first `count` of each task's validation split that are short enough."""
    kept = tokenize(validation_texts(data), tokenizer, data).kept
    by_source: dict[str, list[Example]] = {}
    for example in kept:
        by_source.setdefault(example.source, []).append(example)
    return [example for source in sorted(by_source) for example in by_source[source][:count]]


def validation_loss(model: Any, examples: Sequence[Example]) -> float:
    """Mean cross-entropy of an answer token, in the form in which the model answers."""
    total = count = 0.0
    for example in examples:
        said = outputs(model, [example])
        loss = torch.nn.functional.cross_entropy(said.logits[0].float(), said.targets[0], reduction="sum")
        total, count = total + float(loss), count + len(example.answer_ids)
    return total / count


def loss_of(spec: SystemSpec, data: DataConfig, count: int, device: str = "auto") -> float:
    """A system's validation loss; its model is loaded and let go."""
    model, tokenizer = load_model(spec, device)
    return validation_loss(model, validation_examples(tokenizer, data, count))


def scores_of(folder: Path) -> dict[str, float]:
    """A run's headline score by task, and their mean under `mean`."""
    record = load_run(folder)
    scores = {name: task.scores[task.headline].value for name, task in record.tasks.items()}
    return scores | {"mean": statistics.mean(scores.values())}


def scored(spec: SystemSpec, folder: Path, options: RunOptions) -> dict[str, float]:
    """Run a system, or go on with its run, and read the scores."""
    return scores_of(run(spec, folder, options))


def described(command: str) -> dict[str, Any]:
    """What every result file says of where it comes from."""
    return {"command": command, "device": provenance.device(), "versions": provenance.versions()}


def write(output: Path, result: dict[str, Any], table: str) -> None:
    """OUTPUT.json with everything, OUTPUT.md with the table under the device's name."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.with_suffix(".json").write_text(
        json.dumps(result, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8"
    )
    head = f"{result['device']['name']}\n\n```\n{result['command']}\n```\n\n"
    output.with_suffix(".md").write_text(head + table, encoding="utf-8")


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is words and whose others are numbers."""
    lines = [f"| {' | '.join(head)} |", "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
