"""What is counted of the answers that are told of: each position once, tokens where they are known, answers cut off."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from benchmark.run import RunOptions, run
from benchmark.runs.progress import Progress
from benchmark.servers.replies import Reply
from benchmark.storage.answers import StoredLM
from benchmark.storage.store import AnswerStore
from tests.benchmark.servers_fixture import Answer, chat, quick, serving, spec

_quick = quick


class Backend(LM):
    """Gives each prompt back, and each log-likelihood as one number."""

    tells_answers = True

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        return [self._told("generate_until", request, f"{request.args[0]}!") for request in requests]

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[Any]:
        return [self._told("loglikelihood", request, (-1.5, False)) for request in requests]

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> Any:
        raise NotImplementedError

    def _told(self, method: str, request: Instance, answer: Any) -> Any:
        self.cache_hook.add_partial(method, request.args, answer)
        return answer


class Served(Backend):
    """A server: answers to `long` fill their limit, and have as many tokens as the prompt says (`a=7`)."""

    answers_alone = True
    reply: Reply | None = None

    def _told(self, method: str, request: Instance, answer: Any) -> Any:
        finish = "length" if "long" in request.args[0] or method == "loglikelihood" else "stop"
        self.reply = Reply(answer, finish, 5, int(request.args[0].partition("=")[2] or 10))
        return super()._told(method, request, answer)


def asked(task: str, prompt: str, *, sampled: bool = False, repeats: int = 1) -> list[Instance]:
    how = {"until": [], "do_sample": sampled}
    return [Instance("generate_until", {}, (prompt, how), 0, (task, 0, repeats))] * repeats


@pytest.fixture
def store(tmp_path: Path):
    opened = AnswerStore(tmp_path / "answers.db")
    yield opened
    opened.close()


def counted(lm: LM, store: AnswerStore, requests: list[Instance], method: str = "generate_until") -> Progress:
    progress = Progress(stream=io.StringIO())
    getattr(StoredLM(lm, store, progress), method)(requests)
    return progress


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize("told", [True, False])
def test_every_position_of_a_repeated_request_is_counted(
    store: AnswerStore, monkeypatch: pytest.MonkeyPatch, sampled: bool, told: bool
):
    monkeypatch.setattr(Backend, "tells_answers", told)
    requests = [*asked("one", "a", sampled=sampled, repeats=3), *asked("two", "b", sampled=sampled, repeats=3)]
    progress = counted(Backend(), store, requests)
    assert (progress.total, progress.fresh) == (6, 6)
    assert not +progress._left, "every task is finished"
    again = counted(Backend(), store, [*requests, *asked("two", "c")])
    assert (again.already, again.fresh) == (6, 1)


def test_a_server_counts_its_tokens_itself(store: AnswerStore):
    assert counted(Served(), store, [*asked("one", "a=7"), *asked("one", "b=5")]).tokens == 12
    assert counted(Backend(), store, asked("one", "c=7")).tokens == 0, "nobody knows"


def test_a_token_that_only_begins_a_text_is_not_one_that_was_generated(store: AnswerStore):
    class Tokenizing(Backend):
        def tok_encode(self, text: str, add_special_tokens: bool = True) -> list[str]:
            return ["<bos>"] * add_special_tokens + text.split()

    assert counted(Tokenizing(), store, [*asked("one", "два слова"), *asked("one", "слово")]).tokens == 3


@pytest.mark.parametrize(("said", "known"), [("-3", 0), ("1" + "0" * 30, 1 << 32)])
def test_a_count_that_cannot_be_is_not_taken_as_it_is(store: AnswerStore, said: str, known: int):
    assert counted(Served(), store, asked("one", f"a={said}")).tokens == known


@pytest.mark.parametrize("sampled", [False, True])
def test_answers_that_were_cut_off_are_known_also_to_the_next_try(store: AnswerStore, sampled: bool):
    requests = [*asked("one", "long", sampled=sampled, repeats=2), *asked("one", "short", sampled=sampled)]
    for _ in range(2):
        lm = StoredLM(Served(), store)
        lm.generate_until(requests)
        assert lm.cut_off == 2
    options = [Instance("loglikelihood", {}, ("long", " да"), 0)]
    lm.loglikelihood(options)
    assert lm.cut_off == 2, "a server gives a log-likelihood with one token, and calls that cut off"
    assert StoredLM(Backend(), store).cut_off is None


def test_a_chats_run_tells_how_many_answers_were_cut_off_whichever_try_gave_them(tmp_path: Path):
    def script(prompt: str, attempt: int) -> Answer:
        return chat("Ответ: 7", "length")

    options = RunOptions(tasks=("rufin_calculation",), limit=2, max_gen_toks=4, bootstrap_iters=0)
    with serving(script) as stub:
        made = [run(spec(stub.url), tmp_path / name, options) for name in ("first", "second")]
        assert len(stub.seen) == 2, "the second try finds the first one's answers"
    records = [json.loads((folder / "run.json").read_text(encoding="utf-8")) for folder in made]
    assert [record["tokens"] for record in records] == [{"truncated_answers": 2}] * 2
    assert records[0]["answers"]["tokens"] == 6
