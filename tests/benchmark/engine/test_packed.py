"""Prompts that are read end to end: the same answers, and padding under a mask where the kernel fails."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from torch.nn.attention import varlen
from transformers import AutoTokenizer, Qwen2MoeConfig, Qwen2MoeForCausalLM

from benchmark.engine import RowwiseHFLM, packed
from tests.benchmark.engine.fixture import PREFIX, asked, prompts, scored
from tests.variable_length import no_kernel, reference_kernel, wrong_kernel


@pytest.fixture
def passes(packed_passes: list[int], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Has prompts packed on a CPU."""
    monkeypatch.setattr(packed, "usable", lambda _: True)
    monkeypatch.setattr(varlen, "varlen_attn", reference_kernel)
    return packed_passes


@pytest.fixture(params=["tiny", "sliding"])
def model(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("rows", [3, "auto"])
def test_texts_are_the_stock_backends(model: dict[str, Any], rows: int | str, passes: list[int]):
    requests = asked(prompts(15))
    ours = RowwiseHFLM(**model, batch_size=rows)
    assert ours.generate_until(requests, disable_tqdm=True) == HFLM(**model, batch_size=4).generate_until(
        requests, disable_tqdm=True
    )
    assert sum(passes) == 15
    assert ours.counts.prefilled == sum(len(ours.tok_encode(request.args[0])) for request in requests)
    assert model["pretrained"].config._attn_implementation == "sdpa", "as it was"


@pytest.mark.parametrize("prefix", ["", PREFIX])
def test_likelihoods_are_the_stock_backends(model: dict[str, Any], prefix: str, passes: list[int]):
    requests = scored([f"{text} и так далее, и так далее" for text in prompts(9, prefix)])
    ours = RowwiseHFLM(**model).loglikelihood(requests, disable_tqdm=True)
    stock = HFLM(**model, batch_size=4).loglikelihood(requests, disable_tqdm=True)
    assert [value for value, _ in ours] == pytest.approx([value for value, _ in stock], rel=1e-4)
    assert [greedy for _, greedy in ours] == [greedy for _, greedy in stock]
    assert passes


@pytest.mark.parametrize(("kernel", "why"), [(wrong_kernel, "logits differ"), (no_kernel, "no kernel")])
def test_a_kernel_that_fails_costs_no_answer(
    tiny: dict[str, Any],
    kernel: Any,
    why: str,
    passes: list[int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(varlen, "varlen_attn", kernel)
    requests = asked(prompts(9))
    texts = RowwiseHFLM(**tiny, batch_size=3).generate_until(requests, disable_tqdm=True)
    assert texts == HFLM(**tiny, batch_size=4).generate_until(requests, disable_tqdm=True)
    assert not passes
    (said,) = [record.getMessage() for record in caplog.records if "under a mask" in record.getMessage()]
    assert why in said


def test_memory_that_runs_out_is_no_fault_of_the_kernel(
    tiny: dict[str, Any], passes: list[int], monkeypatch: pytest.MonkeyPatch
):
    calls = iter(range(1000))

    def scarce(*arguments: Any, **options: Any) -> torch.Tensor:
        if next(calls) == 10:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return reference_kernel(*arguments, **options)

    monkeypatch.setattr(varlen, "varlen_attn", scarce)
    requests = asked(prompts(15))
    texts = RowwiseHFLM(**tiny, batch_size=8).generate_until(requests, disable_tqdm=True)
    assert texts == HFLM(**tiny, batch_size=4).generate_until(requests, disable_tqdm=True)
    assert sum(passes) >= 15 and next(calls) > 12


def test_each_longer_prompt_is_tried(tiny_model: Path, passes: list[int], caplog: pytest.LogCaptureFixture):
    """A model that masks a window, and does not tell its attention of it, gives that away in prompts it cuts."""
    torch.manual_seed(0)
    config = Qwen2MoeConfig(
        vocab_size=600, hidden_size=32, intermediate_size=32, moe_intermediate_size=16, num_hidden_layers=2,
        shared_expert_intermediate_size=16, num_attention_heads=4, num_key_value_heads=2, num_experts=2,
        num_experts_per_tok=1, sliding_window=24, use_sliding_window=True, max_window_layers=0,
        layer_types=["sliding_attention"] * 2, initializer_range=0.3, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    model = {"pretrained": Qwen2MoeForCausalLM(config).eval(), "tokenizer": AutoTokenizer.from_pretrained(tiny_model)}
    ours = RowwiseHFLM(**model)
    texts = ["ставка и так далее, и так", *(f"{text} " + "и так далее, " * 9 for text in prompts(4))]
    for requests in (scored(texts[:1]), scored(texts)):
        stock = HFLM(**model, batch_size=4).loglikelihood(requests, disable_tqdm=True)
        found = ours.loglikelihood(requests, disable_tqdm=True)
        assert [value for value, _ in found] == pytest.approx([value for value, _ in stock], rel=1e-4)
    assert passes == [1], "the short one alone"
    assert caplog.text.count("under a mask") == 1


@pytest.mark.parametrize(
    ("dtype", "card", "wanted"),
    [(torch.bfloat16, (9, 0), True), (torch.float16, (8, 0), True), (torch.float32, (9, 0), False),
     (torch.float16, (7, 5), False)],
)  # fmt: skip
def test_it_is_for_16_bits_on_cards_that_have_the_kernel(
    tiny: dict[str, Any], dtype: torch.dtype, card: tuple[int, int], wanted: bool, monkeypatch: pytest.MonkeyPatch
):
    model = copy.deepcopy(tiny["pretrained"]).to(dtype)
    assert not packed.usable(model), "on a CPU"
    monkeypatch.setattr(packed, "on_one_gpu", lambda _: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: card)
    assert packed.usable(model) == wanted
    model.set_attn_implementation("eager")
    assert not packed.usable(model)
