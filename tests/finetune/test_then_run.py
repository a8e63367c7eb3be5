"""One command from a baseline to its comparison with the tuned model."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.errors import UserError
from benchmark.run import RunOptions, run
from benchmark.runs import again
from benchmark.runs.again import check, run_and_compare, settings_of
from benchmark.system import SystemSpec

OPTIONS = RunOptions(tasks=("rufin_calculation",), limit=2, batch_size=2, max_gen_toks=4, bootstrap_iters=0)


@pytest.fixture(scope="module")
def baseline(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(SystemSpec(str(tiny_model), dtype="float32"), tmp_path_factory.mktemp("runs") / "base", OPTIONS)


@pytest.mark.slow
def test_the_adapter_is_scored_as_the_baseline_was(baseline: Path, tiny_model: Path, tmp_path: Path):
    rows = [{"instruction": f"Сложите {i} и {i}", "output": f"Ответ: {2 * i}", "category": "x"} for i in range(8)]
    (tmp_path / "my.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    config = tmp_path / "tuned.yaml"
    config.write_text(
        f"model: {{pretrained: {tiny_model}, quantization: none, dtype: float32}}\n"
        f"data: {{tasks: [], files: [{tmp_path}/my.jsonl]}}\n"
        "lora: {r: 2}\n"
        "training: {epochs: 1, optimizer: adamw_torch, checkpoints: 0, validations: 0}\n",
        encoding="utf-8",
    )
    arguments = ["finetune", "--config", str(config), "--output", str(tmp_path / "tuned"), "--then-run", str(baseline)]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    spec, options = settings_of(baseline.with_name("base+tuned"))
    assert options == OPTIONS
    assert (spec.pretrained, spec.dtype, spec.adapter) == (str(tiny_model), "float32", str(tmp_path / "tuned"))


def test_the_present_directory_may_be_the_baseline(baseline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def scored(spec: SystemSpec, output: Path, options: RunOptions) -> Path:
        raise UserError(f"{spec.adapter} into {output}")

    monkeypatch.setattr(again, "run", scored)
    monkeypatch.chdir(baseline)
    with pytest.raises(UserError, match=f"/tuned into {baseline.parent.resolve()}/base\\+tuned$"):
        run_and_compare(Path(), tmp_path / "tuned")


def test_a_baseline_of_another_model_is_refused_before_training(baseline: Path, other_tiny_model: Path, tmp_path: Path):
    with pytest.raises(UserError, match="give a run of that model"):
        check(baseline, tmp_path / "new", str(other_tiny_model))


def test_a_baseline_of_the_same_weights_in_another_place_is_taken(baseline: Path, tiny_model: Path, tmp_path: Path):
    shutil.copytree(tiny_model, tmp_path / "copy")
    check(baseline, tmp_path / "new", str(tmp_path / "copy"))


def test_a_baseline_asked_in_another_form_than_trained_is_refused_before_training(
    baseline: Path, tiny_model: Path, tmp_path: Path
):
    with pytest.raises(UserError, match=r"without the chat template.* data\.apply_chat_template=false"):
        check(baseline, tmp_path / "new", str(tiny_model), apply_chat_template=True)


def test_a_run_of_an_earlier_adapter_of_that_name_is_noticed_before_training(baseline: Path, tiny_model: Path):
    adapter = baseline.with_name("mine")
    earlier = baseline.with_name("base+mine")
    earlier.mkdir()
    with pytest.raises(UserError, match="a run of an earlier adapter of that name"):
        check(baseline, adapter, str(tiny_model))
    adapter.mkdir()  # trained already: the run will be recognised as its own, or refused at once
    check(baseline, adapter, str(tiny_model))
    adapter.rmdir()
    earlier.rmdir()


def test_a_baseline_of_another_revision_is_refused_before_training(tmp_path: Path):
    system = {"pretrained": "org/model", "revision": "v1"}
    (tmp_path / "run.json").write_text(json.dumps({"format": 1, "system": system, "options": {}}))
    check(tmp_path, tmp_path / "tuned", "org/model", "v1")
    with pytest.raises(UserError, match="it ran revision v1, the configuration trains v2"):
        check(tmp_path, tmp_path / "tuned", "org/model", "v2")


@pytest.mark.parametrize(("content", "message"), [(None, "no run directory"), ("{", "damaged"), ("{}", "again")])
def test_a_run_without_its_settings_is_refused(content: str | None, message: str, tmp_path: Path):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(UserError, match=message):
        settings_of(tmp_path)
