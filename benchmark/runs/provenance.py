"""What `run.json` remembers: enough to tell whether two runs may be compared, and what a run cost."""

import importlib.metadata
import platform
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.machine import device, peak_memory_bytes
from benchmark.storage.storekey import engine_sha256
from benchmark.systems.adapter import read_manifest
from benchmark.systems.identity import sha256_of_file, sha256_of_json
from benchmark.systems.license import license_of
from tasks import ROOT

if TYPE_CHECKING:
    from benchmark.run import RunOptions
    from benchmark.system import SystemSpec

__all__ = ["FORMAT", "device", "grader_sha256", "peak_memory_bytes", "record", "versions"]

FORMAT = 1
PACKAGES = (
    "rufinbench",
    "lm-eval",
    "torch",
    "transformers",
    "peft",
    "bitsandbytes",
    "vllm",
    "sglang",
    "tokenizers",
    "pymorphy3",
    "rouge-score",
)

SHORTEST_REPETITION = 100
"""Characters; tables have lines of dashes that are shorter."""
_OVER_AND_OVER = re.compile(r"(.{1,200}?)\1{3,}", re.DOTALL)
_CUTTING = {"hf", "vllm", "sglang"}
"""Backends that cut a prompt which is longer than the context; a server says what it cannot take."""
_NO_GRADERS = {"generator.py", "verify.py"}


def grader_sha256(root: Path = ROOT) -> str:
    """One hash over the code that reads and judges answers.

    That is every module of the tasks but those that only write data: a list of the graders' own modules would one
    day miss one, and runs that were graded differently would pass for comparable.
    """
    code = [path.relative_to(root) for path in root.rglob("*.py") if path.name not in _NO_GRADERS]
    graders = (path for path in code if path.parts[0] != "authoring")
    return sha256_of_json(sorted([path.as_posix(), sha256_of_file(root / path)] for path in graders))


def versions() -> dict[str, str]:
    """Installed versions of everything that can move a number."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def record(
    spec: "SystemSpec",
    described: Mapping[str, Any],
    options: "RunOptions",
    asked: Mapping[str, Any],
    results: Mapping[str, Any],
    lm: Any,
    seconds: float,
) -> dict[str, Any]:
    """The whole of `run.json`."""
    from benchmark.run import SEEDS, today

    samples = {task: _of_one_filter(rows) for task, rows in results["samples"].items()}
    return {
        "format": FORMAT,
        "name": spec.name,
        "system": dict(described),
        "model": {"parameters": _parameters(lm), "license": license_of(spec)},
        "tasks": {task: _task(task, rows, results) for task, rows in samples.items()},
        "request": dict(asked),
        "grader_sha256": grader_sha256(),
        "engine_sha256": engine_sha256(spec.backend),
        "versions": versions(),
        "seeds": SEEDS,
        "options": asdict(options),
        "limit": options.limit,
        "generation": {"batch_size": options.batch_size, "max_gen_toks": options.max_gen_toks},
        "device": device(),
        "seconds": round(seconds, 1),
        "tokens": _tokens(lm, samples, cuts_prompts=spec.backend in _CUTTING),
        "peak_memory_bytes": peak_memory_bytes(),
        "finetuning": _finetuning(spec),
        "finished": today(),
    }


def _of_one_filter(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each document once: a task with several filters has a row for each, over one and the same answer."""
    return [row for row in rows if row["filter"] == rows[0]["filter"]]


def _task(task: str, rows: list[dict[str, Any]], results: Mapping[str, Any]) -> dict[str, Any]:
    config = results["configs"][task]
    metadata = config.get("metadata") or {}
    return {
        "version": results["versions"].get(task),
        "dataset_sha256": metadata.get("dataset_sha256"),
        "documents": len(rows),
        "documents_sha256": sha256_of_json([row["doc_hash"] for row in rows]),
        "prompts_sha256": sha256_of_json([row["prompt_hash"] for row in rows]),
        "num_fewshot": results["n-shot"].get(task, 0),
        "generation_kwargs": config.get("generation_kwargs"),
    }


def _parameters(lm: Any) -> int | None:
    model = getattr(lm, "model", None)
    # A 4-bit weight stores two parameters a byte; num_parameters knows, a plain sum of numel does not.
    return None if model is None else getattr(model, "num_parameters", lambda: None)()


def _tokens(lm: Any, samples: Mapping[str, list[dict[str, Any]]], *, cuts_prompts: bool) -> dict[str, Any] | None:
    """Prompt and answer tokens; how many answers filled their limit (cut short, most likely), how many of these
    repeated themselves, how many prompts were longer than the context (cut from the left, where the backend does so).
    """
    encode = getattr(lm, "tok_encode", None)
    if encode is None:
        cut_off = getattr(lm, "cut_off", None)
        return None if cut_off is None else {"truncated_answers": cut_off}
    context = getattr(lm, "max_length", None) if cuts_prompts else None
    prompts, answers, truncated, repeating, too_long = 0, [], 0, 0, 0
    for row in (row for rows in samples.values() for row in rows):
        for arguments, responses in zip(row["arguments"], row["resps"], strict=True):
            length = len(encode(_encodable(str(arguments[0]))))
            prompts += length
            settings = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], dict) else {}
            limit = int(settings.get("max_gen_toks") or 0)
            too_long += context is not None and _needed(arguments, length, limit, encode) > context
            for response in (text for text in responses if isinstance(text, str)):
                answers.append(len(encode(_encodable(response), add_special_tokens=False)))
                filled = bool(limit) and answers[-1] >= limit - 1
                truncated += filled
                repeating += filled and repeats_itself(response)
    return {
        "prompt": prompts,
        "generated": sum(answers),
        "median_answer": statistics.median(answers) if answers else None,
        "truncated_answers": truncated,
        "repeating_answers": repeating,
        "too_long_prompts": too_long,
    }


def _needed(arguments: Sequence[Any], length: int, limit: int, encode: Callable[[str], Any]) -> int:
    """Tokens of context that a request needs: a prompt and its answer, or a context and its continuation, whose last
    token is not read. A rolling likelihood needs none: it is read in windows.
    """
    if len(arguments) == 1:
        return 0
    if isinstance(arguments[1], str):
        return len(encode(_encodable(arguments[0] + arguments[1]))) - 1
    return length + limit


def repeats_itself(text: str) -> bool:
    """Whether a text ends in one passage over and over: four times at least, and for longer than a ruled line."""
    found = _OVER_AND_OVER.match(text[:-2000:-1])
    return found is not None and len(found.group()) >= SHORTEST_REPETITION


def _encodable(text: str) -> str:
    """The text with half a surrogate pair, which no tokenizer reads, replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _finetuning(spec: "SystemSpec") -> dict[str, Any] | None:
    """The adapter's own account of its training, for the report."""
    return read_manifest(Path(spec.adapter)) if spec.adapter else None
