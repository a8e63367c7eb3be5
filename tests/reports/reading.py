"""Two small runs, and what a reader sees of a page or of the terminal's table."""

import io
import re

from rich.console import Console

from benchmark.comparing.terminal import print_comparison
from benchmark.results import load_run
from tests.reports.fixture import Shape, write_run


def runs(tmp_path, first=None, second=None, **shared):
    """Two runs, `a` and `b`, of these shapes."""
    shapes = (Shape(seed=1, **shared | (first or {})), Shape(seed=2, **shared | (second or {})))
    return [load_run(write_run(tmp_path / name, shape)) for name, shape in zip("ab", shapes, strict=True)]


def shown(text):
    """What a reader sees: the page without its data blocks, styles and scripts."""
    return re.sub(r"<(script|style)[^>]*>.*?</\1>", "", text, flags=re.DOTALL)


def printed(found, width=120):
    """The terminal's table of a comparison."""
    console = Console(file=io.StringIO(), width=width)
    print_comparison(found, console)
    return console.file.getvalue()
