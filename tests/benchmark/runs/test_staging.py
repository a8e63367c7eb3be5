"""A run directory's place while it is filled."""

from pathlib import Path

import pytest

from benchmark.errors import UserError
from benchmark.runs.staging import staged


def test_a_place_that_another_process_took_is_not_called_a_full_disk(tmp_path: Path):
    output = tmp_path / "run"
    with pytest.raises(UserError, match="run: another process has written there meanwhile"), staged(output) as folder:
        (folder / "run.json").write_text("mine")
        output.mkdir()
        (output / "run.json").write_text("the other's")
    assert (output / "run.json").read_text() == "the other's"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
