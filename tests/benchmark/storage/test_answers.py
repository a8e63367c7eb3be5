"""The store of answers: what is kept, what is asked again, and that repeats stay repeats."""

from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from benchmark.storage import portions
from benchmark.storage.answers import StoredLM
from benchmark.storage.store import AnswerStore


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

    monkeypatch.setattr(portions, "SLICE", 2)
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


class Neighbourly(Sampler):
    """Its numbers depend on what shares the call, as those of a batch do; stops after so many."""

    def __init__(self, stop_after: int = 100) -> None:
        super().__init__(0, stop_after)
        self.calls: list[int] = []

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        return self._numbers("loglikelihood", requests)

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> Any:
        return self._numbers("loglikelihood_rolling", requests)

    def _numbers(self, method: str, requests: list[Instance]) -> list[Any]:
        self.calls.append(len(requests))
        company = sum(len("".join(request.args)) for request in requests) / 7
        given = []
        for request in requests:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            value = -company - len(request.args[-1])
            given.append((value, False) if method == "loglikelihood" else value)
            self.cache_hook.add_partial(method, request.args, given[-1])
        return given


def scored(method: str) -> list[Instance]:
    """Questions of several lengths with three options each, the same one twice; or as many whole texts."""
    options = [(f"Вопрос {'?' * n}", label) for n in (5, 1, 7, 3, 3, 9) for label in ("да", "нет", "не знаю")]
    arguments: list[tuple[str, ...]] = options if method == "loglikelihood" else [("".join(pair),) for pair in options]
    return [Instance(method, {}, one, 0) for one in arguments]  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["loglikelihood", "loglikelihood_rolling"])
@pytest.mark.parametrize("stop_after", [1, 4, 8])
def test_numbers_that_depend_on_their_batch_are_those_of_a_run_that_was_not_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, stop_after: int
):
    monkeypatch.setattr(portions, "PORTIONS", {"loglikelihood": 2, "loglikelihood_rolling": 30})
    requests = scored(method)
    first, again = Neighbourly(), Neighbourly()
    whole, broken = AnswerStore(tmp_path / "whole.db"), AnswerStore(tmp_path / "broken.db")
    expected = getattr(StoredLM(first, whole), method)(requests)
    with pytest.raises(KeyboardInterrupt):
        getattr(StoredLM(Neighbourly(stop_after), broken), method)(requests)
    assert getattr(StoredLM(again, broken), method)(requests) == expected
    finished = sum(sum(first.calls[: n + 1]) <= stop_after for n in range(len(first.calls)))
    assert again.calls == first.calls[finished:], "what is finished is not asked again"
    whole.close()
    broken.close()


def test_where_answers_stand_alone_none_is_asked_again(store: AnswerStore):
    class Server(Neighbourly):
        answers_alone = True

    requests = scored("loglikelihood")
    with pytest.raises(KeyboardInterrupt):
        StoredLM(Server(stop_after=4), store).loglikelihood(requests)
    again = Server()
    StoredLM(again, store).loglikelihood(requests)
    assert 100 - again.left == len(store) - 4


def test_more_processes_score_larger_portions():
    requests = [Instance("loglikelihood", {}, (f"Вопрос {n:03}", "да"), n) for n in range(600)]
    same = [[n] for n in range(600)]
    sizes = [[len(p) for p in portions._of_run("loglikelihood", requests, same, n)] for n in (1, 2)]
    assert sizes == [[256, 256, 88], [512, 88]]
