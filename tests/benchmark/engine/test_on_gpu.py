"""On a GPU, too, the engine answers what lm-eval's own backend answers there."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from benchmark.engine import RowwiseHFLM
from benchmark.engine.graphs import StepGraph
from benchmark.engine.transfer import Fetched, sent
from benchmark.system import SystemSpec, load_model
from tests.benchmark.engine.fixture import PREFIX, asked, loaded, prompts, scored

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")]
DEVICE = "cuda"
ROOT = Path(__file__).parents[3]


def there(model: dict[str, Any]) -> dict[str, Any]:
    return model | {"pretrained": model["pretrained"].to(DEVICE)}


@pytest.fixture(params=["tiny", "sliding"])
def model(request: pytest.FixtureRequest, tiny_model: Path) -> dict[str, Any]:
    """Models whose layers see windows of one size or two."""
    return there(loaded(tiny_model) if request.param == "tiny" else request.getfixturevalue("sliding"))


@pytest.mark.parametrize("prefix", ["", PREFIX])
def test_texts_are_the_stock_backends(model: dict[str, Any], prefix: str):
    requests = asked(prompts(15, prefix))
    ours = RowwiseHFLM(**model).generate_until(requests, disable_tqdm=True)
    assert ours == HFLM(**model, batch_size=4).generate_until(requests, disable_tqdm=True)


@pytest.mark.parametrize("prefix", ["", PREFIX])
@pytest.mark.parametrize("rows", [2, "auto"])
def test_likelihoods_are_the_stock_backends(model: dict[str, Any], prefix: str, rows: int | str):
    requests = scored(prompts(9, prefix))
    ours = RowwiseHFLM(**model, batch_size=rows).loglikelihood(requests, disable_tqdm=True)
    stock = HFLM(**model, batch_size=4).loglikelihood(requests, disable_tqdm=True)
    assert [value for value, _ in ours] == pytest.approx([value for value, _ in stock], rel=1e-3)
    assert [greedy for _, greedy in ours] == [greedy for _, greedy in stock]


def test_what_is_fetched_is_waited_for():
    device = torch.device(DEVICE)
    numbers = sent(list(range(1 << 16)), device)
    square = torch.ones(4096, 4096, device=device)
    for _ in range(50):  # some tenths of a second that the copy must wait for
        square = (square @ square).clamp(max=1)
    (found,) = Fetched(numbers + square[0, 0].long()).wait()
    assert found.tolist() == list(range(1, (1 << 16) + 1))


def test_prompts_in_16_bits_are_read_end_to_end(
    model: dict[str, Any], packed_passes: list[int], caplog: pytest.LogCaptureFixture
):
    halved = model | {"pretrained": copy.deepcopy(model["pretrained"]).to(torch.bfloat16)}
    texts = [f"{text} и так далее, и так далее" for text in prompts(15)]
    lm = RowwiseHFLM(**halved)
    assert len(lm.generate_until(asked(texts), disable_tqdm=True)) == 15
    ours = lm.loglikelihood(scored(texts), disable_tqdm=True)
    stock = HFLM(**halved, batch_size=4).loglikelihood(scored(texts), disable_tqdm=True)
    assert [value for value, _ in ours] == pytest.approx([value for value, _ in stock], rel=0.02, abs=0.3)
    assert packed_passes.count(15) == 2, "generating and scoring"
    assert "under a mask" not in caplog.text


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry for each step that a graph has made."""
    made: list[None] = []
    step = StepGraph.__call__

    def noted(self: StepGraph) -> torch.Tensor:
        made.append(None)
        return step(self)

    monkeypatch.setattr(StepGraph, "__call__", noted)
    return made


def test_the_first_pass_of_a_process_in_16_bits_leads_to_graphs(tiny_model: Path):
    """Libraries begin with their first call, and cannot within a capture."""
    code = f"""
from unittest import mock
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from benchmark.engine import RowwiseHFLM
from benchmark.engine.graphs import StepGraph
from tests.benchmark.engine.fixture import asked, prompts
model = AutoModelForCausalLM.from_pretrained({str(tiny_model)!r}, dtype=torch.bfloat16).to({DEVICE!r})
lm = RowwiseHFLM(pretrained=model, tokenizer=AutoTokenizer.from_pretrained({str(tiny_model)!r}))
with mock.patch.object(StepGraph, "__call__", autospec=True, side_effect=StepGraph.__call__) as step:
    lm.generate_until(asked(prompts(15)), disable_tqdm=True)
assert step.called
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "without CUDA graphs" not in done.stderr


def test_a_model_in_4_bits_is_decoded_by_graphs(
    tiny_model: Path, tmp_path: Path, replays: list[None], caplog: pytest.LogCaptureFixture
):
    # Matrices as wide as a block of 4-bit weights at least.
    config = AutoConfig.from_pretrained(tiny_model, hidden_size=128, intermediate_size=256, head_dim=32)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.save_pretrained(tmp_path)
    quantized, _ = load_model(SystemSpec(str(tmp_path), quantization="nf4", dtype="float32"), DEVICE)
    requests = asked(prompts(15))
    texts = RowwiseHFLM(pretrained=quantized, tokenizer=tokenizer).generate_until(requests, disable_tqdm=True)
    assert replays and "without CUDA graphs" not in caplog.text
    assert texts == HFLM(pretrained=quantized, tokenizer=tokenizer, batch_size=4).generate_until(
        requests, disable_tqdm=True
    )
