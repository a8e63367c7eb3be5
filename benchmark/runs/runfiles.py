"""JSON files that come back from a disk: what their readers rely on is checked here, and a bad value is named."""

import json
from pathlib import Path
from typing import Annotated, Any, Required

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from benchmark.errors import UserError, misfit

_Number = Annotated[float, Field(ge=0, le=1e18, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0, le=1 << 53)]
_Section = dict[str, Any]
_Entries = dict[str, _Section]
_Scalars = dict[str, float | str | None]


class _Request(TypedDict, total=False):
    tasks: _Entries


class _System(TypedDict, total=False):
    backend_args: _Section


class _Options(TypedDict, total=False):
    tasks: list[str]
    include_paths: list[str]


class _Task(TypedDict, total=False):
    documents: _Count


class _Record(TypedDict, total=False):
    system: _System
    options: _Options
    tasks: dict[str, _Task]
    request: _Request
    versions: _Section
    device: _Section
    seconds: _Number
    tokens: dict[str, _Number | None] | None
    answers: dict[str, _Number] | None
    peak_memory_bytes: dict[str, _Number]


class _Values(TypedDict, total=False):
    sample_len: int


_Results = TypedDict(
    "_Results",
    {
        "results": Required[dict[str, _Values]],
        "configs": Required[Annotated[_Entries, Field(min_length=1)]],
        "groups": _Entries,
        "group_subtasks": dict[str, list[str]],
        "versions": Required[_Section],
        "n-shot": _Scalars,
        "higher_is_better": _Entries,
        "n-samples": _Entries,
        "task_hashes": _Section,
    },
    total=False,
)


_RECORD, _RESULTS = TypeAdapter(_Record), TypeAdapter(_Results)
"""What readers rely on; other keys may hold anything, and older runs have fewer."""


def read_record(path: Path) -> dict[str, Any]:
    """`run.json`.

    Raises:
        UserError: it cannot be read, or holds a value of another kind than ours; names the key.
    """
    return read_checked(path, _RECORD, "restore it or run again")


def read_results(path: Path) -> dict[str, Any]:
    """The results file, as lm-eval writes it.

    Raises:
        UserError: as `read_record`.
    """
    return read_checked(path, _RESULTS, "restore it or run again")


def read_checked(path: Path, kind: TypeAdapter[Any], remedy: str) -> dict[str, Any]:
    """A JSON object as it is written, if it is of a kind.

    Args:
        kind: of a TypedDict; keys that it does not name may hold anything.
        remedy: what to do about a file that is not.

    Raises:
        UserError: it cannot be read, or is of another kind; names the key.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        kind.validate_python(value, strict=True)
    except ValidationError as error:
        raise UserError(f"{path}: damaged ({misfit(error)}); {remedy}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: damaged ({error}); {remedy}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); {remedy}") from error
    return value
