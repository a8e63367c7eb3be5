"""Where a server is and how it is asked; which of that is secret, and which of it changes an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from benchmark.errors import UserError
from benchmark.servers.keys import KEY_VARIABLE, is_secret, read_key

CHAT = ("local-chat-completions", "openai-chat-completions")
COMPLETIONS = ("local-completions", "openai-completions")
BACKENDS = CHAT + COMPLETIONS
"""lm-eval's names of the backends that speak the OpenAI protocol."""

_OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Endpoint:
    """One server. Every field but `url` may change from one try of a run to the next: none changes an answer."""

    url: str
    """The address that requests are posted to."""
    api_key_env: str = KEY_VARIABLE
    """Environment variable that holds the key."""
    key: str | None = field(default=None, repr=False)
    """Never shown, logged or written."""
    num_concurrent: int = 8
    """Requests under way at once."""
    timeout: float = 300.0
    """Seconds for one request, waiting in the server's queue included."""
    max_retries: int = 8
    """Tries of one request in all, the first included (so lm-eval counts them)."""
    verify_certificate: bool = True
    ca_cert_path: str | None = None
    """Certificates of an authority that the system does not know."""


TRANSPORT = {entry.name for entry in fields(Endpoint)} - {"url", "key"}
"""`backend_args` that change no answer."""


def endpoint(backend: str, arguments: Mapping[str, Any]) -> Endpoint:
    """The server that `backend_args`, of the right types, describe, with its key from the environment.

    Raises:
        UserError: no address or a wrong one, a key that is missing or cannot be sent.
    """
    chosen = {name: value for name, value in arguments.items() if name in TRANSPORT and value is not None}
    url = address(backend, arguments.get("base_url"))
    variable = str(chosen.setdefault("api_key_env", KEY_VARIABLE))
    needed = "api_key_env" in arguments or urlsplit(url).hostname == urlsplit(_OPENAI).hostname
    return Endpoint(url=url, key=read_key(variable, needed), **chosen)


def address(backend: str, base_url: object) -> str:
    """The whole address for a backend: `http://host:8000`, `…/v1` and `…/v1/completions` all lead to it.

    Raises:
        UserError: no address, not http(s), or a secret within it.
    """
    if not base_url and backend.startswith("openai-"):
        base_url = _OPENAI
    if not isinstance(base_url, str) or not base_url:
        raise UserError(f"--backend {backend}: give the server's address with --base-url, like http://localhost:8000")
    parts = _split(base_url)
    path = parts.path.rstrip("/").removesuffix("/completions").removesuffix("/chat") or "/v1"
    return parts._replace(path=path + ("/chat/completions" if backend in CHAT else "/completions")).geturl()


def _split(base_url: str) -> SplitResult:
    inside = f"--base-url: holds a password or key; put the key into {KEY_VARIABLE} and leave it out there"
    if "@" in base_url:  # whatever stands before it: a slash in a password makes it look like a port or a path
        raise UserError(f"{inside} (an @ that belongs to the path is written %40)")
    try:
        parts = urlsplit(base_url)
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:  # not repeated: what it holds cannot be told
        raise UserError("--base-url: not an address; write it like http://localhost:8000") from None
    if any(is_secret(name) for name, _ in parse_qsl(f"{parts.query}&{parts.fragment}", keep_blank_values=True)):
        raise UserError(inside)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"--base-url {base_url}: not an address; write it like http://localhost:8000")
    return parts


def identifying(backend: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `backend_args` that can change an answer, and so belongs to the system's identity.

    The server's address belongs to it: the same name may stand for other weights elsewhere. How many requests run
    at once, how long one may take and how often it is tried again does not.
    """
    if backend not in BACKENDS:
        return dict(arguments)
    kept = {name: value for name, value in arguments.items() if name not in TRANSPORT}
    return kept | {"base_url": address(backend, arguments.get("base_url"))}
