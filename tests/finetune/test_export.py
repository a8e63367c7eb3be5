"""An exported checkpoint answers as the quantized base with its adapter does; merging into 4-bit would not."""

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.errors import UserError
from benchmark.system import SystemSpec, load_model
from benchmark.systems.identity import weights_sha256
from finetune import adapter
from finetune.config import FinetuneConfig
from finetune.export import Outputs, difference, export
from finetune.model import prepare


@pytest.fixture(scope="module")
def base(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model's tokenizer with matrices as wide as a block of NF4 weights is long."""
    from transformers import AutoConfig, AutoTokenizer, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "wide"
    config = AutoConfig.from_pretrained(tiny_model)
    config.hidden_size, config.intermediate_size, config.head_dim = 64, 128, 16
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def adapter_folder(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter on the NF4 base whose update is large enough to see."""
    config = FinetuneConfig.model_validate(
        {
            "model": {"pretrained": str(base)},
            "lora": {"r": 4, "alpha": 8},
            "data": {"tasks": ["rufin_calculation"], "max_length": 4096},
        }
    )
    model, tokenizer = prepare(config)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    folder = tmp_path_factory.mktemp("adapters") / "tuned"
    manifest = {
        "base": {"pretrained": str(base), "quantization": "nf4", "weights_sha256": weights_sha256(base)},
        "config": config.model_dump(mode="json"),
        "data": {"examples": 0, "by_source": {}},
        "updates": 0,
        "loss_curve": [],
    }
    adapter.write_adapter(model, tokenizer, folder, manifest, None)
    return folder


@pytest.mark.slow
def test_the_export_answers_as_base_and_adapter_do(base: Path, adapter_folder: Path, tmp_path: Path):
    arguments = ["--model", str(base), "--adapter", str(adapter_folder), "--output", str(tmp_path / "export")]
    done = CliRunner().invoke(app, ["export", *arguments, "--examples", "4"], catch_exceptions=False)
    assert done.exit_code == 0
    report = json.loads((tmp_path / "export" / "export.json").read_text(encoding="utf-8"))
    assert report["base"]["quantization"] == "nf4", "taken from the adapter's manifest"
    found = report["difference"]
    assert found["examples"] == 4
    assert found["next_token_agreement"] > 0.9
    assert found["loss"]["export"] == pytest.approx(found["loss"]["adapter"], rel=0.01)

    exported, _ = load_model(SystemSpec(str(tmp_path / "export")))
    assert not hasattr(exported.config, "quantization_config")
    assert not any("lora" in name for name, _ in exported.named_parameters())
    assert {p.name for p in (tmp_path / "export").glob("*.safetensors")} == {"model.safetensors"}
    assert {path.name for path in tmp_path.iterdir()} == {"export"}


@pytest.mark.slow
def test_without_the_adapter_the_outputs_are_far_off(base: Path, adapter_folder: Path):
    """The comparison above could fail: the adapter moves the outputs by much more than the export does."""
    from finetune.export import _validation_examples, outputs

    spec = SystemSpec(str(base), quantization="nf4", dtype="bfloat16")
    bare, tokenizer = load_model(spec)
    chosen = _validation_examples(adapter_folder, tokenizer, 4)
    tuned, _ = load_model(SystemSpec(str(base), quantization="nf4", dtype="bfloat16", adapter=str(adapter_folder)))
    assert difference(outputs(tuned, chosen), outputs(bare, chosen))["next_token_agreement"] < 0.7


def test_differences_of_known_outputs():
    targets = [torch.tensor([0, 1])]
    first = Outputs([torch.tensor([[1.0, 0.0], [0.0, 1.0]])], targets)
    second = Outputs([torch.tensor([[0.0, 1.0], [0.0, 3.0]])], targets)
    found = difference(first, second)
    assert found["logit_difference"] == {"max": 2.0, "mean": 1.0}
    assert found["next_token_agreement"] == 0.5
    assert found["answer_tokens"] == 2
    assert found["loss"]["adapter"] == pytest.approx(0.3133, abs=1e-4)


def test_nothing_is_overwritten_and_an_adapter_is_needed(tiny_model: Path, tmp_path: Path):
    with pytest.raises(UserError, match="--adapter"):
        export(SystemSpec(str(tiny_model)), tmp_path / "new")
    with pytest.raises(UserError, match="exists"):
        export(SystemSpec(str(tiny_model), adapter="x"), tmp_path)
