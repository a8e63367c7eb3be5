"""Builds the extraction family: `python -m tasks.extraction.generator`."""

import json
import random

from tasks.authoring.build import handwritten, main
from tasks.authoring.russian import NBSP
from tasks.extraction.author import Author, Document
from tasks.extraction.documents import LAYOUTS
from tasks.extraction.sentences import Row, fill
from tasks.extraction.wording import Wording
from tasks.extraction.wording_test import WORDING as TEST
from tasks.extraction.wording_train import WORDING as TRAIN
from tasks.extraction.wording_validation import WORDING as VALIDATION
from tasks.items import Item

FAMILY = "extraction"
_WORDINGS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
_SIZES_AND_SEEDS = {"train": (900, 4101), "validation": (80, 4102), "test": (240, 4103)}
_LONGEST = 1_000
"""Documents beyond this many characters are written anew: the family is read by small models too."""


def build() -> dict[str, list[Item]]:
    """All splits; the handwritten items follow the generated ones in test."""
    splits = {split: _split(split, wording, *_SIZES_AND_SEEDS[split]) for split, wording in _WORDINGS.items()}
    splits["test"] += handwritten(FAMILY)
    return splits


def prompt_wordings(split: str) -> int:
    """How many wordings of the task a split has: they are drawn apart from the documents that templates name."""
    wording = _WORDINGS[split]
    return len(wording.prompts + wording.company_prompts + wording.standard_prompts)


def _split(split: str, wording: Wording, count: int, seed: int) -> list[Item]:
    rng = random.Random(seed)
    author = Author(rng, split, wording)
    layouts, weights = zip(*LAYOUTS, strict=True)
    items: list[Item] = []
    seen: set[str] = set()
    while len(items) < count:
        document = rng.choices(layouts, weights)[0](author)
        if not 1 <= len(document.rows) <= 6 or len(document.text) > _LONGEST or document.text in seen:
            continue
        seen.add(document.text)
        items.append(_item(rng, split, wording, document, len(items) + 1))
    return items


def _item(rng: random.Random, split: str, wording: Wording, document: Document, number: int) -> Item:
    # Half of the sources lost their no-break spaces on the way, as pasted text does.
    text = document.text if rng.random() < 0.5 else document.text.replace(NBSP, " ")
    output = answer(document.rows)
    return Item(
        id=f"extraction-{split}-{number:04d}",
        category=FAMILY,
        topic=document.topic,
        slice="generated",
        difficulty="hard" if document.hard else "basic",
        template_id=f"extraction-{split}-{document.wording}",
        instruction=_prompt(rng, wording, document, text),
        output=output,
        references=[output, compact(document.rows)],
        gold={"rows": document.rows},
        source="generator",
    )


def _prompt(rng: random.Random, wording: Wording, document: Document, text: str) -> str:
    if document.company:
        return fill(rng.choice(wording.company_prompts), {"company": document.company, "text": text})
    if document.standard:
        return fill(rng.choice(wording.standard_prompts), {"standard": document.standard, "text": text})
    return fill(rng.choice(wording.prompts), {"text": text})


def answer(rows: list[Row]) -> str:
    """The reference answer: a JSON list, one row a line."""
    return "[\n" + ",\n".join(_line(row) for row in rows) + "\n]"


def compact(rows: list[Row]) -> str:
    """The same list on one line."""
    return "[" + ", ".join(_line(row) for row in rows) + "]"


def _line(row: Row) -> str:
    # The decimal strings go in as they are: through a float 1234567.89 might come out otherwise.
    pairs = (f'"{key}": {_value(key, value)}' for key, value in row.items())
    return "{" + ", ".join(pairs) + "}"


def _value(key: str, value: str | None) -> str:
    if value is None or key in ("value", "change"):
        return value or "null"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main(FAMILY, build)
