"""Training itself: packing changes no gradient, examples do not see each other, an interruption changes no weight."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.errors import UserError
from benchmark.system import SystemSpec, load_model
from finetune import loss
from finetune.arguments import arguments
from finetune.config import TrainingConfig, load_config
from finetune.curve import loss_curve_svg
from finetune.examples import Example, tokenize
from finetune.model import check_packing, prepare
from finetune.packing import as_row, pack
from finetune.pipeline import finetune
from finetune.texts import validation_texts
from finetune.train import PackedTrainer


def examples(count: int, seed: int = 0) -> list[Example]:
    rng = random.Random(seed)
    ids = lambda n: tuple(rng.randrange(3, 250) for _ in range(n))  # noqa: E731
    return [Example("x", ids(rng.randrange(2, 30)), (*ids(rng.randrange(1, 20)), 2)) for _ in range(count)]


def test_a_packed_row_supervises_answers_only():
    row = as_row([Example("x", (5, 6), (7, 2)), Example("x", (8,), (9, 2, 3))], example_mean=True)
    assert row["input_ids"].tolist() == [[5, 6, 7, 2, 8, 9, 2, 3]]
    assert row["position_ids"].tolist() == [[0, 1, 2, 3, 0, 1, 2, 3]]
    assert row["supervised"].tolist() == [1, 2, 4, 5, 6]
    assert row["targets"].tolist() == [7, 2, 9, 2, 3]
    assert row["weights"].tolist() == pytest.approx([1 / 2, 1 / 2, 1 / 3, 1 / 3, 1 / 3])
    assert (row["cu_seq_lens_q"].tolist(), row["max_length_q"]) == ([0, 4, 8], 4)


def test_rows_keep_to_the_budget_and_lose_nothing():
    batch = examples(40)
    rows = pack(batch, 64)
    assert sorted((e for row in rows for e in row), key=id) == sorted(batch, key=id)
    assert all(sum(map(len, row)) <= 64 or len(row) == 1 for row in rows)
    assert len(rows) < len(batch)


def gradients(model, rows, *, example_mean: bool = False) -> torch.Tensor:
    model.zero_grad()
    for row in rows:
        model(**as_row(row, example_mean=example_mean))["loss"].backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


@pytest.mark.parametrize("example_mean", [False, True])
def test_packing_does_not_change_the_gradient(config_file: Path, example_mean: bool):
    model, _ = prepare(load_config(config_file))
    torch.manual_seed(0)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    batch = examples(16)
    apart, packed = (gradients(model, pack(batch, budget), example_mean=example_mean) for budget in (None, 256))
    assert float((apart - packed).norm() / apart.norm()) < 1e-5


def test_the_chunked_loss_is_cross_entropy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loss, "CHUNK", 3)
    torch.manual_seed(0)
    head = torch.nn.Linear(8, 50)
    head.requires_grad_(False)
    states = torch.randn(10, 8, requires_grad=True)
    targets, weights = torch.randint(0, 50, (10,)), torch.rand(10)
    plain = torch.nn.functional.cross_entropy(head(states), targets, reduction="none") @ weights
    (expected,) = torch.autograd.grad(plain, states)
    chunked = loss.supervised_loss(states, targets, weights, head)
    (found,) = torch.autograd.grad(chunked, states)
    assert chunked.item() == pytest.approx(plain.item(), rel=1e-6)
    assert torch.allclose(found, expected, atol=1e-6)
    with torch.no_grad():
        assert float(loss.supervised_loss(states, targets, weights, head)) == pytest.approx(plain.item(), rel=1e-6)


def test_a_leak_between_packed_examples_is_noticed(config_file: Path, monkeypatch: pytest.MonkeyPatch):
    model, _ = prepare(load_config(config_file))
    first, second = examples(2)
    check_packing(model, first, second)

    def leaky(row: list[Example], device: object) -> dict[str, object]:
        """Positions that go on make one long example of several."""
        return as_row(row) | {"position_ids": torch.arange(sum(map(len, row)))[None]}

    monkeypatch.setattr("finetune.model.as_row", leaky)
    with pytest.raises(UserError, match="see each other"):
        check_packing(model, first, second)


def test_an_evaluation_pass_leaves_4_bit_gradients_alone(tiny_model: Path, config_file: Path):
    """On some CPUs bitsandbytes repacks weights in evaluation mode, after which gradients stop at every base layer."""
    config = load_config(config_file, ["model.quantization=nf4", "model.dtype=bfloat16"])
    model, _ = prepare(config)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    batch = examples(4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        before = gradients(model, pack(batch, None))
        check_packing(model, *batch[:2])
        after = gradients(model, pack(batch, None))
    assert torch.equal(before, after)
    assert float(before.norm()) > 0


def test_training_lowers_the_loss_and_leaves_a_whole_adapter(config_file: Path, tiny_model: Path, tmp_path: Path):
    folder = finetune(load_config(config_file), tmp_path / "adapter")
    manifest = json.loads((folder / "manifest.json").read_text())
    losses = [train for _, train, _ in manifest["loss_curve"]]
    assert sum(losses[-3:]) < sum(losses[:3])
    assert manifest["data"]["examples"] == 24
    assert manifest["updates"] == 12
    assert len({path.stat().st_mode for path in folder.iterdir()}) == 1, "weights are as readable as the rest"
    assert "<polyline" in (folder / "loss.svg").read_text()
    model, _ = load_model(SystemSpec(str(tiny_model), adapter=str(folder)))
    assert any("lora" in name for name, _ in model.named_parameters())


def test_an_adapter_of_another_base_is_refused(config_file: Path, other_tiny_model: Path, tmp_path: Path):
    folder = finetune(load_config(config_file, ["training.epochs=0.2"]), tmp_path / "adapter")
    with pytest.raises(UserError, match="trained on"):
        load_model(SystemSpec(str(other_tiny_model), adapter=str(folder)))


def test_a_finished_adapter_is_kept_and_another_one_is_not_overwritten(
    config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    short = load_config(config_file, ["training.epochs=0.2"])
    folder = finetune(short, tmp_path / "adapter")
    before = (folder / "manifest.json").read_bytes()
    capsys.readouterr()
    assert finetune(short, folder) == folder
    assert f"{folder}: trained already" in capsys.readouterr().err
    assert (folder / "manifest.json").read_bytes() == before
    with pytest.raises(UserError, match="another directory"):
        finetune(load_config(config_file), folder)
    (tmp_path / "my.jsonl").write_text('{"instruction": "Сколько?", "output": "5"}', encoding="utf-8")
    with pytest.raises(UserError, match="not the adapter of this configuration, data and base"):
        finetune(short, folder)


def test_a_loss_that_is_no_number_stops_with_the_step(
    config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(loss, "supervised_loss", lambda hidden, *_: hidden.sum() * float("nan"))
    with pytest.raises(UserError, match=r"step 1: the loss is nan"):
        finetune(load_config(config_file), tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()


def test_validation_is_the_mean_loss_of_a_supervised_token(
    config_file: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    held = tmp_path / "held.jsonl"
    # Wishes that training contradicts: the more it learns, the worse they get.
    rows = [{"instruction": f"Задача {i}: сложите", "output": "ы" * (3 + 9 * i)} for i in range(5)]
    held.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    more = [f"data.validation_files=[{held}]", "training.validations=4", "training.learning_rate=0.05"]
    config = load_config(config_file, more)
    folder = finetune(config, tmp_path / "adapter")
    curve = json.loads((folder / "manifest.json").read_text())["loss_curve"]
    measured = [(step, value) for step, _, value in curve if value is not None]
    assert [step for step, _ in measured] == [3, 6, 9, 12]
    assert "the validation loss rises" in capsys.readouterr().out
    assert "<circle" in (folder / "loss.svg").read_text()
    model, tokenizer = load_model(SystemSpec(str(tiny_model), dtype="float32", adapter=str(folder)))
    total = count = 0.0
    for example in tokenize(validation_texts(config.data), tokenizer, config.data).kept:
        ids = torch.tensor([[*example.prompt_ids, *example.answer_ids]])
        labels = ids.clone()
        labels[:, : len(example.prompt_ids)] = -100
        with torch.no_grad():
            total += float(model(input_ids=ids, labels=labels).loss) * len(example.answer_ids)
        count += len(example.answer_ids)
    assert measured[-1][1] == pytest.approx(total / count, rel=1e-4)


def test_rows_of_ever_new_lengths_are_not_planned(config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Forward and backward: a layer that is computed again must take the kernel that it took first."""
    planned: list[tuple[str, bool]] = []
    row_loss = PackedTrainer._row_loss

    def noted(self: PackedTrainer, *row: Any) -> torch.Tensor:
        value = row_loss(self, *row)
        planned.append(("forward", torch.backends.cuda.cudnn_sdp_enabled()))
        value.register_hook(lambda _: planned.append(("backward", torch.backends.cuda.cudnn_sdp_enabled())))
        return value

    monkeypatch.setattr(PackedTrainer, "_row_loss", noted)
    finetune(load_config(config_file, ["training.epochs=1"]), tmp_path / "adapter")
    assert set(planned) == {("forward", False), ("backward", False)}
    assert torch.backends.cuda.cudnn_sdp_enabled()


