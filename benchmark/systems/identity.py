"""What makes two systems the same system: hashes over everything that can change an answer."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

_WEIGHTS = ("*.safetensors", "*.gguf", "*.bin")
_CONFIGURATION = (
    "config.json", "generation_config.json", "adapter_config.json", "*.index.json",
    "tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab*", "merges.txt", "*.model", "*.tiktoken",
    "chat_template.json", "*.jinja",
    "*.py", "custom_generate/*.py",
)  # fmt: skip
"""Of code, what `trust_remote_code` would run."""
_BLOCK = 1 << 22


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex; a file unchanged since it was last hashed is not read again."""
    status = path.stat()
    return _sha256(str(path.resolve()), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _sha256(path: str, size: int, modified: int) -> str:
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def sha256_of_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


def sha256_of_files(paths: Iterable[Path]) -> str:
    """One hash over several files' names and bytes, whatever their order."""
    return sha256_of_json(sorted([path.name, sha256_of_file(path)] for path in paths))


def model_sha256(path: Path) -> str:
    """The identity of a model or adapter on disk: its weights, configuration, tokenizer and code, every byte of them.

    A GGUF file holds all of that; what transformers finds beside it, it reads too.
    """
    folder, patterns = (path.parent, _CONFIGURATION) if path.is_file() else (path, _WEIGHTS + _CONFIGURATION)
    files = {file for pattern in patterns for file in folder.glob(pattern) if file.is_file()}
    if path.is_file():
        return sha256_of_files({path, *files}) if files else sha256_of_file(path)
    return sha256_of_files(files)


def weights_sha256(path: Path) -> str:
    """The identity of the weights alone."""
    if path.is_file():
        return sha256_of_file(path)
    return sha256_of_files(file for pattern in _WEIGHTS for file in path.glob(pattern))


def arguments_sha256(arguments: Mapping[str, Any]) -> str | None:
    """One hash over the contents of the files and folders that a backend's arguments name; None where they name none.

    Of a folder that is what `model_sha256` knows: a folder of answers to come, or of a cache, is no part of a system.
    """
    found = {name: [_content(path) for path in _paths(value)] for name, value in arguments.items()}
    named = {name: contents for name, contents in found.items() if contents}
    return sha256_of_json(named) if named else None


def _content(path: Path) -> str:
    return model_sha256(path) if path.is_dir() or path.suffix == ".gguf" else sha256_of_file(path)


def _paths(value: Any) -> Iterator[Path]:
    """The texts in a JSON value that name a file or a folder here."""
    if isinstance(value, Mapping | list):
        for below in value.values() if isinstance(value, Mapping) else value:
            yield from _paths(below)
    elif isinstance(value, str) and value and _is_there(Path(value)):
        yield Path(value)


def _is_there(path: Path) -> bool:
    try:
        return path.is_file() or path.is_dir()
    except OSError:  # no path at all: a chat template, say, is too long for one
        return False
