"""A PEFT adapter put on the model that it was trained on, and on no other."""

import json
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from benchmark.errors import UserError
from benchmark.identity import weights_sha256

if TYPE_CHECKING:
    from benchmark.system import SystemSpec

MANIFEST = "manifest.json"
_CONFIG = "adapter_config.json"


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


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What our training says of an adapter; None for an adapter of another program, or where training did not finish.

    Raises:
        UserError: a damaged manifest.
    """
    path = folder / MANIFEST
    return _object(path) if path.exists() else None


def _object(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: damaged ({error}); copy or train the adapter again") from error
    if not isinstance(read, dict):
        raise UserError(f"{path}: damaged (no JSON object); copy or train the adapter again")
    return read


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
    named = str(base.get("pretrained") or _object(folder / _CONFIG).get("base_model_name_or_path") or "")
    if named and not _may_be(named, spec):
        raise UserError(
            f"--adapter {folder}: it was trained on {named}, not on {spec.pretrained}; give that model, or mend "
            f"base_model_name_or_path in {_CONFIG} if this is that model under another name"
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
