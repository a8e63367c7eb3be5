"""Which failures may pass and which end the run, and what the user is told."""

import email.utils
import time
from collections.abc import Mapping
from typing import Any

from benchmark.errors import UserError
from benchmark.servers.endpoint import Endpoint
from benchmark.servers.words import error_text, shown

LONGEST_REQUESTED_WAIT = 600.0
"""A server that asks for a longer pause (a spent quota) ends the run: its answers are kept, and nobody is watching."""
_PASSING = {408, 425, 429, *range(500, 600)} - {501, 505}
_GO_ON = "then give the same command again: what is answered is kept"
_REMEDIES = {
    401: "check the key in {key}",
    403: "check the key in {key} and what it may be used for",
    404: "check --base-url and --model",
    413: "shorten the prompt (fewer --num-fewshot) or raise the server's context length",
    429: "lower --num-concurrent, or wait",
}


class Trouble(Exception):
    """A failure that may pass."""

    def __init__(
        self, kind: str, words: str = "", status: int | None = None, *, wait: float = 0.0, remedy: str = ""
    ) -> None:
        """Say what happened.

        Args:
            kind: in our words, which the log keeps.
            words: in others' words, the server's too, for the terminal.
            status: of HTTP, where there was a reply.
            wait: seconds that the server asked for.
            remedy: where the status does not tell it.
        """
        super().__init__(f"{kind}: {words}" if words else kind)
        self.kind = kind
        self.status = status
        self.wait = wait
        self.remedy = remedy


def refusal(
    server: Endpoint, payload: Mapping[str, Any], status: int, headers: Mapping[str, str], body: bytes
) -> Exception:
    """What a status other than 200 means: a passing trouble, or the end."""
    wait = retry_after(headers.get("Retry-After"))
    trouble = Trouble(f"HTTP {status}", shown(server, error_text(body), payload), status, wait=wait)
    if wait > LONGEST_REQUESTED_WAIT:
        return failure(server, f"{trouble} (it asks for a pause of {wait:.0f} s)", status)
    if status in _PASSING and b"insufficient_quota" not in body:
        return trouble
    if 300 <= status < 400:
        place = shown(server, headers.get("Location", "?"), payload)
        return failure(server, f"{trouble} to {place}", status, remedy="give that as --base-url")
    return failure(server, str(trouble), status)


def failure(server: Endpoint, message: str, status: int | None, *, remedy: str = "") -> UserError:
    """The one line that ends the run: address, what happened, what to do."""
    if not remedy:
        remedy = _REMEDIES.get(status or 0) or _remedy(status)
    return UserError(f"{server.url}: {message}; {remedy.format(key=server.api_key_env)}, {_GO_ON}")


def _remedy(status: int | None) -> str:
    if status is None:
        return "check that the server runs, raise --timeout or lower --num-concurrent"
    return "see the server's log" if status == 200 or status >= 500 else "see what the server says"


def retry_after(header: str | None) -> float:
    """Seconds that a Retry-After header asks for, given as seconds or as a date; 0 where there is none to be read."""
    if not header:
        return 0.0
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0
