"""A directory that appears whole or not at all, whatever ends the process or the machine."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.errors import UserError


def check_output(output: Path) -> None:
    """Refuse a place that has no name, that cannot be written, or that holds something else than a run.

    Raises:
        UserError: says which of the three.
    """
    if output.name in ("", ".."):  # a finished directory is put there by its name, and answers are kept beside it
        raise UserError(f"--output {output}: give the directory's own name, like results/NAME")
    if output.exists() and (not output.is_dir() or any(output.iterdir())) and not (output / "run.json").exists():
        raise UserError(f"--output {output}: not empty and not a run directory; choose another, or empty it")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        raise UserError(
            f"--output {output}: cannot write there ({error.strerror}); choose another directory"
        ) from error


@contextmanager
def staged(output: Path) -> Iterator[Path]:
    """A fresh directory to fill; it takes `output`'s place when the block ends, and vanishes if the block fails.

    Raises:
        UserError: a file could not be written whole, or the place was taken meanwhile.
    """
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as scratch:
        folder = Path(scratch) / "run"
        try:
            folder.mkdir()
            yield folder
            if output.exists():
                output.rmdir()  # `check_output` has seen that nothing is lost with it
            settle(*folder.rglob("*"), folder)  # after a power cut a name without its bytes would pass for a run
            folder.replace(output)
            settle(output.parent)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise UserError(
                    f"--output {output}: another process has written there meanwhile; give the same command again, which "
                    "tells whether that was this very run, or choose another directory: every answer is kept"
                ) from error
            raise UserError(
                f"{output}: the results could not be written whole ({error.strerror}; is the disk full?); free some "
                "space and give the same command again: every answer is kept"
            ) from error


def settle(*paths: Path) -> None:
    """Wait until files, and the names in directories, are on the disk itself.

    Raises:
        OSError: they could not be written.
    """
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            # Some network disks cannot be waited for by directory.
            if not path.is_dir() or error.errno not in (errno.EINVAL, errno.EBADF, errno.ENOTSUP):
                raise
        finally:
            os.close(handle)
