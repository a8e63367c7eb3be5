"""Steps of fixed shapes, as a CUDA graph holds them: the same texts. Where there is no GPU, replayed by hand."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance
from transformers import AutoModelForCausalLM, AutoTokenizer, Gemma3ForCausalLM, Gemma3TextConfig

from benchmark.engine import RowwiseHFLM, graphs
from benchmark.engine.graphs import StepGraph, usable


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Has each replay run the step again; the rows of each graph."""
    rows: list[int] = []

    def recorded(self: StepGraph) -> Callable[[], None]:
        rows.append(len(self._ids))

        def replay() -> None:
            self._cache.fix(self._column)
            self._step()
            self._cache.fix(None)

        return replay

    monkeypatch.setattr(StepGraph, "_recorded", recorded)
    monkeypatch.setattr(graphs, "usable", lambda _: True)
    return rows


def gemma(tiny_model: Path) -> Any:
    """A model whose layers see windows of different sizes."""
    torch.manual_seed(3)
    config = Gemma3TextConfig(
        vocab_size=len(AutoTokenizer.from_pretrained(tiny_model)),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=16,
        sliding_window=24,
        layer_types=["sliding_attention", "full_attention"] * 2,
        initializer_range=0.3,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    return Gemma3ForCausalLM(config).eval()


def texts(model: Any, tiny_model: Path, device: str = "cpu") -> list[str]:
    """Answers to prompts and limits of many lengths, three rows together."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    lm = RowwiseHFLM(pretrained=model.to(device), tokenizer=tokenizer, batch_size=3)
    requests = [
        Instance(
            "generate_until",
            {},
            (f"Прибыль {place} " * (1 + place % 4), {"until": ["\n"], "max_gen_toks": limit}),
            place,
        )
        for place, limit in enumerate([40, 8, 200, 30, 2, 64, 170, 5])
    ]
    return lm.generate_until(requests, disable_tqdm=True)


@pytest.mark.parametrize("kind", ["llama", "gemma"])
def test_fixed_shapes_give_the_same_texts(
    tiny_model: Path, replayed: list[int], kind: str, monkeypatch: pytest.MonkeyPatch
):
    model = gemma(tiny_model) if kind == "gemma" else AutoModelForCausalLM.from_pretrained(tiny_model)
    fixed = texts(model, tiny_model)
    assert len(replayed) > 5, "batches changed, and each had its graph"
    monkeypatch.setattr(graphs, "usable", lambda _: False)
    assert fixed == texts(model, tiny_model)


def test_a_graph_that_disagrees_is_not_used(
    tiny_model: Path, replayed: list[int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    monkeypatch.setattr(StepGraph, "_masks", lambda self: self._real & (self._columns < 3))
    wrong = texts(model, tiny_model)
    assert len(replayed) == 1, "the first was the last"
    assert "without CUDA graphs" in caplog.text
    monkeypatch.setattr(graphs, "usable", lambda _: False)
    assert wrong == texts(model, tiny_model)


def test_what_cannot_be_captured_is_decoded_plainly(
    tiny_model: Path, replayed: list[int], monkeypatch: pytest.MonkeyPatch
):
    def recorded(_: StepGraph) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(StepGraph, "_recorded", recorded)
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    plain = texts(model, tiny_model)
    monkeypatch.setattr(graphs, "usable", lambda _: False)
    assert plain == texts(model, tiny_model)


def test_no_graph_without_a_gpu(tiny_model: Path):
    assert not usable(AutoModelForCausalLM.from_pretrained(tiny_model))


def on_a_gpu(**more: Any) -> SimpleNamespace:
    """What is read off a model there."""
    known = {"_attn_implementation": "sdpa", "layer_types": ["full_attention", "sliding_attention"]}
    config = SimpleNamespace(**known | more.pop("config", {}))
    config.get_text_config = lambda: config
    weights = more.pop("weights", [torch.empty(1)])
    return SimpleNamespace(device=torch.device("cuda"), parameters=lambda: weights, config=config, **more)


@pytest.mark.parametrize(
    "unusual",
    [
        {"config": {"_attn_implementation": "eager"}},
        {"config": {"layer_types": ["linear_attention", "full_attention"]}},
        {"config": {"attention_chunk_size": 8192}},
        {"config": {"num_local_experts": 8}},
        {"is_loaded_in_8bit": True},
        {"weights": [torch.empty(1), torch.empty(1, device="meta")]},
    ],
)
def test_models_that_a_graph_cannot_hold_are_known(unusual: dict[str, Any]):
    assert usable(on_a_gpu())
    assert not usable(on_a_gpu(**unusual))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("kind", ["llama", "gemma"])
def test_graphs_on_a_gpu_give_the_same_texts(
    tiny_model: Path, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    model = gemma(tiny_model) if kind == "gemma" else AutoModelForCausalLM.from_pretrained(tiny_model)
    captured = texts(model, tiny_model, "cuda")
    assert "without CUDA graphs" not in caplog.text
    monkeypatch.setattr(graphs, "usable", lambda _: False)
    assert captured == texts(model, tiny_model, "cuda")
