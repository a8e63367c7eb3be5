"""Writes the file lists of `docs/architecture.md`: each file's phrase is what the file itself says first.

Run it (`make tree`) after a module was added, moved or renamed; a test compares the page with the files.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("tasks", "benchmark", "finetune", "reports", "tests/performance")
MARK = "<!-- Below this line: made by docs/tree.py -->\n"
_COMMENTS = {".js": "//", ".yaml": "#"}


def page() -> str:
    """The whole page: its prose as it is, the lists anew."""
    prose = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    return prose + MARK + "".join(f"\n{part}" for package in PACKAGES for part in _package(ROOT / package))


def _package(folder: Path) -> Iterator[str]:
    """A heading with its list for a folder, and for each folder below it that has files to name."""
    files = [(path, phrase) for path in sorted(folder.iterdir()) if path.is_file() and (phrase := _phrase(path))]
    if files:
        about = _phrase(folder / "__init__.py")
        lines = [f"- `{path.name}`: {phrase}" for path, phrase in files if path.name != "__init__.py"]
        heading = f"## {folder.relative_to(ROOT).as_posix()}/\n"
        yield "\n".join([heading, *([f"{about}\n"] if about else []), *lines, ""])
    for below in sorted(path for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"):
        yield from _package(below)


def _phrase(path: Path) -> str:
    """The first sentence of a module's docstring or of a file's first comment; empty where there is none."""
    if not path.exists():
        return ""
    if path.suffix == ".py":
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    else:
        text = _comment(path)
    sentence = re.split(r"(?<=[.?!])\s", " ".join(text.partition("\n\n")[0].split()))[0]
    return sentence.replace("<", "\\<")


def _comment(path: Path) -> str:
    sign = _COMMENTS.get(path.suffix)
    lines = path.read_text(encoding="utf-8").splitlines() if sign else []
    own = (line.removeprefix(str(sign)).strip() for line in lines[:3] if line.startswith(str(sign)))
    # A configuration begins with the command that uses it.
    return " ".join(line for line in own if not line.startswith("rufinbench "))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
