"""The quickstart notebook, executed as a user would, on the tiny model and with few questions."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "quickstart.ipynb"


def with_parameters(notebook: nbformat.NotebookNode, **values: object) -> nbformat.NotebookNode:
    """Values assigned in a cell behind the one tagged `parameters`, as papermill does."""
    (place,) = (i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
    known = set(notebook.cells[place].source.replace("=", " ").split())
    assert set(values) <= known, "the notebook must have every parameter that is set"
    source = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(source))
    return notebook


@pytest.mark.slow
def test_the_notebook_runs_from_baseline_to_report(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # the kernel imports this checkout, as pytest does
    overrides = [
        "model.quantization=none",
        "data.tasks=[rufin_calculation]",
        "data.limit_per_task=4",
        "data.max_length=4096",
        "lora.r=2",
        "training.optimizer=adamw_torch",
        "training.validation_examples=2",
    ]
    notebook = with_parameters(
        nbformat.read(NOTEBOOK, as_version=4),
        MODEL=str(tiny_model),
        DTYPE="float32",
        TASKS=["rufin_calculation"],
        LIMIT=2,
        MAX_GEN_TOKS=4,
        OVERRIDES=overrides,
        OUTPUT=str(tmp_path / "out"),
    )
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [data for cell in notebook.cells for output in cell.get("outputs", []) if (data := output.get("data"))]
    assert any("image/svg+xml" in data for data in shown)
    assert any("srcdoc" in data.get("text/html", "") for data in shown)
    assert (tmp_path / "out" / "comparison.html").exists()


def test_the_notebook_is_stored_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
