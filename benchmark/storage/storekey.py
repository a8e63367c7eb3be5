"""What an answer depends on: the name of a system's store, and why an earlier store is not it any more."""

import importlib.metadata
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmark.servers.endpoint import BACKENDS as SERVERS
from benchmark.systems.identity import sha256_of_files, sha256_of_json
from tasks.items import write_text

_PACKAGE = Path(__file__).parent.parent
_CODE = {
    "hf": ("engine/*.py", *(f"systems/{name}.py" for name in ("attention", "kernels", "norms", "prompts", "thinking"))),
    "server": ("servers/*.py", "systems/thinking.py"),
    "other": ("systems/backends.py", "systems/vllm_engine.py"),
}
"""Our modules that have a part in an answer, by the kind of backend."""
_CONTENTS = {"pretrained_sha256", "adapter_sha256", "backend_args_sha256", "commit", "engine_sha256"}
"""Ingredients that change under one and the same command, beside the versions."""
_VERSION = "version of "
_notices = logging.getLogger(__name__)


def ingredients(described: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Everything beside the request itself that can change an answer.

    Args:
        described: the system, from `benchmark.system.identity`.
        options: the run's options.
    """
    # A shorter context cuts prompts that are stored whole: other answers to the same key.
    context = {key: options.get(key) for key in ("max_length", "on_long_prompt")}
    versions = {f"{_VERSION}{name}": version for name, version in _versions(described)}
    return {**described, **context, **versions, "engine_sha256": engine_sha256(described["backend"])}


def engine_sha256(backend: str) -> str:
    """One hash over our own code that asks a backend."""
    kind = "hf" if backend == "hf" else "server" if backend in SERVERS else "other"
    return sha256_of_files(path for pattern in _CODE[kind] for path in _PACKAGE.glob(pattern))


def _versions(described: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The libraries that have a part in this system's answers, as they are installed."""
    backend, names = described["backend"], ["lm-eval"]
    if backend not in SERVERS or "tokenizer" in described["backend_args"]:
        names += ["torch", "transformers", "tokenizers"]
    if backend == "hf":
        names += ["peft"] if described["adapter"] else []
        names += ["bitsandbytes"] if described["quantization"] != "none" else []
    elif backend in ("vllm", "sglang"):
        names.append(backend)
    for name in names:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield name, "not installed"


def store_key(kept: Mapping[str, Any]) -> str:
    """The name of a store. Paths are left out where their content's hashes stand for them."""
    located = {"adapter"} | ({"pretrained"} if kept["pretrained_sha256"] else set())
    return sha256_of_json({key: value for key, value in kept.items() if key not in located})[:32]


def remember(folder: Path, kept: Mapping[str, Any]) -> None:
    """Write beside the stores what this one's name stands for; say it where an earlier try's answers are no use now."""
    path = folder / f"{store_key(kept)}.json"
    if path.exists():
        return
    told = _changed(folder, json.loads(json.dumps(kept, default=str)))
    if told:
        _notices.warning("%s: answers kept there are not used: %s", folder, told)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(kept, ensure_ascii=False, indent=2, default=str) + "\n")


def _changed(folder: Path, kept: Mapping[str, Any]) -> str:
    """What became another thing under the same command since the store that is most like this one; empty if none."""
    found: list[str] = []
    for path in folder.glob("*.json"):
        earlier = _read(path)
        unequal = sorted(key for key in {*earlier, *kept} if earlier.get(key) != kept.get(key))
        if unequal and all(key in _CONTENTS or key.startswith(_VERSION) for key in unequal):
            found.append("; ".join(f"{k} was {_short(earlier.get(k))}, is {_short(kept.get(k))}" for k in unequal))
    return min(found, key=len, default="")


def _read(path: Path) -> dict[str, Any]:
    """What an earlier store's name stood for; nothing where the file is damaged: it is read for a notice only."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _short(value: Any) -> str:
    return str(value)[:12]
