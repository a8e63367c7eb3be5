"""Under which key the answer to a request is kept: prompt and generation settings, and which of several answers it is."""

from collections.abc import Sequence
from typing import Any

from benchmark.systems.identity import sha256_of_json


def request_key(method: str, arguments: Sequence[Any]) -> str:
    """The key of a request's answer; of a sampled request's answers together."""
    return sha256_of_json([method, list(arguments)])


def nth_key(key: str, occurrence: int) -> str:
    """The key of one of a sampled request's answers, counted from 0."""
    return f"{key}#{occurrence}"


def cut_off_key(place: str) -> str:
    """Where it stands that the answer under another key was cut off by a limit of tokens."""
    return f"{place} cut off"


def is_sampled(settings: Any) -> bool:
    """Whether generation settings ask for a random answer: as lm-eval reads them, a temperature alone does."""
    if not isinstance(settings, dict):
        return False
    chosen = settings.get("do_sample")
    return bool(chosen) if chosen is not None else float(settings.get("temperature") or 0) > 0
