"""The families that there are: folders under `tasks/` with a YAML of the same name."""

from typing import Any

import yaml

from tasks import ROOT


def families() -> list[str]:
    """Folders under `tasks/` that hold a task."""
    return sorted(path.parent.name for path in ROOT.glob("*/*.yaml") if path.stem == path.parent.name)


def metadata(family: str) -> dict[str, Any]:
    """The `metadata` section of a family's YAML."""
    # lm-eval's tag for functions means nothing here, and resolving it would import the task.
    text = (ROOT / family / f"{family}.yaml").read_text(encoding="utf-8").replace("!function ", "")
    return yaml.safe_load(text)["metadata"]
