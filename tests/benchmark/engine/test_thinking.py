"""A thought is no answer: told by the mark that is named, by the prompt's end, or by the answer's beginning."""

import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import AutoTokenizer

from benchmark.engine import RowwiseHFLM
from benchmark.engine.stops import StopFinder
from benchmark.engine.thoughts import Thoughts
from benchmark.errors import UserError
from tasks.scoring import numeric
from tests.benchmark.engine.fixture import STOPS, asked, loaded, prompts, scripted

TEMPLATE = (
    "{% for message in messages %}{{ message['content'].split('</think>')[-1] }}{% endfor %}Ассистент:"
    "{% if enable_thinking is defined %}<think>\n{% if not enable_thinking %}</think>{% endif %}{% endif %}"
)
"""A thought may be begun by the template, opened and closed by it, or left to the model."""
SWITCHES: dict[str, dict[str, bool]] = {"opened": {"enable_thinking": True}, "closed": {"enable_thinking": False}}
MARKS = {
    "tokens": (["<think>"], ["</think>"], False),
    "special tokens": (["<think>"], ["</think>"], True),
    "text in the template": (["<thin", "k>"], ["</thi", "nk>"], False),
}
UNTIL = ["###", "Стоп"]


@pytest.fixture(params=list(MARKS))
def thinking(request: pytest.FixtureRequest, tiny_model: Path) -> dict[str, Any]:
    """It thinks where the prompt has opened a thought; opens one itself after `Ассистент:`; else it answers."""
    begin, end, special = MARKS[request.param]
    thought = ["24%", "###", "ещё", *end, "Ответ: 25%", "Стоп", "лишнее", "<eos>"]
    model = scripted(
        tiny_model,
        ["\n", *thought],
        ["Ассистент:", *begin, "\t", "24%"],
        ["Прямо:", "Ответ: 7", "Стоп"],
        ["Молча:", "Ответ: 8", "<eos>"],
        special=[*begin, *end] if special else [],
    )
    model["tokenizer"].chat_template = TEMPLATE
    return model


def question(model: dict[str, Any], **switch: bool) -> str:
    lm = RowwiseHFLM(**model, chat_template_args=switch)
    return lm.apply_chat_template([{"role": "user", "content": "Сколько? "}])


def answers(lm: HFLM, texts: Sequence[str], limit: int = 30, until: list[str] | None = None) -> list[str]:
    return lm.generate_until(asked(list(texts), (limit,), UNTIL if until is None else until), disable_tqdm=True)


def backend(model: dict[str, Any], rowwise: bool | None, **settings: Any) -> RowwiseHFLM:
    """A backend; with `rowwise` false, its decoding of rows is switched off."""
    lm = RowwiseHFLM(**model, **settings)
    lm._rowwise = rowwise
    return lm


@pytest.mark.parametrize("rowwise", [None, False])
@pytest.mark.parametrize("rows", [1, 8])
def test_the_answer_is_what_follows_a_thought(thinking: dict[str, Any], rowwise: bool | None, rows: int):
    """Row by row: beside rows that think there are some that do not, and each ends where it alone would end."""
    texts = [question(thinking, **switch) for switch in (SWITCHES["opened"], {}, SWITCHES["closed"])]
    assert [text[-1] for text in texts] == ["\n", ":", ">"]
    lm = backend(thinking, rowwise, batch_size=rows)
    given = answers(lm, [*texts, "Прямо:", "Молча:", *texts])
    assert given == ["Ответ: 25%"] * 3 + ["Ответ: 7", "Ответ: 8"] + ["Ответ: 25%"] * 3
    assert (lm.counts.steps > 0) == (rowwise is None)


@pytest.mark.parametrize("rowwise", [None, False])
def test_a_thought_that_was_cut_off_is_no_answer(thinking: dict[str, Any], rowwise: bool | None):
    """Nor is a number in it, and no stop string has ended it."""
    lm = backend(thinking, rowwise)
    for text, limit in ((question(thinking, **SWITCHES["opened"]), 3), (question(thinking), 5)):
        (answer,) = answers(lm, [text], limit)
        assert answer.startswith("<think>") and "24%###" in answer
        assert numeric.grade(answer, "24", "%").outcome == "truncated"


