"""Log-likelihoods are those of lm-eval's own `hf` backend, number by number in float32, from far fewer tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from benchmark.engine import RowwiseHFLM, likelihood, reading, sharing, transfer
from benchmark.errors import UserError
from tests.benchmark.engine.fixture import PREFIX, WORDS, Told, prompts, scored

ROUNDING = 1e-4
"""Sums of some tens of log-probabilities in float32, computed in other orders."""


def rolling(texts: list[str]) -> list[Instance]:
    return [Instance("loglikelihood_rolling", {}, (text,), i) for i, text in enumerate(texts)]


def assert_same(model: dict[str, Any], requests: list[Instance], ours: RowwiseHFLM, **stock: Any) -> None:
    mine = ours.loglikelihood(requests, disable_tqdm=True)
    theirs = HFLM(**model, batch_size=4, **stock).loglikelihood(requests, disable_tqdm=True)
    assert [greedy for _, greedy in mine] == [greedy for _, greedy in theirs]
    assert [value for value, _ in mine] == pytest.approx([value for value, _ in theirs], abs=ROUNDING)


@contextmanager
def counted(model: dict[str, Any]) -> Iterator[list[torch.Size]]:
    """The shapes of the ids that a model reads."""
    shapes: list[torch.Size] = []

    def see(_: Any, arguments: tuple, named: dict) -> None:
        shapes.append((named["input_ids"] if "input_ids" in named else arguments[0]).shape)

    handle = model["pretrained"].register_forward_pre_hook(see, with_kwargs=True)
    try:
        yield shapes
    finally:
        handle.remove()


@pytest.mark.parametrize("architecture", ["tiny", "sliding"])
@pytest.mark.parametrize("rows", [1, 4, "auto"])
@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(prompts(9), id="contexts of very different lengths"),
        pytest.param(prompts(9, PREFIX), id="after the same examples"),
        pytest.param([*prompts(5), *prompts(5, PREFIX), "", "Да", "Да: ", "<bos>Да"], id="mixed"),
        pytest.param([], id="nothing"),
    ],
)
def test_likelihoods_equal_the_stock_backends(
    architecture: str, rows: int | str, texts: list[str], request: pytest.FixtureRequest
):
    model = request.getfixturevalue(architecture)
    ours = RowwiseHFLM(**model, batch_size=rows)
    assert_same(model, scored(texts), ours)
    assert ours._shares is (True if texts else None)


@pytest.mark.parametrize("architecture", ["tiny", "sliding"])
def test_contexts_that_are_cut_on_the_left_equal_the_stock_backends(architecture: str, request: pytest.FixtureRequest):
    model = request.getfixturevalue(architecture)
    ours = RowwiseHFLM(**model, max_length=48)
    requests = scored(prompts(9))
    assert_same(model, requests, ours, max_length=48)
    encode = model["tokenizer"]
    too_long = sum(len(encode(context + end)["input_ids"]) > 49 for context, end in (one.args for one in requests))
    assert 0 < ours.too_long_prompts == too_long < len(requests)
    with pytest.raises(UserError, match=f"{too_long} prompts do not fit into a context of 48"):
        RowwiseHFLM(**model, max_length=48, on_long_prompt="refuse").loglikelihood(requests, disable_tqdm=True)


def test_one_option_each_after_the_same_examples(tiny: dict[str, Any]):
    with counted(tiny) as shapes:
        ours = RowwiseHFLM(**tiny)
        assert_same(tiny, scored(prompts(9, PREFIX), (" рост",)), ours)
    assert ours._shares
    assert any(rows == 1 and tokens > sharing.SHORTEST_EXAMPLES for rows, tokens in shapes)


@pytest.mark.parametrize(("prefix", "share"), [("", 0.45), (PREFIX, 0.3)])
def test_what_is_shared_is_read_once(tiny: dict[str, Any], prefix: str, share: float):
    texts = [prefix + " ".join(2 * (WORDS[start:] + WORDS[:start])) for start in range(12)]
    requests = scored(texts, (" рост рубля", " падение рубля", " риск рубля"))
    read = []
    for lm in (RowwiseHFLM(**tiny), HFLM(**tiny, batch_size=4)):
        lm.loglikelihood(requests[:3], disable_tqdm=True)  # the self-test is over
        with counted(tiny) as shapes:
            lm.loglikelihood(requests, disable_tqdm=True)
        read.append(sum(shape.numel() for shape in shapes))
    assert read[0] < share * read[1]


@pytest.mark.parametrize("add_bos_token", [None, True, False])
def test_texts_are_encoded_at_once_and_alike(
    tiny: dict[str, Any], add_bos_token: bool | None, monkeypatch: pytest.MonkeyPatch
):
    requests = scored(["Да", "Нет: ", "<bos>Да", " ", *prompts(3)])
    ours = RowwiseHFLM(**tiny, add_bos_token=add_bos_token)
    theirs = HFLM(**tiny, add_bos_token=add_bos_token)
    encode, singly, encoded = tiny["tokenizer"].encode, [], []
    monkeypatch.setattr(tiny["tokenizer"], "encode", lambda *text, **how: singly.append(text) or encode(*text, **how))
    for lm in (ours, theirs):
        monkeypatch.setattr(lm, "_loglikelihood_tokens", lambda tokens, **_: encoded.append(tokens))
        lm.loglikelihood(requests, disable_tqdm=True)
        assert bool(singly) == (lm is theirs)
    assert encoded[0] == encoded[1]


def test_logits_are_computed_at_continuations_only(tiny: dict[str, Any]):
    shapes: list[int] = []
    head = tiny["pretrained"].get_output_embeddings()
    lm = RowwiseHFLM(**tiny, batch_size=1)
    lm.loglikelihood(scored(prompts(3)[2:]), disable_tqdm=True)
    handle = head.register_forward_hook(lambda _, inputs, output: shapes.append(output.shape[1]))
    try:
        lm.loglikelihood(scored(prompts(3)[2:]), disable_tqdm=True)
    finally:
        handle.remove()
    longest = len(tiny["tokenizer"](" рост выручки банка")["input_ids"])
    assert max(shapes) <= longest


def test_positions_of_padding_do_not_count_past_the_context(tiny: dict[str, Any]):
    """Learned positions end with the context; a short option beside a long one is padded beyond it."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(2)
    sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "initializer_range": 0.3}
    config = GPT2Config(vocab_size=len(tiny["tokenizer"]), **sizes, pad_token_id=0, eos_token_id=2)
    model = {"pretrained": GPT2LMHeadModel(config).eval(), "tokenizer": tiny["tokenizer"]}
    ours = RowwiseHFLM(**model)
    assert_same(model, scored(["банк " * 8, "риск " * 12], (" рост", " падение рубля и рост выручки банка")), ours)
    assert ours._shares


