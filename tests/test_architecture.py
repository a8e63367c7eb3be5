"""The page that says what is where is true: every file has its line, and imports go one way."""

import ast
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "tasks": set(),
    "benchmark": {"tasks"},
    "finetune": {"tasks", "benchmark"},
    "reports": {"tasks", "benchmark"},
}
COMMANDS = {"cli", "demo.py"}
"""Parts of `benchmark` that train and write pages because a command says so."""


def test_every_file_is_on_the_page_with_its_own_phrase():
    tree = runpy.run_path(str(ROOT / "docs" / "tree.py"))
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert tree["page"]() == page, "run: make tree"
    silent = [line for line in page.splitlines() if line.startswith("- `") and line.endswith("`: ")]
    named = {line.split("`")[1] for line in page.splitlines() if line.startswith("- `")}
    modules = {path.name for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py")}
    assert not silent
    assert modules - named == {"__init__.py"}


def test_every_folder_of_the_readmes_tree_is_there():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = readme.partition("## What is where")[2].split("```")[1]
    folders = [line.split()[0] for line in tree.strip().splitlines()]
    assert {"tasks/", "benchmark/", "finetune/", "reports/", "tests/", "docs/"} <= set(folders)
    for folder in folders:
        found = [path for path in ROOT.glob(f"**/{folder}") if path.is_dir()]
        assert found or "<" in folder, folder


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package: str):
    wrong = []
    for path in (ROOT / package).rglob("*.py"):
        if package == "benchmark" and path.relative_to(ROOT / package).parts[0] in COMMANDS:
            continue
        wrong += [f"{path}: {name}" for name in _imported(path) & (MAY_IMPORT.keys() - {package} - MAY_IMPORT[package])]
    assert not wrong


def _imported(path: Path) -> set[str]:
    """The top-level packages that a module imports, inside functions too."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    direct = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.partition(".")[0] for name in direct | {str(n.module) for n in nodes if isinstance(n, ast.ImportFrom)}}
