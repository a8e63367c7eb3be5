"""The store of answers: what is kept, what is asked again, and that repeats stay repeats."""

from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from benchmark import answers
from benchmark.answers import StoredLM
from benchmark.store import AnswerStore


class Sampler(LM):
    """Answers `1`, `2`, `3`, … in the order it is asked; stops after so many."""

    tells_answers = True

    def __init__(self, first: int, stop_after: int = 100) -> None:
        super().__init__()
        self.answer, self.left = first, stop_after

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        given = []
        for request in requests:
            if not self.left:
                raise KeyboardInterrupt
            given.append(str(self.answer))
            self.cache_hook.add_partial("generate_until", request.args, given[-1])
            self.answer, self.left = self.answer + 1, self.left - 1
        return given

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> Any:
        raise NotImplementedError

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> Any:
        raise NotImplementedError


def asked(prompt: str, *, sampled: bool, repeats: int) -> list[Instance]:
    how = {"temperature": 0.7} if sampled else {"do_sample": False}
    return [Instance("generate_until", {}, (prompt, {"until": [], **how}), 0)] * repeats


@pytest.fixture
def store(tmp_path: Path):
    opened = AnswerStore(tmp_path / "answers.db")
    yield opened
    opened.close()


def test_repeats_of_a_sampled_request_have_answers_of_their_own(store: AnswerStore):
    requests = asked("Ответ", sampled=True, repeats=4)
    assert StoredLM(Sampler(1), store).generate_until(requests) == ["1", "2", "3", "4"]
    assert StoredLM(Sampler(9), store).generate_until(requests) == ["1", "2", "3", "4"], "all of them are kept"


def test_an_interrupted_sampling_draws_only_what_is_missing(store: AnswerStore):
    requests = asked("Ответ", sampled=True, repeats=5)
    with pytest.raises(KeyboardInterrupt):
        StoredLM(Sampler(1, stop_after=2), store).generate_until(requests)
    assert StoredLM(Sampler(7), store).generate_until(requests) == ["1", "2", "7", "8", "9"]


def test_sampling_that_goes_on_does_not_draw_the_same_again(store: AnswerStore):
    import torch

    class Drawing(Sampler):
        def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
            self.answer = int(torch.randint(1 << 40, ()))
            return super().generate_until(requests)

    requests = asked("Ответ", sampled=True, repeats=2)
    for _ in range(2):
        torch.manual_seed(1234)  # as every try of a run begins
        with pytest.raises(KeyboardInterrupt):
            StoredLM(Drawing(0, stop_after=1), store).generate_until([*requests, *requests])
    first, second = StoredLM(Sampler(0), store).generate_until(requests)
    assert first != second


def test_a_greedy_request_is_asked_once(store: AnswerStore):
    requests = asked("Ответ", sampled=False, repeats=1)
    assert StoredLM(Sampler(1), store).generate_until(requests) == ["1"]
    assert StoredLM(Sampler(5), store).generate_until(requests * 3) == ["1"] * 3
    assert StoredLM(Sampler(5), store).generate_until(asked("Другой", sampled=False, repeats=3)) == ["5"] * 3


def test_a_backend_that_changes_the_settings_it_tells_of_is_not_believed(
    store: AnswerStore, monkeypatch: pytest.MonkeyPatch
):
    """lm-eval's vllm and sglang do; their answers are kept under what was asked, slice by slice."""

    class Careless(Sampler):
        tells_answers = False

        def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
            given = super().generate_until(requests)
            for request, answer in zip(requests, given, strict=True):
                self.cache_hook.add_partial("generate_until", (request.args[0], {"until": ["changed"]}), answer)
            return given

    monkeypatch.setattr(answers, "SLICE", 2)
    requests = [asked(f"Вопрос {number}", sampled=False, repeats=1)[0] for number in range(5)]
    with pytest.raises(KeyboardInterrupt):
        StoredLM(Careless(1, stop_after=3), store).generate_until(requests)
    assert len(store) == 2, "the slice that was finished"
    assert StoredLM(Careless(7), store).generate_until(requests) == ["1", "2", "7", "8", "9"]
    assert len(store) == 5


def test_a_process_that_follows_draws_all_that_it_is_asked(store: AnswerStore):
    requests = asked("Ответ", sampled=True, repeats=2)
    assert StoredLM(Sampler(1), store, follows=True).generate_until(requests) == ["1", "2"]
    assert StoredLM(Sampler(8), store, follows=True).generate_until(requests) == ["8", "9"]
    leader = StoredLM(Sampler(0), store)
    assert leader.generate_until(requests * 2) == ["1", "2", "8", "9"], "none has taken another's place"