def test_a_thought_ends_where_lm_eval_ends_it(thinking: dict[str, Any]):
    texts = [question(thinking, **switch) for switch in ({}, *SWITCHES.values())]
    mark = thinking["tokenizer"].get_vocab().get("</think>", "</think>")
    stock = HFLM(**thinking, batch_size=1, think_end_token=mark)
    assert answers(RowwiseHFLM(**thinking), texts, until=[]) == answers(stock, texts, until=[])


def test_an_answer_that_ends_by_itself_within_the_thought_is_taken_whole(tiny_model: Path):
    """As lm-eval takes it: a model that was fine-tuned on answers alone closes no thought."""
    model = scripted(tiny_model, ["\n", "Ответ: 25%", "<eos>"], ["</think>", "<eos>"])
    assert answers(RowwiseHFLM(**model), ["Сколько? <think>\n"]) == ["Ответ: 25%"]


@pytest.mark.parametrize("rowwise", [None, False])
def test_a_mark_that_is_named_goes_first(thinking: dict[str, Any], rowwise: bool | None):
    lm = backend(thinking, rowwise, think_end_token="ещё")
    (answer,) = answers(lm, [question(thinking, **SWITCHES["opened"])])
    assert answer.removeprefix("</think>") == "Ответ: 25%"
    (cut_off,) = answers(lm, ["Прямо:"], limit=1)
    assert cut_off == "<think>\nОтвет: 7"


@pytest.mark.parametrize("rowwise", [None, False])
@pytest.mark.parametrize("form", ["{}", "Не <think>, а ответ. {}", "{}<think>\n\n</think>\n\n"])
def test_who_does_not_think_answers_as_ever(tiny_model: Path, rowwise: bool | None, form: str):
    """Though the tokenizer knows the mark."""
    model = loaded(tiny_model)
    model["tokenizer"].add_tokens("</think>")
    model["pretrained"].resize_token_embeddings(len(model["tokenizer"]))
    texts = [form.format(text) for text in prompts(6)]
    stock = HFLM(**model, batch_size=4)
    assert answers(backend(model, rowwise), texts, 24, STOPS) == answers(stock, texts, 24, STOPS)


def test_a_tokenizer_without_the_mark_knows_no_thoughts(tiny: dict[str, Any]):
    texts = [f"{text}<think>\n" for text in prompts(3)]
    assert answers(RowwiseHFLM(**tiny), texts, 24, STOPS) == answers(HFLM(**tiny, batch_size=1), texts, 24, STOPS)


def test_who_enables_thinking_need_not_name_the_mark(thinking: dict[str, Any]):
    lm = RowwiseHFLM(**thinking, enable_thinking=True)
    text = lm.apply_chat_template([{"role": "user", "content": "Сколько? "}])
    assert text.endswith("<think>\n")
    assert answers(lm, [text]) == ["Ответ: 25%"]
    with pytest.raises(UserError, match="enable_thinking=true"):
        lm.loglikelihood([Instance("loglikelihood", {}, (text, "7"), 0)])


def test_an_empty_mark_names_nothing(thinking: dict[str, Any]):
    lm = RowwiseHFLM(**thinking, think_end_token="")
    assert answers(lm, [question(thinking, **SWITCHES["opened"]), "Прямо:"]) == ["Ответ: 25%", "Ответ: 7"]


@pytest.mark.parametrize("mark", ["a token", "a special token", "a text"])
def test_rows_that_think_are_stopped_beside_rows_that_do_not(tiny_model: Path, mark: str):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    if mark != "a text":
        tokenizer.add_tokens(["<think>", "</think>"], special_tokens=mark == "a special token")
    end = "</think>" if mark == "a text" else tokenizer.convert_tokens_to_ids("</think>")
    texts = {
        "": False,
        "Ответ: 7": False,
        "Ответ: 7###": True,
        "<think>24###": False,
        " \n<think>24###": False,
        "<think>24###</think>": False,
        "<think>24###</think>\nОтвет: 7": False,
        "<think>24###</think>\nОтвет: 7###": True,
        "Ответ: 7 <think>###": True,
        "<think>24###</think>7<think>###": True,
    }
    rows = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    finder = StopFinder(tokenizer, ["###"], Thoughts(tokenizer, end, opened=False))
    assert dict(zip(texts, finder(rows), strict=True)) == texts
    opened = StopFinder(tokenizer, ["###"], Thoughts(tokenizer, end, opened=True))
    assert opened([rows[2], rows[3], rows[7]]) == [False, False, True]


