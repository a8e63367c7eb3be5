"""Items in the terminal, as a person reads them."""

import random

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from benchmark.errors import UserError
from benchmark.families import families
from tasks import ROOT
from tasks.dataset import SPLITS
from tasks.items import read_jsonl


def show_items(family: str, split: str, slice_: str, count: int, seed: int) -> None:
    """Print `count` random items of a family.

    Raises:
        UserError: no such family, split or slice.
    """
    if family not in families():
        raise UserError(f"{family}: no such task; there are {', '.join(families())}")
    if split not in SPLITS:
        raise UserError(f"--split {split}: choose one of {', '.join(SPLITS)}")
    items = read_jsonl(ROOT / family / "data" / f"{split}.jsonl")
    slices = sorted({item["slice"] for item in items})
    if slice_ and slice_ not in slices:
        raise UserError(f"--slice {slice_}: {split} of {family} has {', '.join(slices)}")
    chosen = [item for item in items if not slice_ or item["slice"] == slice_]
    console = Console()
    for item in random.Random(seed).sample(chosen, min(count, len(chosen))):
        # Text, never markup: an item's brackets are its own.
        body = Text.assemble(item["instruction"], "\n\n", (item["output"], "green"))
        title = Text(f"{item['id']} · {item['topic']} · {item['slice']} · {item['difficulty']}")
        console.print(Panel(body, title=title, title_align="left"))
