"""The quick parts of the card: versions, sizes, topics, labels, lengths, wordings."""

import importlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmark.datacard.tables import percent, table
from benchmark.families import metadata
from tasks.dataset import SPLITS, data_sha256

Row = Mapping[str, Any]
Splits = Mapping[str, Sequence[Row]]
Data = Mapping[str, Splits]
"""Family -> split -> items."""

_WHOLE = r"^(.+)$"
"""For a family whose metadata names no `wording`: each template is a wording of the task."""


def versions(data: Data) -> str:
    """Each family's version and the hash of its three files."""
    rows = ((family, metadata(family)["version"], f"`{data_sha256(family)}`") for family in data)
    return table(("family", "version", "SHA-256 of train + validation + test"), rows)


def sizes(data: Data) -> str:
    """Items by split, and the test split's slices."""
    rows = (
        (family, *(len(splits[split]) for split in SPLITS), _counted(splits["test"], "slice"))
        for family, splits in data.items()
    )
    return table(("family", *SPLITS, "slices of test"), rows)


def _counted(items: Sequence[Row], key: str) -> str:
    counts = Counter(item[key] for item in items)
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def topics(data: Data) -> str:
    """What the items are about, and how hard they are."""
    return "\n".join(
        f"- **{family}**, {split}: {_counted(splits[split], 'topic')}. Difficulty: {_counted(splits[split], 'difficulty')}."
        for family, splits in data.items()
        for split in ("train", "test")
    )


def label_shares(family: str, items: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Of every label: its share, by what is labelled; nothing in a family whose metadata names no `labels`."""
    shares = {}
    for path in metadata(family).get("labels", ()):
        keys = path.split(".")
        counts = Counter(label for item in items for label in _at(item["gold"], keys))
        shares[keys[-1]] = {label: count / counts.total() for label, count in sorted(counts.items())}
    return shares


def _at(value: Any, keys: Sequence[str]) -> Iterator[str]:
    """The labels under a path of keys; a list on the way stands for each of its elements."""
    if isinstance(value, list):
        for element in value:
            yield from _at(element, keys)
    elif keys:
        yield from _at(value[keys[0]], keys[1:])
    else:
        yield value


def labels(data: Data) -> str:
    """The share of each label, by split."""
    rows = []
    for family, splits in data.items():
        shares = {split: label_shares(family, splits[split]) for split in SPLITS}
        for name, by_label in shares["test"].items():
            rows += [
                (f"{family}: {name}, {label}", *(percent(shares[split][name].get(label, 0.0)) for split in SPLITS))
                for label in by_label
            ]
    return table(("label", *SPLITS), rows)


def lengths(data: Data) -> str:
    """Characters of prompts and references: median, 95th percentile, longest."""
    rows = (
        (f"{family}, {split}", *_quantiles(splits[split], "instruction"), *_quantiles(splits[split], "output"))
        for family, splits in data.items()
        for split in ("train", "test")
    )
    head = ("family, split", "prompt: median", "95%", "longest", "reference: median", "95%", "longest")
    return table(head, rows)


def _quantiles(items: Sequence[Row], key: str) -> tuple[int, ...]:
    found = np.quantile([len(item[key]) for item in items], (0.5, 0.95, 1.0))
    return tuple(round(value) for value in found)


def prompt_wordings(family: str, items: Sequence[Row], split: str) -> int:
    """How many wordings of the task a split's generated items have.

    A template's id names its wording, by the pattern `wording` of the family's metadata; where it does not, because
    prompts are drawn apart from templates, the family's generator counts them: `prompt_wordings(split)`.
    """
    generator = importlib.import_module(f"tasks.{family}.generator")
    if hasattr(generator, "prompt_wordings"):
        return generator.prompt_wordings(split)
    pattern = metadata(family).get("wording", _WHOLE)
    found = (re.search(pattern, item["template_id"]) for item in items if item["source"] == "generator")
    return len({match[1] for match in found if match})


def wordings(data: Data) -> str:
    """Templates, wordings of the task, and references an item."""
    rows = (
        (
            f"{family}, {split}",
            len({item["template_id"] for item in splits[split]}),
            prompt_wordings(family, splits[split], split),
            f"{np.mean([len(item['references']) for item in splits[split]]):.1f}",
        )
        for family, splits in data.items()
        for split in SPLITS
    )
    return table(("family, split", "templates", "wordings of the task", "references an item"), rows)
