"""A PEFT adapter put on the model that it was trained on, and on no other."""

import logging
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from benchmark.errors import UserError
from benchmark.runs.runfiles import read_checked
from benchmark.systems.identity import weights_sha256

if TYPE_CHECKING:
    from benchmark.system import SystemSpec

MANIFEST = "manifest.json"
_CONFIG = "adapter_config.json"
_REMEDY = "copy or train the adapter again"
_notices = logging.getLogger("rufinbench")


class _Base(TypedDict, total=False):
    pretrained: str
    weights_sha256: str | None


class _Data(TypedDict, total=False):
    apply_chat_template: bool


class _Trained(TypedDict, total=False):
    data: _Data


class _Manifest(TypedDict, total=False):
    base: _Base
    config: _Trained


class _Config(TypedDict, total=False):
    base_model_name_or_path: str | None


_KINDS: dict[str, TypeAdapter[Any]] = {MANIFEST: TypeAdapter(_Manifest), _CONFIG: TypeAdapter(_Config)}
"""What is read of these files here."""


def with_adapter(model: Any, spec: "SystemSpec") -> Any:
    """The model with the adapter of its spec, which `check_adapter` has passed, on it, unmerged.

    Raises:
        UserError: damaged weights, or weights that do not fit the model.
    """
    from peft import PeftModel
    from safetensors import SafetensorError

    folder = Path(str(spec.adapter))
    try:
        return PeftModel.from_pretrained(model, str(folder))
    except SafetensorError as error:
        raise UserError(f"--adapter {folder}: its weights are damaged ({error}); copy or train it again") from error
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"--adapter {folder}: does not fit --model {spec.pretrained}: {said}") from error


def check_adapter(spec: "SystemSpec") -> None:
    """Look at a spec's adapter before its model is loaded, whoever does that: transformers, vLLM or SGLang.

    Raises:
        UserError: no adapter there, pickled weights, or one of another base.
    """
    folder = Path(str(spec.adapter))
    if not (folder / _CONFIG).exists():
        raise UserError(f"--adapter {folder}: no {_CONFIG} there; give a PEFT adapter's directory")
    if not list(folder.glob("*.safetensors")):
        raise UserError(
            f"--adapter {folder}: no *.safetensors there; convert the adapter (pickled weights are not loaded)"
        )
    _check_base(spec, folder)
    _check_prompts(spec, folder)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What our training says of an adapter; None for an adapter of another program, or where training did not finish.

    Raises:
        UserError: a damaged manifest.
    """
    path = folder / MANIFEST
    return read_checked(path, _KINDS[MANIFEST], _REMEDY) if path.exists() else None


def _check_base(spec: "SystemSpec", folder: Path) -> None:
    """Refuse an adapter that was trained on other weights: it would load, and mean nothing."""
    base = (read_manifest(folder) or {}).get("base", {})
    hashed, path = base.get("weights_sha256"), spec.local_path
    if hashed and path:
        if hashed != weights_sha256(path):
            raise UserError(
                f"--adapter {folder}: it was trained on {base.get('pretrained')} (weights {hashed[:12]}…), "
                f"not on {spec.pretrained}; give that model, or train an adapter for this one"
            )
        return
    config = read_checked(folder / _CONFIG, _KINDS[_CONFIG], _REMEDY)
    named = base.get("pretrained") or config.get("base_model_name_or_path") or ""
    if named and not _may_be(named, spec):
        raise UserError(
            f"--adapter {folder}: it was trained on {named}, not on {spec.pretrained}; give that model, or mend "
            f"base_model_name_or_path in {_CONFIG} if this is that model under another name"
        )


def _check_prompts(spec: "SystemSpec", folder: Path) -> None:
    """Say it where an adapter is asked in another form than it was trained in: it answers, and worse than it could."""
    trained = (read_manifest(folder) or {}).get("config", {}).get("data", {}).get("apply_chat_template")
    if trained is not None and trained != spec.apply_chat_template:
        _notices.warning(
            "--adapter %s: it was trained %s the chat template, and is asked %s it",
            folder,
            *("with" if on else "without" for on in (trained, spec.apply_chat_template)),
        )


def _may_be(named: str, spec: "SystemSpec") -> bool:
    """Whether a recorded base may be the spec's model, going by names.

    A Hub id's last part is what its local copies are called: the folder, a folder above it (the Hub's cache has
    `models--org--name/snapshots/<commit>`), or the beginning of a GGUF file's name.
    """
    ours = str(spec.local_path.resolve()) if spec.local_path else spec.pretrained
    first, second = (PurePath(place.casefold()) for place in (named, ours))
    of_gguf = second.suffix == ".gguf" and second.name.startswith(first.name)
    return of_gguf or first.name in _parts(second) or second.name in _parts(first)


def _parts(place: PurePath) -> set[str]:
    return {name for part in place.parts for name in part.split("--")}