def test_thinking_is_not_cut_at_a_stop_string(tiny: dict[str, Any]):
    """Stop strings count after the thinking only; the answer is what follows it."""
    requests = asked(prompts(1), limits=(40,), until=[])
    (whole,) = RowwiseHFLM(**tiny).generate_until(requests, disable_tqdm=True)
    mark, stop = whole[10:13], whole[2]
    assert stop in whole.partition(mark)[0], "the thinking has the stop string"
    after = whole.partition(mark)[2]
    expected = after.partition(stop)[0] if stop in after else after
    (answer,) = RowwiseHFLM(**tiny, think_end_token=mark).generate_until(
        asked(prompts(1), limits=(40,), until=[stop]), disable_tqdm=True
    )
    assert answer == expected.split(mark)[-1].lstrip()


@pytest.mark.parametrize("mark", [" 2", 7])
def test_a_stop_string_just_around_the_end_of_a_thought_ends_nothing(tiny: dict[str, Any], mark: str | int):
    """`…\\n\\n</think>\\n\\nОтвет`: neither the blank line before the mark nor the one after it ends the answer."""
    tokenizer = tiny["tokenizer"]
    ids = tokenizer("мысль\n\n", add_special_tokens=False)["input_ids"]
    end = [mark] if isinstance(mark, int) else tokenizer(mark, add_special_tokens=False)["input_ids"]
    answer = tokenizer("\n\nОтвет", add_special_tokens=False)["input_ids"]
    stop = tokenizer("\n\n", add_special_tokens=False)["input_ids"]
    finder = StopFinder(tokenizer, ["\n\n"], Thoughts(tokenizer, mark, opened=True))
    assert finder([ids, ids + end, ids + end + answer, ids + end + answer + stop]) == [False, False, False, True]


def test_a_thought_that_the_limit_cut_off_is_no_answer(tiny: dict[str, Any]):
    ours = RowwiseHFLM(**tiny, think_end_token="</think>")
    (answer,) = ours.generate_until(asked(prompts(1), limits=(12,), until=[]), disable_tqdm=True)
    assert answer.startswith("<think>\n")
    assert numeric.grade(answer + "Ответ: 5", "5").outcome == "truncated"


@pytest.mark.parametrize("rowwise", [None, False])
@pytest.mark.parametrize("mark", ["</think>", 7, "<eot>"])
def test_a_thought_that_the_limit_cut_off_is_behind_an_open_mark(
    tiny_model: Path, rowwise: bool | None, mark: str | int
):
    model = loaded(tiny_model)
    model["tokenizer"].add_tokens("<eot>", special_tokens=True)  # beyond the vocabulary: it is never generated
    lm = RowwiseHFLM(**model, think_end_token=mark)
    lm._rowwise = rowwise
    (answer,) = lm.generate_until(asked(prompts(1), limits=(12,), until=[]), disable_tqdm=True)
    assert answer.startswith("<think>\n")


@pytest.mark.parametrize("rowwise", [None, False])
def test_a_mark_that_is_a_special_token_ends_a_thought(tiny_model: Path, rowwise: bool | None):
    """Decoding leaves special tokens out, so the mark would never be seen in a text."""
    model = loaded(tiny_model)
    tokenizer, requests = model["tokenizer"], asked(prompts(1), limits=(40,), until=[])
    prompt = tokenizer(requests[0].args[0], return_tensors="pt")["input_ids"]
    ids = model["pretrained"].generate(prompt, max_new_tokens=40, do_sample=False)[0, prompt.shape[1] :].tolist()
    end = next(
        place for place, token in enumerate(ids) if tokenizer.convert_ids_to_tokens(token) in string.ascii_letters
    )
    mark = tokenizer.convert_ids_to_tokens(ids[end])
    tokenizer.add_special_tokens({"additional_special_tokens": [mark]})
    lm = RowwiseHFLM(**model, think_end_token=mark)
    lm._rowwise = rowwise
    (answer,) = lm.generate_until(requests, disable_tqdm=True)
    last = len(ids) - ids[::-1].index(ids[end])
    assert answer == tokenizer.decode(ids[last:], skip_special_tokens=True).lstrip()
