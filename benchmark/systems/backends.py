"""Systems that another engine runs: OpenAI-compatible servers, vLLM, SGLang and lm-eval's further backends."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from benchmark.errors import UserError, first_line, misfit
from benchmark.servers.endpoint import BACKENDS, CHAT, endpoint
from benchmark.storage.portions import SLICE
from benchmark.systems import vllm_engine
from benchmark.systems.adapter import check_adapter
from benchmark.systems.arguments import ENGINES, check_arguments

if TYPE_CHECKING:
    from lm_eval.api.model import LM

    from benchmark.system import SystemSpec

VLLM_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The values that vLLM takes for `max_lora_rank`."""
_INSTALL = {"vllm": "pip install -e '.[vllm]'", "sglang": "pip install sglang"}
_ADAPTER_NAME = "finetuned"


def load_backend(spec: "SystemSpec", batch_size: int | str, max_length: int | None = None) -> "LM":
    """A system that is not loaded by transformers here, as an lm-eval model.

    Raises:
        UserError: an unknown backend or one that is not installed, an argument that it refuses, an adapter that
            it cannot apply.
    """
    check_arguments(spec.backend, spec.backend_args)
    if spec.backend in BACKENDS:
        return _server(spec, max_length)
    arguments = backend_arguments(spec, max_length)
    if spec.backend == vllm_engine.NAME:
        vllm_engine.refuse_copies(arguments)
    if spec.adapter:
        check_adapter(spec)
    from lm_eval.api.registry import get_model

    # Told "auto", lm-eval would give vLLM as many at once and draw a second progress bar over ours.
    size = SLICE if spec.backend == vllm_engine.NAME and str(batch_size).startswith("auto") else batch_size
    with constructing(spec.backend):
        backend = get_model(spec.backend)
        _check_chat_template(spec)
        lm = backend.create_from_arg_obj(arguments, {"batch_size": size})
    if spec.backend == vllm_engine.NAME:
        vllm_engine.watch(lm)
    if spec.adapter and spec.backend == "sglang":
        # lm-eval has SGLang load the adapter, but never asks for it: the answers would be the base model's.
        lm.model.generate = partial(lm.model.generate, lora_path=_ADAPTER_NAME)
    return lm


@contextmanager
def constructing(backend: str) -> Iterator[None]:
    """Says in one line what keeps a backend from being made, whatever its library raises."""
    try:
        yield
    except ImportError as error:
        install = _INSTALL.get(backend, "its packages")
        raise UserError(
            f"--backend {backend}: not installed here ({_said(error)}); install it with {install}"
        ) from error
    except (KeyError, ValueError, TypeError, AssertionError, OSError, RuntimeError) as error:
        raise UserError(f"--backend {backend}: {_said(error)}") from error


def _check_chat_template(spec: "SystemSpec") -> None:
    """Before an engine starts, which takes its time and then finds no template."""
    if spec.apply_chat_template and spec.backend in ENGINES and "tokenizer" not in spec.backend_args:
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
    server, arguments = endpoint(spec.backend, spec.backend_args), _further(spec) | spec.backend_args
    with constructing(spec.backend):
        return models.load(spec.backend, spec.pretrained, server, arguments, max_length)


def backend_arguments(spec: "SystemSpec", max_length: int | None = None) -> dict[str, Any]:
    """What lm-eval's class of a backend is given, under the names that it has there.

    Raises:
        UserError: an adapter that the backend cannot apply.
    """
    arguments: dict[str, Any] = {"pretrained": str(spec.local_path or spec.pretrained)} | _further(spec)
    if spec.dtype != "auto":
        arguments["dtype"] = spec.dtype
    if spec.backend in ENGINES:
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


def _said(error: BaseException) -> str:
    # The first line of pydantic's says only how many there are.
    return misfit(error) if isinstance(error, ValidationError) else first_line(error)
