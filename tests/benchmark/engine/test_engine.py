"""The engine answers what lm-eval's own `hf` backend answers: string by string, in float32."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoTokenizer

from benchmark.engine import RowwiseHFLM, decoding
from benchmark.engine.cache import GROWTH
from benchmark.engine.decoding import Counts
from benchmark.engine.models import supports
from benchmark.engine.stops import StopFinder
from benchmark.engine.thoughts import Thoughts
from benchmark.errors import UserError
from tests.benchmark.engine.fixture import PREFIX, STOPS, asked, loaded, prompts, scripted


@pytest.mark.parametrize("architecture", ["tiny", "sliding"])
@pytest.mark.parametrize("rows", [1, 4, "auto"])
@pytest.mark.parametrize("prefix", ["", PREFIX])
def test_texts_equal_the_stock_backends(
    architecture: str, rows: int | str, prefix: str, request: pytest.FixtureRequest
):
    model = request.getfixturevalue(architecture)
    requests = asked(prompts(15, prefix))
    ours = RowwiseHFLM(**model, batch_size=rows)
    assert ours.generate_until(requests, disable_tqdm=True) == HFLM(**model, batch_size=4).generate_until(
        requests, disable_tqdm=True
    )
    assert ours.counts.steps > 0, "our decoding, not transformers', has answered"
    assert (ours.counts.reused > 0) == bool(prefix)


@pytest.mark.parametrize("prefix", ["", PREFIX])
@pytest.mark.parametrize(
    ("limits", "until"),
    [
        pytest.param((1,), STOPS, id="every row ends with its first token"),
        pytest.param((1, 24, 1, 1), STOPS, id="most rows do"),
        pytest.param((GROWTH + 40, 2), [], id="a cache that grows"),
        pytest.param((24,), ["<eos>"], id="the end of the text among the stop strings"),
    ],
)
def test_texts_at_the_edges_equal_the_stock_backends(
    tiny: dict[str, Any], limits: tuple[int, ...], until: list[str], prefix: str
):
    requests = asked(prompts(9, prefix), limits, until)
    ours = RowwiseHFLM(**tiny, batch_size=4)
    assert ours.generate_until(requests, disable_tqdm=True) == HFLM(**tiny, batch_size=4).generate_until(
        requests, disable_tqdm=True
    )
    assert ours.counts.prefilled > 0


def test_rows_that_say_nothing_make_room(tiny_model: Path):
    model = scripted(tiny_model, ["Молча:", "<eos>"], ["Кратко:", "да", "<eos>"])
    ours = RowwiseHFLM(**model, batch_size=2)
    texts = ["Молча:"] * 5 + ["Кратко:"] + ["Молча:"] * 4
    assert ours.generate_until(asked(texts, until=[]), disable_tqdm=True) == [""] * 5 + ["да"] + [""] * 4
    assert ours.counts.steps == 1


def test_rows_leave_and_join(tiny: dict[str, Any]):
    requests = asked(prompts(24), limits=(40, 3, 3, 3), until=[])
    ours = RowwiseHFLM(**tiny, batch_size=4)
    ours.generate_until(requests, disable_tqdm=True)
    answers = 6 * 39 + 18 * 2  # the first token of each comes with its prompt
    assert ours.counts.row_steps - ours.counts.wasted <= answers
    in_batches = 6 * 39  # six batches of four, each as long as its longest answer
    assert ours.counts.steps < in_batches / 2


def test_the_head_gets_contiguous_input(tiny: dict[str, Any]):
    RowwiseHFLM(**tiny, batch_size=4)
    head = tiny["pretrained"].get_output_embeddings()
    seen: list[bool] = []
    handle = head.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].is_contiguous()))
    try:
        head(torch.zeros(4, 9, head.in_features)[:, -1:, :])
    finally:
        handle.remove()
    assert seen == [True]


def test_memory_that_runs_out_costs_rows_not_answers(tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    requests = asked(prompts(12))
    expected = RowwiseHFLM(**tiny, batch_size=4).generate_until(requests, disable_tqdm=True)
    forward = decoding.GreedyDecoder._forward

    def scarce(self: Any, ids: torch.Tensor, *rest: Any) -> torch.Tensor:
        if ids.shape[0] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return forward(self, ids, *rest)

    monkeypatch.setattr(decoding.GreedyDecoder, "_forward", scarce)
    ours = RowwiseHFLM(**tiny, batch_size=8)
    ours._rowwise = True
    assert ours.generate_until(requests, disable_tqdm=True) == expected


def test_no_memory_for_one_row_is_one_line(tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    def none_left(*_: Any) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(decoding.GreedyDecoder, "_forward", none_left)
    ours = RowwiseHFLM(**tiny, batch_size=8)
    ours._rowwise = True
    with pytest.raises(UserError, match="out of memory with one prompt at a time") as caught:
        ours.generate_until(asked(prompts(4)), disable_tqdm=True)
    assert "\n" not in str(caught.value)


def test_another_kind_of_memory_is_found_out(tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    """A decoding that mixed rows up would be refused, and `generate` would answer."""
    requests = asked(prompts(6))
    expected = HFLM(**tiny, batch_size=4).generate_until(requests, disable_tqdm=True)
    joined = decoding.GreedyDecoder._joined

    def mixed_up(self: Any, parts: list) -> Any:
        batch = joined(self, parts)
        for layer in batch.cache.layers:
            layer.keys = layer.keys.flip(0)
        return batch

    monkeypatch.setattr(decoding.GreedyDecoder, "_joined", mixed_up)
    ours = RowwiseHFLM(**tiny, batch_size=4)
    assert ours.generate_until(requests, disable_tqdm=True) == expected
    assert ours.counts == Counts()


@pytest.mark.parametrize("stop", ["\n", "прибыль", " ", "» ", "»", "🏦", "к."])
def test_a_stop_string_is_found_at_the_token_that_completes_it(tiny_model: Path, stop: str):
    """Only tokens that may end a stop string have their tail decoded: none may be overlooked."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    ids = tokenizer(f"Чистая прибыль «Ромашки» составила 12 к.{stop}🏦\n\n", add_special_tokens=False)["input_ids"]
    completing = next(end for end in range(1, len(ids) + 1) if stop in tokenizer.decode(ids[:end]))
    finder = StopFinder(tokenizer, [stop], Thoughts(tokenizer, None, opened=False))
    assert finder([ids[: completing - 1], ids[:completing]]) == [False, True]


