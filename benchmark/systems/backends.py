"""Systems that another engine runs: OpenAI-compatible servers, vLLM, SGLang and lm-eval's further backends."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from benchmark.errors import UserError, first_line, misfit
from benchmark.servers.endpoint import BACKENDS, CHAT, endpoint, refuse_secrets
from benchmark.systems import vllm_engine
from benchmark.systems.adapter import check_adapter
from benchmark.systems.dtype import DTYPES

if TYPE_CHECKING:
    from lm_eval.api.model import LM

    from benchmark.system import SystemSpec

VLLM_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The values that vLLM takes for `max_lora_rank`."""
_OF_HF = (
    "add_bos_token",
    "chat_template_args",
    "enable_thinking",
    "logits_cache",
    "mixed_precision_dtype",
    "prefix_token_id",
    "softmax_dtype",
    "think_end_token",
    "truncation",
)
"""What lm-eval's `hf` takes besides how a model is loaded, which is done here: it would ignore the rest in silence."""
_ENGINES = ("vllm", "sglang")
"""What runs a transformers checkpoint on this machine, outside transformers."""
_INSTALL = {"vllm": "pip install -e '.[vllm]'", "sglang": "pip install sglang"}
_ADAPTER_NAME = "finetuned"


def load_backend(spec: "SystemSpec", batch_size: int | str, max_length: int | None = None) -> "LM":
    """A system that is not loaded by transformers here, as an lm-eval model.

    Raises:
        UserError: an unknown backend or one that is not installed, an argument that it refuses, an adapter that
            it cannot apply.
    """
    refuse_secrets(spec.backend_args)
    if spec.backend in BACKENDS:
        return _server(spec, max_length)
    arguments = backend_arguments(spec, max_length)
    if spec.adapter:
        check_adapter(spec)
    from lm_eval.api.registry import get_model

    size = vllm_engine.SLICE if spec.backend == vllm_engine.NAME and str(batch_size).startswith("auto") else batch_size
    try:
        backend = get_model(spec.backend)
        _check_chat_template(spec)
        lm = backend.create_from_arg_obj(arguments, {"batch_size": size})
    except ImportError as error:
        install = _INSTALL.get(spec.backend, "its packages")
        raise UserError(
            f"--backend {spec.backend}: not installed here ({_said(error)}); install it with {install}"
        ) from error
    except (KeyError, ValueError, TypeError, AssertionError, OSError, RuntimeError) as error:
        raise UserError(f"--backend {spec.backend}: {_said(error)}") from error
    if spec.backend == vllm_engine.NAME:
        vllm_engine.watch(lm)
    if spec.adapter and spec.backend == "sglang":
        # lm-eval has SGLang load the adapter, but never asks for it: the answers would be the base model's.
        lm.model.generate = partial(lm.model.generate, lora_path=_ADAPTER_NAME)
    return lm


def _check_chat_template(spec: "SystemSpec") -> None:
    """Before an engine starts, which takes its time and then finds no template."""
    if spec.apply_chat_template and spec.backend in _ENGINES and "tokenizer" not in spec.backend_args:
        from benchmark.system import load_tokenizer

        load_tokenizer(spec)


def _server(spec: "SystemSpec", max_length: int | None) -> "LM":
    from benchmark.servers import models

    if spec.adapter:
        raise UserError(
            f"--adapter {spec.adapter}: a server loads its adapters itself (vLLM: --lora-modules NAME=PATH); "
            "give the adapter's name there with --model"
        )
    if spec.dtype != "auto":
        raise UserError(f"--dtype {spec.dtype}: the server decides on it; leave it out")
    if spec.backend in CHAT and not spec.apply_chat_template:
        raise UserError(f"--backend {spec.backend}: takes chats only; add --apply-chat-template")
    arguments = _further(spec) | spec.backend_args
    return models.load(spec.backend, spec.pretrained, endpoint(spec.backend, spec.backend_args), arguments, max_length)


