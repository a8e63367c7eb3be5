"""What our decoding does not know goes through transformers' `generate`, and comes back in the same form."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from transformers import GenerationMixin

from benchmark.engine import RowwiseHFLM
from benchmark.engine.decoding import Counts
from benchmark.errors import UserError
from tests.benchmark.engine.fixture import Told, asked, loaded, prompts


def by_generate(model: dict[str, Any], **settings: Any) -> RowwiseHFLM:
    """A backend whose decoding of rows is switched off."""
    lm = RowwiseHFLM(**model, **settings)
    lm._rowwise = False
    return lm


@pytest.mark.parametrize("setting", [{"repetition_penalty": 1.3}, {"no_repeat_ngram_size": 2}])
def test_a_models_own_generation_settings_hold(setting: dict, tiny_model: Path):
    model = loaded(tiny_model)
    for name, value in setting.items():
        setattr(model["pretrained"].generation_config, name, value)
    requests = asked(prompts(5))
    ours = RowwiseHFLM(**model, batch_size=4)
    assert ours.generate_until(requests, disable_tqdm=True) == HFLM(**model, batch_size=4).generate_until(
        requests, disable_tqdm=True
    )
    assert ours.counts == Counts()


@pytest.mark.parametrize("rowwise", [None, False])
def test_a_models_own_limit_of_tokens_is_not_the_benchmarks(tiny_model: Path, rowwise: bool | None):
    requests = asked(prompts(5), limits=(24,), until=[])
    expected = HFLM(**loaded(tiny_model), batch_size=4).generate_until(requests, disable_tqdm=True)
    model = loaded(tiny_model)
    model["pretrained"].generation_config.max_new_tokens = 3
    ours = RowwiseHFLM(**model, batch_size=4)
    ours._rowwise = rowwise
    assert ours.generate_until(requests, disable_tqdm=True) == expected
    assert (ours.counts == Counts()) == (rowwise is False)


def test_sampling_goes_through_generate(tiny: dict[str, Any]):
    ours = RowwiseHFLM(**tiny, batch_size=4)
    torch.manual_seed(0)
    texts = ours.generate_until(
        asked(["Ответ"] * 6, limits=(20,), until=[], do_sample=True, temperature=1.5), disable_tqdm=True
    )
    assert len(set(texts)) > 1
    assert ours.counts == Counts()


def test_memory_that_runs_out_halves_the_batch_and_keeps_answers(tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    requests = asked(prompts(11))
    expected = HFLM(**tiny, batch_size=4).generate_until(requests, disable_tqdm=True)
    sizes: list[int] = []
    generate = GenerationMixin.generate

    def scarce(self: Any, *, input_ids: torch.Tensor, **settings: Any) -> Any:
        sizes.append(len(input_ids))
        if len(input_ids) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return generate(self, input_ids, **settings)

    monkeypatch.setattr(GenerationMixin, "generate", scarce)
    ours = by_generate(tiny, batch_size=8)
    told = Told()
    ours.cache_hook = told
    assert ours.generate_until(requests, disable_tqdm=True) == expected
    assert sizes[0] > 2 and sizes[-1] <= 2 and sizes == sorted(sizes, reverse=True)
    assert len(told.answers) == 11


def test_no_memory_for_one_prompt_is_one_line(tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    def none_left(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(GenerationMixin, "generate", none_left)
    with pytest.raises(UserError, match="out of memory with one prompt at a time"):
        by_generate(tiny).generate_until(asked(prompts(4)), disable_tqdm=True)
