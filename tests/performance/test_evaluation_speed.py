"""The measurement of the engine itself runs, and its table says what it should."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("evaluation_speed.py")


@pytest.mark.slow
def test_every_variant_answers_and_texts_are_the_same(tmp_path: Path):
    only = "stock:4,stock:4:unplanned,rows,likelihood:stock:4,likelihood:rows"
    command = [sys.executable, str(SCRIPT), "--tiny", "--dtype", "float32", "--prompts", "12", "--max-gen-toks", "12"]
    subprocess.run(
        [*command, "--only", only, "--output", str(tmp_path / "speed")],
        check=True,
        env=os.environ | {"PYTHONPATH": str(SCRIPT.parents[2])},
    )
    rows = {row["variant"]: row for row in json.loads((tmp_path / "speed.json").read_text("utf-8"))}
    assert list(rows) == only.split(",")
    assert rows["rows"]["texts"] == rows["stock:4"]["texts"]
    assert rows["rows"]["row_steps"] <= rows["stock:4"]["row_steps"]
    phases = rows["rows"]["phases"].values()
    assert sum(seconds > 0 for seconds in phases) == 2 + (rows["rows"]["graphs"] > 0), "on a CPU there are no graphs"
    assert sum(phases) <= rows["rows"]["seconds"]
    text = (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert "| 12/12 |" in text