def backend_arguments(spec: "SystemSpec", max_length: int | None = None) -> dict[str, Any]:
    """What lm-eval's class of a backend is given, under the names that it has there.

    Raises:
        UserError: an adapter that the backend cannot apply.
    """
    arguments: dict[str, Any] = {"pretrained": str(spec.local_path or spec.pretrained)} | _further(spec)
    if spec.dtype != "auto":
        arguments["dtype"] = spec.dtype
    if spec.backend in _ENGINES:
        # SGLang's class would let code from the model's repository run unless told otherwise.
        arguments["trust_remote_code"] = spec.trust_remote_code
        if max_length:
            arguments["max_model_len"] = max_length
    if spec.adapter:
        arguments |= _adapter_arguments(spec.backend, spec.adapter)
    return arguments | spec.backend_args


def _further(spec: "SystemSpec") -> dict[str, Any]:
    given = {"revision": spec.revision, "trust_remote_code": spec.trust_remote_code}
    return {name: value for name, value in given.items() if value}


def _adapter_arguments(backend: str, adapter: str) -> dict[str, Any]:
    if backend == "vllm":
        return {"lora_local_path": adapter, "max_lora_rank": _vllm_rank(adapter)}
    if backend == "sglang":
        rank = adapter_rank(Path(adapter))
        return {
            "enable_lora": True,
            "lora_paths": [f"{_ADAPTER_NAME}={adapter}"],
            "max_loras_per_batch": 1,
            "max_lora_rank": rank,
        }
    raise UserError(
        f"--adapter {adapter}: backend {backend} takes none; merge it with `rufinbench export` and score the result"
    )


def _vllm_rank(adapter: str) -> int:
    rank = adapter_rank(Path(adapter))
    if rank > VLLM_RANKS[-1]:
        raise UserError(
            f"--adapter {adapter}: rank {rank} is above vLLM's limit of {VLLM_RANKS[-1]}; "
            "merge it with `rufinbench export` and score the result"
        )
    return next(allowed for allowed in VLLM_RANKS if allowed >= rank)


def adapter_rank(folder: Path) -> int:
    """The largest rank of a LoRA adapter, `rank_pattern` included.

    Raises:
        UserError: no readable adapter there, or one that the engines do not apply as it was trained.
    """
    path = folder / "adapter_config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        rank = max(int(value) for value in [config["r"], *(config.get("rank_pattern") or {}).values()])
    except FileNotFoundError:
        raise UserError(f"--adapter {folder}: no adapter_config.json there; give a PEFT adapter's directory") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not the configuration of a LoRA adapter ({_said(error)})") from error
    for key in ("use_dora", "modules_to_save"):
        if config.get(key):
            raise UserError(
                f"{path}: {key} is set, which vLLM and SGLang do not apply; "
                "merge the adapter with `rufinbench export` and score the result"
            )
    return rank


def command_line_arguments(backend: str, values: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """`backend_args` from the command line, checked as far as that goes without loading anything.

    Args:
        backend: which backend they are for.
        values: `--backend-arg`: `key=value` texts.
        options: the further options about servers by their names in `backend_args`; None for those not given.

    Raises:
        UserError: a value that cannot be read, a secret, an argument that hf would ignore, an option of servers for
            a backend that is none, or a server's address or key that is missing or wrong.
    """
    arguments = parse_arguments(values)
    refuse_secrets(arguments)
    given = {name: value for name, value in options.items() if value is not None}
    unknown = [name for name in arguments if backend == "hf" and name not in _OF_HF]
    if unknown:
        raise UserError(
            f"--backend-arg {unknown[0]}: hf takes only {', '.join(_OF_HF)}; the rest has options of its own"
        )
    for name, value in arguments.items():
        if backend == "hf" and name.endswith("_dtype") and value not in DTYPES[1:]:
            raise UserError(f"--backend-arg {name}: choose one of {', '.join(DTYPES[1:])}")
    for name in given:
        if backend not in BACKENDS and not (name == "base_url" and backend != "hf"):
            option = "--" + name.replace("_", "-")
            raise UserError(f"{option}: for servers only; add --backend local-chat-completions (or local-completions)")
    arguments |= given
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
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not JSON ({error}); put text that begins with a bracket into quotes") from error


def _said(error: BaseException) -> str:
    # The first line of pydantic's says only how many there are.
    return misfit(error) if isinstance(error, ValidationError) else first_line(error)
