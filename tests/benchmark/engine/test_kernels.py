"""The kernels that passes take: none of cuDNN's attention, which would build a plan of each shape, and fused norms."""

import copy
from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance

from benchmark.engine import RowwiseHFLM, graphs, scoring
from benchmark.engine.graphs import StepGraph
from tests.benchmark.engine.fixture import asked, prompts, scored


def planned() -> bool:
    return torch.backends.cuda.cudnn_sdp_enabled()


@pytest.mark.parametrize(
    "requests",
    [
        pytest.param(asked(prompts(5)), id="rows"),
        pytest.param(asked(prompts(3), do_sample=True, temperature=0.5), id="transformers' generate"),
        pytest.param([Instance("loglikelihood", {}, (text, " да"), 0) for text in prompts(3)], id="likelihoods"),
    ],
)
def test_no_pass_makes_plans_and_the_setting_is_given_back(tiny: dict[str, Any], requests: list[Instance]):
    seen: list[bool] = []
    handle = tiny["pretrained"].register_forward_pre_hook(lambda *_: seen.append(planned()))
    try:
        getattr(RowwiseHFLM(**tiny), requests[0].request_type)(requests, disable_tqdm=True)
    finally:
        handle.remove()
    assert seen and not any(seen)
    assert planned()


def test_a_graph_is_not_planned_either(tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    seen: list[bool] = []

    def recorded(_: StepGraph) -> Any:
        seen.append(planned())
        raise RuntimeError("no graph here")

    monkeypatch.setattr(StepGraph, "_recorded", recorded)
    monkeypatch.setattr(graphs, "usable", lambda _: True)
    RowwiseHFLM(**tiny).generate_until(asked(prompts(3)), disable_tqdm=True)
    assert seen and not any(seen)


@pytest.mark.parametrize(("dtype", "fused"), [(torch.bfloat16, True), (torch.float32, False)])
def test_norms_are_fused_in_passes_of_16_bits_and_are_themselves_afterwards(
    tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, fused: bool
):
    model = copy.deepcopy(tiny["pretrained"]).to(dtype)
    norms = [module for module in model.modules() if type(module).__name__.endswith("RMSNorm")]
    seen: list[int] = []
    model.register_forward_pre_hook(lambda *_: seen.append(sum("forward" in vars(norm) for norm in norms)))
    monkeypatch.setattr(scoring, "on_one_gpu", lambda _: True)
    lm = RowwiseHFLM(pretrained=model, tokenizer=tiny["tokenizer"])
    requests = scored(prompts(3))
    ours = lm.loglikelihood(requests, disable_tqdm=True)
    lm.generate_until(asked(prompts(3)), disable_tqdm=True)
    assert set(seen) == {len(norms) if fused else 0}
    assert not any("forward" in vars(norm) for norm in norms)
    lm._norms = {}
    plain = lm.loglikelihood(requests, disable_tqdm=True)
    assert [value for value, _ in ours] == pytest.approx([value for value, _ in plain], rel=0.01)
