"""What keeping libraries quiet changes for others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_may_encode_texts(tiny_model: Path):
    """Of the tokenizer's threads a fork has none, and would wait for them."""
    code = f"""
import os
from transformers import AutoTokenizer
from benchmark.quiet import quiet_libraries
quiet_libraries()
tokenizer = AutoTokenizer.from_pretrained({str(tiny_model)!r})
texts = ["Чистая прибыль 1 250 млн руб."] * 500
ids = tokenizer(texts)["input_ids"]
if child := os.fork():
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os._exit(tokenizer(texts)["input_ids"] != ids)
"""
    unset = {name: value for name, value in os.environ.items() if name != "TOKENIZERS_PARALLELISM"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=unset, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
