"""The one exception that a user's mistake or a broken environment ends in, and how others' errors become one line."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class UserError(Exception):
    """One line that names the file or option, the key and the remedy; the command line exits with code 2."""


def first_line(error: BaseException) -> str:
    """What a library's error says in its first line; its kind where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def misfit(error: "ValidationError") -> str:
    """The first key that does not fit, and why; the key is left out where the whole does not."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    return f"key {key!r}: {first['msg']}" if key else str(first["msg"])
