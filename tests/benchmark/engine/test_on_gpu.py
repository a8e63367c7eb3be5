"""On a GPU, too, the engine answers what lm-eval's own backend answers there."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from benchmark.engine import RowwiseHFLM
from benchmark.system import SystemSpec, load_model
from tests.benchmark.engine.fixture import PREFIX, asked, loaded, prompts

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")]
DEVICE = "cuda"
LABELS = (" низкий", " средний", " высокий, как и прежде")


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
def test_likelihoods_are_the_stock_backends(model: dict[str, Any], prefix: str):
    requests = [
        Instance("loglikelihood", {}, (text, label), place)
        for place, text in enumerate(prompts(9, prefix))
        for label in LABELS
    ]
    ours = RowwiseHFLM(**model).loglikelihood(requests, disable_tqdm=True)
    stock = HFLM(**model, batch_size=4).loglikelihood(requests, disable_tqdm=True)
    assert [value for value, _ in ours] == pytest.approx([value for value, _ in stock], rel=1e-3)
    assert [greedy for _, greedy in ours] == [greedy for _, greedy in stock]


def test_a_model_in_4_bits_is_decoded_by_graphs(tiny_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    # Matrices as wide as a block of 4-bit weights at least.
    config = AutoConfig.from_pretrained(tiny_model, hidden_size=128, intermediate_size=256, head_dim=32)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.save_pretrained(tmp_path)
    quantized, _ = load_model(SystemSpec(str(tmp_path), quantization="nf4", dtype="float32"), DEVICE)
    requests = asked(prompts(15))
    lm = RowwiseHFLM(pretrained=quantized, tokenizer=tokenizer)
    texts = lm.generate_until(requests, disable_tqdm=True)
    assert lm.counts.steps > 0 and "without CUDA graphs" not in caplog.text
    assert texts == HFLM(pretrained=quantized, tokenizer=tokenizer, batch_size=4).generate_until(
        requests, disable_tqdm=True
    )
