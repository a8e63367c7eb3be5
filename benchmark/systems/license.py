"""The licence of a model, as its own card names it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from benchmark import embedded
from benchmark.servers.endpoint import BACKENDS as SERVERS

if TYPE_CHECKING:
    from benchmark.system import SystemSpec

_CARD = "README.md"
_LONGEST = 100
"""Characters; a card may hold anything."""


def license_of(spec: "SystemSpec") -> str | None:
    """What the front matter of the model's card says: an identifier, or the name of a licence of its own.

    A model on disk has its card beside it. A Hub model's is taken from the local cache, or fetched as the weights were.
    None where there is no card, where it names no licence or cannot be read, and for a server's model, which is a name.
    """
    if spec.pretrained == embedded.NAME:
        return embedded.LICENSE
    card = _card(spec)
    found = _front_matter(card) if card else {}
    named = found.get("license")
    if named == "other":
        named = found.get("license_name") or named
    texts = [text for text in (named if isinstance(named, list) else [named]) if isinstance(text, str) and text.strip()]
    return ", ".join(texts)[:_LONGEST] or None


def _card(spec: "SystemSpec") -> Path | None:
    if spec.backend in SERVERS:
        return None
    path = spec.local_path
    if path is None:
        return _of_hub(spec)
    card = (path if path.is_dir() else path.parent) / _CARD
    return card if card.is_file() else None


def _of_hub(spec: "SystemSpec") -> Path | None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(hf_hub_download(spec.pretrained, _CARD, revision=spec.revision, etag_timeout=5))
    except (HfHubHTTPError, HFValidationError, OSError):  # no card, no network, no Hub's name at all
        return None


def _front_matter(card: Path) -> dict[str, Any]:
    from huggingface_hub import metadata_load

    try:
        return metadata_load(card) or {}
    except (OSError, ValueError, yaml.YAMLError):
        return {}
