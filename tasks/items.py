"""The item: one line of a family's JSONL, and reading and writing such files."""

import errno
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class DataError(ValueError):
    """Data that cannot be used; the message names the file, the line or key, and the remedy."""


class Item(BaseModel):
    """One benchmark item. `instruction`, `output` and `category` alone are the simple form that users bring."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1)
    """Unique within the family, stable across versions: `calc-test-0001`."""
    category: str = Field(min_length=1)
    """The family: `calculation`, `extraction`, …"""
    topic: str = Field(min_length=1)
    """What the item is about within the family: `liquidity`, `bonds`, `retail_borrower`, …"""
    slice: str = Field(min_length=1)
    """Named part of a split that is reported by itself: `seen`, `unseen`, `generated`, `handwritten`."""
    difficulty: str = Field(min_length=1)
    """`one_step`, `multi_step`, `distractor`, `mixed_units` in calculation; `basic`, `hard` elsewhere."""
    template_id: str = Field(min_length=1)
    """Items that share a template are one cluster in the statistics; no template spans two splits."""
    instruction: str = Field(min_length=1)
    """The task as the model reads it, without the answer format (the family's `doc_to_text` states that)."""
    output: str = Field(min_length=1)
    """The reference answer, exactly in the stated format."""
    references: list[str] = Field(min_length=1)
    """Reference wordings, `output` first."""
    gold: dict[str, Any]
    """What the grader compares with; one fixed set of keys a family, each of one type."""
    source: str = Field(min_length=1)
    """`generator`, or `handwritten`."""


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Every line of a JSONL file as a dict.

    Raises:
        DataError: as `numbered_rows`.
    """
    return [row for _, row in numbered_rows(path)]


def numbered_rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Every line of a JSONL file as (line number, dict); empty lines are passed over.

    Raises:
        DataError: the file is not UTF-8, or a line is not a JSON object (a truncated last line, say); names the place.
    """
    rows = []
    for number, line in numbered_lines(path):
        try:
            rows.append((number, json_object(line)))
        except DataError as error:
            raise DataError(f"{path}:{number}: {error}; mend or restore the file") from error
    return rows


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a UTF-8 file that hold something, with their numbers; a byte-order mark before them is no part.

    Raises:
        DataError: the file is not UTF-8.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not in UTF-8 (byte {error.start}); save it as UTF-8") from error
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def json_object(line: str) -> dict[str, Any]:
    """A line of JSON as a dict.

    Raises:
        DataError: it is no JSON (numbers of thousands of digits and endless nesting included), or no object.
    """
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"not a whole line of JSON ({error.msg} at column {error.colno})") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON that can be read ({error})") from error
    if not isinstance(row, dict):
        raise DataError(f"expected a JSON object, found {type(row).__name__}")
    return row


def text_problems(row: dict[str, Any], keys: Iterable[str]) -> list[str]:
    """What keeps values from being texts that a tokenizer can read: empty ones, and half characters."""
    return [
        f"key {key!r} must be a non-empty text" + (" of whole characters" if isinstance(row.get(key), str) else "")
        if key in row
        else f"key {key!r} is missing; the row has {', '.join(map(repr, row)) or 'none'}"
        for key in keys
        if not isinstance(row.get(key), str) or not row[key].strip() or not _is_whole(row[key])
    ]


def _is_whole(text: str) -> bool:
    """Whether no half of a surrogate pair is in it, which JSON can spell and UTF-8 cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def validate(rows: Iterable[dict[str, Any]], where: str) -> list[Item]:
    """Rows as items.

    Raises:
        DataError: a row lacks a key, has an unknown one or a wrong type; names the item and the key.
    """
    items = []
    for number, row in enumerate(rows, 1):
        try:
            items.append(Item.model_validate(row))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise DataError(f"{where}:{number}: item {row.get('id', '?')!r}, key {key!r}: {first['msg']}") from error
    return items


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old bytes or the new ones, never a part.

    Raises:
        OSError: with `path` as its file name, whatever of it failed.
    """
    # A replacement would put an ordinary file in the place of a device or a pipe, /dev/null among them.
    if path.exists() and not path.is_file():
        raise OSError(errno.EEXIST, "Is a directory" if path.is_dir() else "Is a device or a pipe", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _replace(path, text)
    except OSError as error:  # a full disk names no file, a missing right the scratch file
        raise OSError(error.errno, error.strerror, str(path)) from error


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        make_ordinary(Path(name))
        Path(name).replace(path)
    except BaseException:  # whatever ends the write, Ctrl-C too, leaves no scratch file; it is raised again
        Path(name).unlink(missing_ok=True)
        raise


def make_ordinary(path: Path) -> None:
    """Give a file the rights that the user gives new files; some libraries make private ones."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)


def jsonl(rows: Iterable[dict[str, Any]]) -> str:
    """Rows as JSONL text, keys in the order given, Cyrillic as it is."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
