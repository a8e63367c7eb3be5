"""A server's own words about a failure, fit for one line of a terminal: no key, no prompt, no control sequence."""

import json
import re
from collections.abc import Mapping
from typing import Any

from benchmark.servers.endpoint import Endpoint

_LONGEST = 300
"""Letters of a server's words that are shown."""
_PASSAGE = 12
"""Letters in a row that make a quotation of the prompt: validation errors repeat the request that they are about."""


def said(data: object) -> str:
    """The words in an error's JSON, from the shapes in use; empty where it has none of them."""
    try:
        return _said(data)
    except RecursionError:
        return ""


def _said(data: object) -> str:
    if isinstance(data, list):
        return "; ".join(filter(None, map(_said, data)))
    if not isinstance(data, Mapping):
        return data if isinstance(data, str) else ""
    if data.get("msg") and isinstance(data.get("loc"), list):  # FastAPI's: the place, what is wrong there, the input
        return f"{'.'.join(str(part) for part in data['loc'] if isinstance(part, str | int))}: {_said(data['msg'])}"
    return next((_said(data[key]) for key in ("error", "message", "detail") if data.get(key)), "")


def error_text(body: bytes) -> str:
    """The words in the body of an error; all of it where it is not JSON, or says nothing in a known place."""
    text = body.decode("utf-8", errors="replace")
    try:
        return said(json.loads(text)) or text
    except (ValueError, RecursionError):  # numbers of thousands of digits and endless nesting too
        return text


def shown(server: Endpoint, words: str, payload: Mapping[str, Any]) -> str:
    """A server's words for one line of a terminal.

    Args:
        payload: the request that they answer; passages of its prompt are left out.
    """
    if server.key:
        words = words.replace(server.key, "***")
    line = _unquoted(" ".join(words.split())[: _LONGEST + _PASSAGE], _quotable(payload))[:_LONGEST]
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)


def _quotable(payload: Mapping[str, Any]) -> str:
    """A request's prompt in the forms that it may be quoted in: as it is, as JSON, as JSON in ASCII."""
    messages = payload.get("messages")
    parts = [message.get("content") for message in messages] if messages else [payload.get("prompt")]
    plain = "\n".join(part if isinstance(part, str) else json.dumps(part) for part in parts)
    return " ".join(f"{plain} {json.dumps(plain, ensure_ascii=False)} {json.dumps(plain)}".split())


def _unquoted(line: str, quotable: str) -> str:
    starts = (start for start in range(len(line) - _PASSAGE + 1) if line[start : start + _PASSAGE] in quotable)
    quoted = {start + letter for start in starts for letter in range(_PASSAGE)}
    return re.sub("\0+", "…", "".join("\0" if place in quoted else letter for place, letter in enumerate(line)))
