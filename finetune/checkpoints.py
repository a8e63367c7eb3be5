"""Checkpoints that a killed training can rely on: a mark that is written last says that one is whole."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from benchmark.runs.staging import settle
from tasks.items import write_text

MARK = "whole.json"
KEPT = 2
"""Checkpoints that stand side by side: while the newest is being written, the one before must be there."""


@dataclass(frozen=True)
class Spent:
    """What a training has cost up to a checkpoint, in all processes that were at it one after another."""

    tokens: int = 0
    seconds: float = 0.0


def seal(workspace: Path, step: int, spent: Spent) -> None:
    """Mark the checkpoint of a step as whole, once all its files are on the disk."""
    folder = workspace / f"{PREFIX_CHECKPOINT_DIR}-{step}"
    settle(*folder.iterdir(), folder)
    write_text(folder / MARK, json.dumps(asdict(spent)))


def newest(workspace: Path) -> tuple[Path | None, Spent]:
    """The last whole checkpoint and what was spent up to it; None where there is none."""
    whole = [mark.parent for mark in workspace.glob(f"{PREFIX_CHECKPOINT_DIR}-*/{MARK}")]
    if not whole:
        return None, Spent()
    folder = max(whole, key=lambda found: int(found.name.rpartition("-")[2]))
    return folder, Spent(**json.loads((folder / MARK).read_text(encoding="utf-8")))