def test_a_memory_of_another_kind_is_read_alone(tiny: dict[str, Any]):
    from transformers import MambaConfig, MambaForCausalLM

    torch.manual_seed(4)
    config = MambaConfig(vocab_size=len(tiny["tokenizer"]), hidden_size=16, num_hidden_layers=2, state_size=4)
    model = {"pretrained": MambaForCausalLM(config).eval(), "tokenizer": tiny["tokenizer"]}
    ours = RowwiseHFLM(**model)
    assert_same(model, scored(prompts(4, PREFIX)), ours)
    assert ours._shares is False


def test_rows_mixed_up_are_found_out(
    tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    selected = reading._selected

    def mixed_up(*arguments: Any) -> Any:
        cache = selected(*arguments)
        for layer in cache.layers:
            layer.keys = layer.keys.flip(0)
        return cache

    monkeypatch.setattr(reading, "_selected", mixed_up)
    ours = RowwiseHFLM(**tiny)
    assert_same(tiny, scored(prompts(6, PREFIX)), ours)
    assert ours._shares is False
    assert "each text read from its beginning" in caplog.text


@pytest.fixture(params=[0, 1], ids=["at once", "a pass later"])
def ahead(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """When answers are taken off the device."""
    monkeypatch.setitem(likelihood.AHEAD, "cpu", request.param)


@pytest.mark.parametrize("prefix", ["", PREFIX])
def test_memory_that_runs_out_costs_rows_not_answers(
    tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch, prefix: str, ahead: None
):
    ours = RowwiseHFLM(**tiny)
    ours._shares = True
    told = Told()
    ours.cache_hook = told
    forward = reading.Reader._forward

    def scarce(self: Any, read: Any, rows: Any, *rest: Any, **named: Any) -> Any:
        if len(rows) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return forward(self, read, rows, *rest, **named)

    monkeypatch.setattr(reading.Reader, "_forward", scarce)
    requests = scored(prompts(9, prefix))
    assert_same(tiny, requests, ours)
    assert sorted(arguments for _, arguments, _ in told.answers) == sorted(one.args for one in requests)


def test_memory_that_runs_out_after_a_pass_costs_no_answers(
    tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch, ahead: None
):
    log_softmax = torch.log_softmax
    calls = iter(range(1000))

    def scarce(*arguments: Any, **named: Any) -> torch.Tensor:
        if next(calls) == 10:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return log_softmax(*arguments, **named)

    requests = scored(prompts(9))
    expected = RowwiseHFLM(**tiny).loglikelihood(requests, disable_tqdm=True)
    monkeypatch.setattr(likelihood.torch, "log_softmax", scarce)
    monkeypatch.setitem(likelihood.NORMALIZED, "cpu", 1)  # text by text
    ours = RowwiseHFLM(**tiny).loglikelihood(requests, disable_tqdm=True)
    assert [value for value, _ in ours] == pytest.approx([value for value, _ in expected], abs=ROUNDING)
    assert next(calls) > 11


def test_the_next_pass_is_launched_before_the_answers_of_one_are_taken(
    tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    done: list[str] = []
    logits, wait = reading.Reader.logits, transfer.Fetched.wait
    monkeypatch.setattr(reading.Reader, "logits", lambda *given: done.append("pass") or logits(*given))
    monkeypatch.setattr(transfer.Fetched, "wait", lambda self: done.append("answers") or wait(self))
    monkeypatch.setitem(likelihood.AHEAD, "cpu", 1)
    ours = RowwiseHFLM(**tiny, batch_size=4)
    ours._shares = True
    assert_same(tiny, scored(prompts(3)), ours)
    answers = [place for place, what in enumerate(done) if what == "answers"]
    assert len(answers) > 2
    assert done[: answers[0]] == ["pass", "pass"]
    assert done[answers[-2] : answers[-1]] == ["answers"], "nothing is launched after the last pass"


def test_no_memory_for_the_next_text_costs_none_of_the_answers_before_it(
    tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch, ahead: None
):
    logits, passes = reading.Reader.logits, iter(range(1000))

    def scarce(*given: Any) -> torch.Tensor:
        if next(passes) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return logits(*given)

    monkeypatch.setattr(reading.Reader, "logits", scarce)
    ours = RowwiseHFLM(**tiny, batch_size=4)
    ours._shares = True
    told = Told()
    ours.cache_hook = told
    with pytest.raises(UserError, match="out of memory with one prompt at a time"):
        ours.loglikelihood(scored(prompts(9)), disable_tqdm=True)
    assert len(told.answers) >= 8, "two passes of four texts"


def test_no_memory_for_one_row_is_one_line(tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    def none_left(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(reading.Reader, "_forward", none_left)
    ours = RowwiseHFLM(**tiny)
    ours._shares = True
    with pytest.raises(UserError, match="out of memory with one prompt at a time") as caught:
        ours.loglikelihood(scored(prompts(4)), disable_tqdm=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("context", "continuation"), [("Вопрос", ""), ("", "слово " * 60)])
def test_what_has_no_likelihood_is_refused(tiny: dict[str, Any], context: str, continuation: str):
    requests = [Instance("loglikelihood", {}, (context, continuation), 0)]
    with pytest.raises(UserError, match="continuation of"):
        RowwiseHFLM(**tiny, max_length=32).loglikelihood(requests, disable_tqdm=True)


def test_logits_are_normalized_outside_of_autocast(tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    """As lm-eval does it: on a GPU autocast would make the log-probabilities float32."""
    within: list[bool] = []
    log_softmax = torch.log_softmax

    def seen(*arguments: Any, **named: Any) -> torch.Tensor:
        within.append(torch.is_autocast_enabled("cpu"))
        return log_softmax(*arguments, **named)

    monkeypatch.setattr(likelihood.torch, "log_softmax", seen)
    model = tiny["pretrained"]
    read: list[bool] = []
    handle = model.register_forward_pre_hook(lambda *_: read.append(torch.is_autocast_enabled("cpu")))
    try:
        RowwiseHFLM(**tiny, mixed_precision_dtype="bfloat16").loglikelihood(scored(prompts(3)), disable_tqdm=True)
    finally:
        handle.remove()
    assert within and not any(within)
    assert read and all(read)


def test_rolling_likelihoods_equal_the_stock_backends(tiny: dict[str, Any]):
    requests = rolling([*prompts(5), "", "Да", prompts(2)[1] * 20])
    told = Told()
    lm = RowwiseHFLM(**tiny, batch_size=4, max_length=32)
    lm.cache_hook = told
    ours = lm.loglikelihood_rolling(requests, disable_tqdm=True)
    theirs = HFLM(**tiny, batch_size=4, max_length=32).loglikelihood_rolling(requests, disable_tqdm=True)
    assert ours == pytest.approx(theirs, abs=1e-3)
    assert sorted(told.answers) == sorted(
        ("loglikelihood_rolling", one.args, answer) for one, answer in zip(requests, ours, strict=True)
    )


def test_an_interruption_keeps_the_rolling_likelihoods_that_are_there(
    tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    lm = RowwiseHFLM(**tiny, max_length=32)
    told = Told()
    lm.cache_hook = told
    monkeypatch.setattr("benchmark.engine.budget.CPU_PREFILL", 64)
    forward = reading.Reader._forward
    passes = iter(range(6))

    def interrupted(*arguments: Any, **named: Any) -> Any:
        if next(passes, None) is None:
            raise KeyboardInterrupt
        return forward(*arguments, **named)

    monkeypatch.setattr(reading.Reader, "_forward", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lm.loglikelihood_rolling(rolling([text * 3 for text in prompts(9)]), disable_tqdm=True)
    assert 0 < len(told.answers) < 9


def test_groups_share_contexts_and_examples():
    examples, contexts = tuple(range(100)), [tuple(range(200, 220)), tuple(range(300, 330))]
    requests = [(examples + context, (7, 8, ending)) for context in contexts for ending in (1, 2)]
    requests += [(examples + context, (9, 9)) for context in contexts] + [((5, 6), (1, 2))]
    texts = sharing.texts(requests, 1000)
    assert [[place for place, _ in text.asked] for text in texts] == [[0, 1], [2, 3], [4], [5], [6]]
    groups = sharing.grouped(texts)
    paths = [[node.tokens for node in group.path] for group in groups]
    assert paths == [[], [examples, contexts[1][:-1]], [examples, contexts[0][:-1]]]
    assert len({group.path[0] for group in groups[1:]}) == 1
    assert all(
        text.tokens[group.shared :][0] in (6, 219, 329) or not group.path for group in groups for text in group.texts
    )