def test_a_finished_row_does_not_count_past_the_context(tmp_path: Path, tiny_model: Path):
    """Learned positions end with the context; a row that was cut to fill it stays for some steps after its end."""
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    torch.manual_seed(2)
    sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "initializer_range": 0.3}
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), **sizes, pad_token_id=0, eos_token_id=2)).eval()
    texts = prompts(14)
    requests = asked(texts, limits=(8, 30), until=[])
    ours = RowwiseHFLM(pretrained=model, tokenizer=tokenizer, batch_size=12)
    theirs = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=1)
    assert ours.generate_until(requests, disable_tqdm=True) == theirs.generate_until(requests, disable_tqdm=True)
    assert ours.counts.wasted > 0 and ours.too_long_prompts > 0


def test_rotary_frequencies_that_depend_on_length_go_through_generate(tiny_model: Path):
    model = loaded(tiny_model)
    assert supports(model["pretrained"])
    model["pretrained"].config.rope_parameters = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}
    assert not supports(model["pretrained"])


def test_long_prompts_are_counted_and_cut_from_the_left_or_refused(tiny: dict[str, Any]):
    requests = asked(prompts(7), limits=(8,))
    ours = RowwiseHFLM(**tiny, batch_size=4, max_length=64)
    assert ours.generate_until(requests, disable_tqdm=True) == HFLM(**tiny, batch_size=1, max_length=64).generate_until(
        requests, disable_tqdm=True
    )
    lengths = [len(tiny["tokenizer"](request.args[0])["input_ids"]) for request in requests]
    assert ours.too_long_prompts == sum(length > 56 for length in lengths) > 0
    with pytest.raises(UserError, match=f"{ours.too_long_prompts} prompts do not fit"):
        RowwiseHFLM(**tiny, max_length=64, on_long_prompt="refuse").generate_until(requests, disable_tqdm=True)
    with pytest.raises(UserError, match="leaves no room"):
        RowwiseHFLM(**tiny, max_length=8).generate_until(requests, disable_tqdm=True)


def test_an_adapter_is_decoded_alike(tiny_model: Path):
    from peft import LoraConfig, get_peft_model

    model = loaded(tiny_model)
    torch.manual_seed(1)
    model["pretrained"] = get_peft_model(
        model["pretrained"], LoraConfig(r=4, init_lora_weights=False, target_modules=["q_proj", "v_proj"])
    ).eval()
    requests = asked(prompts(9))
    ours = RowwiseHFLM(**model, batch_size=4)
    assert ours.generate_until(requests, disable_tqdm=True) == HFLM(**model, batch_size=4).generate_until(
        requests, disable_tqdm=True
    )
    assert ours.counts.steps > 0
