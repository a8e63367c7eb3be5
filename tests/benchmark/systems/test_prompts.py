"""Texts that are encoded together have the ids that lm-eval gives each by itself."""

from pathlib import Path

import pytest
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmark.systems.prompts import encoded

TEXTS = ["вопрос", "<bos>вопрос", "ещё вопрос: 12,5%", "вопрос"]


@pytest.mark.parametrize("add_bos_token", [None, True, False])
def test_each_text_has_the_stock_backends_ids(add_bos_token: bool | None, tiny_model: Path):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    lm = HFLM(pretrained=model, tokenizer=tokenizer, add_bos_token=add_bos_token)
    ids = encoded(tokenizer, TEXTS, add_bos_token)
    assert ids == {text: lm.tok_encode(text) for text in TEXTS}
    assert ids["вопрос"] == lm.tok_batch_encode(["вопрос"])[0][0].tolist()


def test_the_beginning_of_a_text_may_be_another_token_than_the_tokenizers(tiny_model: Path):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    ids = encoded(tokenizer, ["<eos>вопрос", "<bos>вопрос"], beginning="<eos>")
    assert ids["<eos>вопрос"][0] == tokenizer.eos_token_id, "begun: no second beginning"
    assert ids["<bos>вопрос"][:2] == [tokenizer.bos_token_id] * 2, "only the named token counts"


def test_where_nothing_begins_a_text_every_text_is_begun(tiny_model: Path):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    (ids,) = encoded(tokenizer, ["вопрос"], beginning="").values()
    assert ids[0] != tokenizer.bos_token_id, "as lm-eval has it"
