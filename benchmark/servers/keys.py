"""A server's key: read from the environment, refused wherever else it may be given."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from benchmark.errors import UserError

KEY_VARIABLE = "OPENAI_API_KEY"
_SECRET = re.compile(
    r"key(?!word)|secret|passw|passphrase|credential|authoriz|signature|header|cookie|bearer|^(?:o?auth|sig|pwd|pass|jwt)$"
)
_MARKS = {"bos", "eos", "pad", "unk", "mask", "sep", "cls", "begin", "start", "end", "stop", "special"}
"""What makes a `…_token` a mark within a text."""


def is_secret(name: str) -> bool:
    """Whether a value of this name is a secret: `X-Api-Key`, `clientSecret`; not `think_end_token`, `api_key_env`,
    `prompt_cache_key`.
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+", " ", name).lower().split()
    if words[-1:] == ["token"]:
        return _MARKS.isdisjoint(words)
    if words[-1:] == ["env"] or words[-2:] == ["cache", "key"]:
        return False
    return any(_SECRET.search(word) for word in words)


def refuse_secrets(arguments: Mapping[str, Any]) -> None:
    """Refuse a secret on the command line, where the process list, the shell's history and `run.json` would keep it.

    Raises:
        UserError: naming the argument, never its value.
    """
    for name, value in arguments.items():
        secret = name if is_secret(name) else next(_secrets_within(name, value), None)
        if secret:
            raise UserError(
                f"--backend-arg {secret}: secrets are read from the environment only; "
                f"put the key into {KEY_VARIABLE}, or into a variable that --api-key-env names"
            )


def _secrets_within(where: str, value: Any) -> Iterator[str]:
    """Dotted names of the secrets in a JSON value; an object under such a name is a schema that describes a field."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            if is_secret(str(key)) and not isinstance(below, Mapping | bool | None):
                yield f"{where}.{key}"
            yield from _secrets_within(f"{where}.{key}", below)
    elif isinstance(value, list):
        for below in value:
            yield from _secrets_within(where, below)


def read_key(variable: str, needed: bool) -> str | None:
    """The key in an environment variable; None where there is none and none is needed.

    Raises:
        UserError: a key that is missing or cannot be sent.
    """
    key = os.environ.get(variable, "").strip()
    if not key and needed:
        raise UserError(f"{variable}: not set in the environment; put the server's API key there")
    if not (key.isascii() and key.isprintable()):
        raise UserError(f"{variable}: holds characters that no API key has; put the key alone there")
    return key or None
