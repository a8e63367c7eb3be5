"""The measurements of fine-tuning's quality run from end to end on the tiny model."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

HERE = Path(__file__).parent
TINY = ["--set", "data.max_length=4096", "--set", "lora.r=2", "--set", "training.optimizer=adamw_torch"]
FAST = ["--batch-size", "2", "--max-gen-toks", "4", "--limit", "2", "--device", "cpu"]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call a script's main() with arguments, in this process."""
    monkeypatch.syspath_prepend(str(HERE))

    def call(name: str, *arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        importlib.import_module(name).main()

    return call


@pytest.mark.slow
def test_the_sweep_chooses_on_validation_and_the_final_runs_on_test(script: Any, tiny_model: Path, tmp_path: Path):
    output = tmp_path / "quality"
    arguments = ["--model", str(tiny_model), "--tasks", "rufin_calculation", "--output", str(output), *TINY, *FAST]
    arguments += ["--set", "model.quantization=none", "--set", "data.tasks=[rufin_calculation]"]
    arguments += ["--set", "training.examples_per_update=4", "--set", "data.limit_per_task=4"]
    arguments += ["--sweep-examples", "4", "--validation-examples", "2", "--validation-limit", "2"]
    arguments += ["--final-set", "data.limit_per_task=4", "--final-set", "training.epochs=1"]
    arguments += ["--scales", "1", "--rates", "1e-3,1e-2", "--by-generation", "1", "--seeds", "0"]
    script("finetuning_quality", *arguments)
    result = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    assert [row["learning_rate"] for row in result["sweep"]] == [1e-3, 1e-2]
    assert sum("validation_score" in row for row in result["sweep"]) == 1
    assert [row["recipe"] for row in result["final"]] == ["base", "reference", "rufin"]
    asked = json.loads(next((output / "validation").glob("*/run.json")).read_text(encoding="utf-8"))
    assert asked["options"]["tasks"] == ["rufin_calculation_validation"]
    assert "| rufin, 1 run(s) |" in output.with_suffix(".md").read_text(encoding="utf-8")


@pytest.fixture
def wide_model(tiny_model: Path, tmp_path: Path) -> Path:
    """The tiny model's tokenizer with matrices as wide as a block of NF4 weights is long: a CPU repacks them so."""
    from transformers import AutoConfig, AutoTokenizer, LlamaForCausalLM

    config = AutoConfig.from_pretrained(tiny_model)
    config.hidden_size, config.intermediate_size, config.head_dim = 64, 128, 16
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(tmp_path / "wide")
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path / "wide")
    return tmp_path / "wide"


@pytest.mark.slow
def test_every_form_of_an_adapter_is_measured(script: Any, wide_model: Path, tmp_path: Path):
    output = tmp_path / "fidelity"
    arguments = ["--model", str(wide_model), "--tasks", "rufin_calculation", "--output", str(output), *TINY, *FAST]
    arguments += ["--set", "data.limit_per_task=4", "--validation-examples", "2"]
    script("adapter_fidelity", *arguments)
    found = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))["forms"]
    assert len(found) == 4
    base, unmerged, exported, _ = (row["validation_loss"] for row in found)
    assert base != unmerged
    assert exported == pytest.approx(unmerged, rel=0.05)


def test_validation_tasks_ask_validation_questions(script: Any, tmp_path: Path):
    from finetuning_quality_validation import validation_tasks

    from benchmark.run import task_manager

    folder = validation_tasks(tmp_path / "tasks", ["rufin_calculation"])
    (task,) = task_manager([str(folder)]).load(["rufin_calculation_validation"])["tasks"].values()
    assert list(task.test_docs())[:3] == list(task.validation_docs())[:3]
