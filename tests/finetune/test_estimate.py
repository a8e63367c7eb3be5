"""What a training needs: weights, adapter, activations, operations; each against a model that really runs."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from peft import LoraConfig as PeftConfig
from peft import get_peft_model
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoModelForCausalLM, MistralConfig, MistralForCausalLM

from finetune import estimate, loss, model
from finetune.config import FinetuneConfig
from finetune.examples import Example
from finetune.packing import as_row
from finetune.pipeline import dry_run

SIZES = {
    "hidden_size": 64,
    "intermediate_size": 224,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 100,
}
TOKENS = 512


def settings(**lora: Any) -> FinetuneConfig:
    return FinetuneConfig.model_validate({"model": {"pretrained": "x"}, "lora": {"r": 4, **lora}})


def sizes(config: FinetuneConfig) -> estimate.Architecture:
    return estimate.architecture(MistralConfig(**SIZES), config.lora)


@pytest.mark.parametrize("targets", ["all-linear", ["q_proj", "down_proj"], r".*\.(k_proj|gate_proj)"])
def test_weights_and_adapter_are_counted_as_peft_makes_them(targets: Any):
    base = MistralForCausalLM(MistralConfig(**SIZES))
    total = sum(parameter.numel() for parameter in base.parameters())
    tuned = get_peft_model(base, PeftConfig(r=4, target_modules=targets, task_type="CAUSAL_LM"))
    found = sizes(settings(target_modules=targets))
    assert found.adapter == sum(p.numel() for p in tuned.parameters() if p.requires_grad)
    assert found.matrices + found.others == total
    assert found.others == 2 * 64 * 100 + (2 * 3 + 1) * 64


OTHERS = [
    AutoConfig.for_model("gpt2", n_embd=64, n_layer=2, n_head=4, vocab_size=100),
    AutoConfig.for_model(
        "gpt_neox", hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, vocab_size=100
    ),
    AutoConfig.for_model("falcon", hidden_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=100),
]


@pytest.mark.parametrize("config", OTHERS, ids=lambda config: config.model_type)
def test_architectures_with_other_names_for_their_sizes_are_counted_too(config: Any):
    base = AutoModelForCausalLM.from_config(config)
    total = sum(parameter.numel() for parameter in base.parameters())
    tuned = get_peft_model(base, PeftConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    found = estimate.architecture(config, settings().lora)
    assert found.adapter == sum(p.numel() for p in tuned.parameters() if p.requires_grad)
    assert found.matrices + found.others == total
    assert (found.width, found.key_value, found.layers) == (64, 64, 2)
    assert found.inner >= 128


def kept_bytes(checkpointing: bool) -> int:
    """Bytes that autograd holds between forward and backward, parameters left out."""
    torch.manual_seed(0)
    base = MistralForCausalLM(MistralConfig(**SIZES)).to(torch.bfloat16)
    tuned = get_peft_model(base, PeftConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")).train()
    loss.install(base)
    if checkpointing:
        base.gradient_checkpointing_enable({"use_reentrant": False})
    owned = {parameter.untyped_storage().data_ptr() for parameter in tuned.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in owned:
            kept[storage.data_ptr()] = storage
        return tensor

    example = Example("x", tuple([5] * (TOKENS - 1)), (2,))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), torch.autocast("cpu", torch.bfloat16):
        tuned(**as_row([example]))
    return sum(storage.nbytes() for storage in kept.values())


def test_activations_are_what_autograd_keeps():
    config = settings()
    predicted = estimate.activations(sizes(config), TOKENS, checkpointing=False, element=2)
    assert kept_bytes(checkpointing=False) == pytest.approx(predicted, rel=0.2)


def test_checkpointing_keeps_each_layers_input():
    found = sizes(settings())
    kept = estimate.activations(found, TOKENS, checkpointing=True, element=2)
    one_layer = estimate.activations(found, TOKENS, checkpointing=False, element=2) / SIZES["num_hidden_layers"]
    assert kept - one_layer == SIZES["num_hidden_layers"] * SIZES["hidden_size"] * 2 * TOKENS


def test_operations_are_what_a_counter_counts():
    base = MistralForCausalLM(MistralConfig(**SIZES))
    get_peft_model(base, PeftConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")).train()
    with FlopCounterMode(display=False) as counter:
        loss.final_states(base, as_row([Example("x", tuple([5] * TOKENS), (2,))])).sum().backward()
    counted = sum(n for name, n in counter.get_flop_counts()["Global"].items() if "attention" not in str(name))
    predicted = estimate.operations(sizes(settings()), TOKENS + 1, 0, checkpointing=False)
    assert counted == pytest.approx(predicted, rel=0.05)


def test_memory_names_what_holds_it():
    config = settings()
    held = estimate.memory(sizes(config), config, TOKENS, checkpointing=True)
    assert held["total"] == pytest.approx(sum(size for name, size in held.items() if name != "total"), abs=0.03)
    bare = FinetuneConfig.model_validate({"model": {"pretrained": "x", "quantization": "none"}})
    assert estimate.memory(sizes(bare), bare, TOKENS, checkpointing=True)["weights"] >= held["weights"]


def test_checkpointing_is_left_out_only_where_activations_fit(tiny_model: Path, monkeypatch: pytest.MonkeyPatch):
    config = FinetuneConfig.model_validate({"model": {"pretrained": str(tiny_model), "dtype": "bfloat16"}})
    tuned, _ = model.prepare(config)
    assert not model.needs_checkpointing(tuned, config, 10_000_000), "a CPU's memory is not planned"
    on_gpu = SimpleNamespace(device=torch.device("cuda"))
    monkeypatch.setattr(tuned, "parameters", lambda: iter([on_gpu]))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (estimate.GIB, estimate.GIB))
    assert not model.needs_checkpointing(tuned, config, 1_000)
    assert model.needs_checkpointing(tuned, config, 10_000_000)


def test_a_dry_run_says_tokens_memory_and_time(tiny_model: Path, tmp_path: Path):
    rows = [{"instruction": f"Сложите {i} и {i}", "output": f"Ответ: {2 * i}", "category": "x"} for i in range(8)]
    (tmp_path / "my.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    raw = {"model": {"pretrained": str(tiny_model)}, "data": {"tasks": [], "files": [str(tmp_path / "my.jsonl")]}}
    found = dry_run(FinetuneConfig.model_validate(raw | {"training": {"token_budget": 64, "examples_per_update": 4}}))
    assert (found["examples"], found["updates"]) == (8, 6)
    assert found["longest_row_tokens"] <= 64
    assert set(found["memory_gib"]) == {"gradient_checkpointing on", "gradient_checkpointing off"}
    assert found["seconds_at_least"] >= 0
