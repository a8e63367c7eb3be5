"""The benchmark's tasks asked on their validation split, for choices that must not see the test split."""

from collections.abc import Sequence
from pathlib import Path

from tasks import ROOT


def validation_tasks(folder: Path, tasks: Sequence[str]) -> Path:
    """A folder with a task `<name>_validation` for each, to be given as an include path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in tasks:
        family = name.removeprefix("rufin_")
        (folder / f"{name}_validation.yaml").write_text(
            f"include: {ROOT / family / family}.yaml\ntask: {name}_validation\ntest_split: validation\n",
            encoding="utf-8",
        )
    return folder
