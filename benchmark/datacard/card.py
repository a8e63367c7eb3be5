"""Assembles the card: the prose of `template.md`, the tables from the data."""

import re
from collections.abc import Callable
from pathlib import Path

import yaml

from benchmark.datacard import counts, likeness
from benchmark.datacard.counts import Data
from benchmark.datacard.tables import table
from benchmark.errors import UserError
from benchmark.families import families
from tasks import ROOT
from tasks.dataset import SPLITS
from tasks.items import read_jsonl, write_text

PATH = ROOT.parent / "docs" / "data_card.md"
TEMPLATE = Path(__file__).with_name("template.md")
READING = Path(__file__).with_name("second_reading.yaml")


def load() -> Data:
    """Every family's items."""
    return {
        family: {split: read_jsonl(ROOT / family / "data" / f"{split}.jsonl") for split in SPLITS}
        for family in families()
    }


def second_reading(data: Data) -> str:
    """How many items were read again, and what that corrected.

    Raises:
        UserError: the record lacks a family.
    """
    record = yaml.safe_load(READING.read_text(encoding="utf-8"))
    if unread := sorted(data.keys() - record.keys()):
        raise UserError(f"{READING}: no record of {', '.join(unread)}; read 50 items again and say what that corrected")
    heading = table(
        ("family", "by its author", "a second time"),
        ((family, record[family]["author"], record[family]["second"]) for family in data),
    )
    return "\n".join([heading, "", *(f"- **{family}**: {record[family]['corrected']}" for family in data)])


QUICK: dict[str, Callable[[Data], str]] = {
    "versions": counts.versions,
    "sizes": counts.sizes,
    "topics": counts.topics,
    "labels": counts.labels,
    "lengths": counts.lengths,
    "wordings": counts.wordings,
    "second_reading": second_reading,
}
"""Placeholder -> section, those that take a moment."""
SLOW: dict[str, Callable[[Data], str]] = {
    "near_duplicates": likeness.near_duplicates,
    "distinct": likeness.distinct,
    "cheap_systems": likeness.cheap_systems,
}


def write() -> None:
    """Rebuild `docs/data_card.md`."""
    data = load()
    template = TEMPLATE.read_text(encoding="utf-8")
    sections = {**QUICK, **SLOW}
    write_text(PATH, re.sub(r"\{\{(\w+)\}\}", lambda match: sections[match[1]](data), template))
