"""The training benchmark itself runs: every variant that this environment has, on a tiny model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("training_speed.py")


@pytest.mark.slow
def test_a_variant_that_fails_leaves_the_others_their_figures(tmp_path: Path):
    (tmp_path / "trl.py").write_text("raise ImportError('broken')")
    command = [sys.executable, str(SCRIPT), "--tiny", "--warmup", "1", "--updates", "1", "--profile"]
    subprocess.run(
        [*command, "--only", "A2,A5", "--output", str(tmp_path / "speed")],
        check=True,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{SCRIPT.parents[2]}"},
    )
    rows = {row["variant"]: row for row in json.loads((tmp_path / "speed.json").read_text("utf-8"))["variants"]}
    assert rows.pop("A2")["error"] == "ImportError: broken"
    assert list(rows) == ["A5"]
    assert all(row["tokens_per_second"] > 0 and row["last_loss"] > 0 for row in rows.values())
    assert "| A5 |" in (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert "aten::" in (tmp_path / "speed.A5.profile.txt").read_text(encoding="utf-8")


def test_an_unknown_variant_is_refused():
    done = subprocess.run([sys.executable, str(SCRIPT), "--only", "A99"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "A99" in done.stderr
