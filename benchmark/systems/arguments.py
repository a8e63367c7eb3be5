"""`--backend-arg`: read from the command line, and held against what a backend takes before anything is loaded."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from benchmark.errors import UserError
from benchmark.servers.arguments import Chats, Completions
from benchmark.servers.endpoint import BACKENDS, CHAT, COMPLETIONS, endpoint
from benchmark.servers.keys import refuse_secrets
from benchmark.systems.dtype import Computed

_TokenId = Annotated[int, Field(ge=0)]


class HuggingFace(TypedDict, total=False):
    """What lm-eval's `hf` takes besides how a model is loaded, which is done here: it would ignore the rest in silence."""

    add_bos_token: bool
    chat_template_args: dict[str, Any]
    enable_thinking: bool
    logits_cache: bool
    mixed_precision_dtype: Computed
    prefix_token_id: _TokenId
    softmax_dtype: Computed
    think_end_token: _TokenId | str
    truncation: bool


_TAKEN: dict[str, type] = {"hf": HuggingFace, **dict.fromkeys(CHAT, Chats), **dict.fromkeys(COMPLETIONS, Completions)}
"""Backends whose arguments are known here; any other judges its own."""
_OPTIONS = {
    **dict.fromkeys(("pretrained", "model", "model_path"), "--model"),
    **dict.fromkeys(("peft", "lora_local_path", "lora_paths", "lora_modules", "enable_lora"), "--adapter"),
    **dict.fromkeys(("max_length", "max_model_len", "context_length"), "--max-length"),
    "batch_size": "--batch-size",
    "dtype": "--dtype",
    "revision": "--revision",
    "trust_remote_code": "--trust-remote-code",
}
"""Arguments that would say another thing than the option that `run.json` and the system's identity are made from."""
ENGINES = ("vllm", "sglang")
"""What runs a transformers checkpoint on this machine, outside transformers."""
_OF_SERVERS = ("base_url", "num_concurrent", "timeout", "api_key_env")
"""Arguments of servers that are the same as an option, and kept with the others."""


def command_line_arguments(backend: str, values: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """`backend_args` from the command line, checked as far as that goes without loading anything.

    Args:
        backend: which backend they are for.
        values: `--backend-arg`: `key=value` texts.
        options: the further options about servers by their names in `backend_args`; None for those not given.

    Raises:
        UserError: a value that cannot be read, what `check_arguments` refuses, an option of servers for a backend that
            is none, or a server's address or key that is missing or wrong.
    """
    arguments = parse_arguments(values)
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if backend not in BACKENDS and not (name == "base_url" and backend != "hf"):
            raise UserError(
                f"{_shown(name)}: for servers only; add --backend local-chat-completions (or local-completions)"
            )
    arguments |= given
    check_arguments(backend, arguments)
    if backend in BACKENDS:
        endpoint(backend, arguments)
    return arguments


def parse_arguments(values: Sequence[str]) -> dict[str, Any]:
    """`key=value` texts as arguments: true, false, none, numbers, JSON objects and lists; all else is text.

    A value in quotes is text whatever it looks like.

    Raises:
        UserError: no `=`, no key, or broken JSON.
    """
    parsed: dict[str, Any] = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or not key.strip():
            raise UserError(f"--backend-arg {key}: write key=value")
        parsed[key.strip()] = _typed(text.strip(), f"--backend-arg {key}")
    return parsed


def _typed(text: str, where: str) -> Any:
    from lm_eval.utils import handle_arg_string

    if not text.startswith(("{", "[")):
        return handle_arg_string(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not JSON ({error}); put text that begins with a bracket into quotes") from error


def check_arguments(backend: str, arguments: Mapping[str, Any]) -> None:
    """Refuse what a backend would fail on only when it is loaded or asked, or would take for another system.

    Raises:
        UserError: a secret, an argument that has an option of its own, one that the backend does not know, a value of
            another type than the backend takes.
    """
    refuse_secrets(arguments)
    for name in arguments:
        if name in _OPTIONS:
            raise UserError(f"--backend-arg {name}: has an option of its own; give it with {_OPTIONS[name]}")
    if backend in _TAKEN:
        _check_names(backend, arguments)
        _check_types(backend, arguments)
    elif backend in ENGINES:
        _check_mark(backend, arguments)


def _check_mark(backend: str, arguments: Mapping[str, Any]) -> None:
    """Of an engine's arguments what the engine would fail on only with its first answers."""
    mark = arguments.get("think_end_token")
    if backend == "vllm" and arguments.get("enable_thinking") and mark is None:
        raise UserError("--backend-arg enable_thinking: vllm needs to know what ends a thought: add think_end_token=…")
    if not isinstance(mark, str | None):
        raise UserError(
            f"--backend-arg think_end_token: {backend} takes it as text, like </think> (in quotes, a number is text)"
        )


def _check_names(backend: str, arguments: Mapping[str, Any]) -> None:
    known = _TAKEN[backend].__annotations__
    if unknown := sorted(arguments.keys() - known):
        elsewhere = (
            "the rest has options of its own"
            if backend == "hf"
            else 'fields of the request itself go into --backend-arg extra_body={"…": …}'
        )
        raise UserError(
            f"--backend-arg {', '.join(unknown)}: unknown to {backend}, which has {', '.join(sorted(known))}; {elsewhere}"
        )


def _check_types(backend: str, arguments: Mapping[str, Any]) -> None:
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        TypeAdapter(_TAKEN[backend]).validate_python(given, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        remedy = " (in quotes, a number is text)" if first["type"] == "string_type" else ""
        raise UserError(f"{_shown(str(first['loc'][0]))}: {first['msg']}{remedy}") from error


def _shown(name: str) -> str:
    """An argument as it is given: one of the options, or a `--backend-arg`."""
    return f"--{name.replace('_', '-')}" if name in _OF_SERVERS else f"--backend-arg {name}"