def test_a_training_without_validation_examples_says_so(
    config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    finetune(load_config(config_file, ["training.validations=2", "training.epochs=0.2"]), tmp_path / "adapter")
    assert "no validation loss" in capsys.readouterr().out


def test_the_bar_shows_loss_rate_and_memory(config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    finetune(load_config(config_file), tmp_path / "adapter")
    last = capsys.readouterr().err.replace("\r", "\n").strip().splitlines()[-1]
    assert re.search(r"12/12 .*loss \d\.\d{3}, lr \d\.\de-\d\d, [\d,]+ tokens/s, \d+\.\d GiB", last), last


@pytest.mark.parametrize("world", [1, 2])
def test_a_process_trains_on_one_gpu_however_many_it_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: int):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    made = arguments(TrainingConfig(), tmp_path, 10, world, torch.float32, "cuda")
    assert made.train_batch_size == 16 // world


def test_one_of_several_gpus_is_chosen_outside(config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("finetune.pipeline.usable_device", lambda name: name)
    with pytest.raises(UserError, match="CUDA_VISIBLE_DEVICES=1"):
        finetune(load_config(config_file), tmp_path / "adapter", "cuda:1")


def test_a_curve_without_points_is_still_an_image():
    assert loss_curve_svg([]).startswith("<svg")
    assert "polyline" in loss_curve_svg([[1, 2.0, None], [2, None, 1.5]])
