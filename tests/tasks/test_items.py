"""Writing files: whole or not at all, and never over what is no file."""

import os
from pathlib import Path

import pytest

from tasks import items
from tasks.items import write_text


def test_a_device_or_pipe_is_not_replaced(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="a device or a pipe") as caught:
        write_text(pipe, "text")
    assert caught.value.filename == str(pipe)
    assert pipe.is_fifo()


def test_a_directory_is_called_one(tmp_path: Path):
    with pytest.raises(OSError, match="Is a directory"):
        write_text(tmp_path, "text")


def test_a_failed_write_names_the_file_and_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "page.html"
    path.write_text("old", encoding="utf-8")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(items.os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_text(path, "new")
    assert caught.value.filename == str(path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["page.html"]
