"""Servers that fail: what passes is tried again, what does not ends the run, nothing is graded that was not answered."""

import asyncio
import email.utils
import json
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.errors import UserError
from benchmark.servers import client
from benchmark.servers.troubles import retry_after
from tests.benchmark.servers_fixture import Answer, Asker, chat, error, serving, spec

KEY = "sk-do-not-show-me-0123456789"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT", 0.001)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


PASSING = {
    "drops the connection": Answer(drop=True),
    "hangs": Answer(hang=True),
    "429": error(429, Retry_After="0"),
    "408": error(408),
    "500": error(500),
    "503 in HTML": Answer(b"<html>busy</html>", 503),
    "no JSON": Answer(b'{"choices": [{"mess'),
    "an empty body": Answer(b""),
    "a list": Answer(b"[]"),
    "deep JSON": Answer(b"[" * 200_000),
    "an error in a 200": Answer(b'{"error": {"message": "overloaded"}}'),
    "no choices": Answer(b'{"choices": []}'),
    "choices of another kind": Answer(b'{"choices": "none"}'),
    "no message": Answer(b'{"choices": [{"finish_reason": "stop"}]}'),
    "null and no reason for it": chat(None, None),
    "a number for a text": chat(7),
}


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING.keys())
def test_a_passing_trouble_is_tried_again(trouble: Answer, tmp_path: Path):
    with serving(lambda _, attempt: trouble if attempt == 1 else chat("Ответ: 7")) as stub:
        asker = Asker(tmp_path, spec(stub.url, timeout=0.4 if trouble.hang else 20.0))
        assert asker.ask("вопрос") == ["Ответ: 7"]
        assert len(stub.seen) == 2
    first, second = asker.log()
    assert first["error"] and first["attempt"] == 1
    assert (second["status"], second["attempt"], second["completion_tokens"]) == (200, 2, 3)
    assert second["finish_reason"] == "stop" and second["seconds"] >= 0


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING.keys())
def test_a_lasting_trouble_ends_the_run_in_one_line_and_stores_nothing(trouble: Answer, tmp_path: Path):
    with serving(lambda *_: trouble) as stub:
        asker = Asker(tmp_path, spec(stub.url, timeout=0.2 if trouble.hang else 20.0, max_retries=2))
        with pytest.raises(UserError, match=r"\(2 tries\).*give the same command again") as caught:
            asker.ask("вопрос")
        assert str(caught.value).startswith(stub.url)
        assert "\n" not in str(caught.value)
        assert len(stub.seen) == 2
    assert len(asker.store) == 0


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (error(400, "prompt is too long"), "HTTP 400: prompt is too long"),
        (error(401, f"wrong key {KEY}"), r"HTTP 401: wrong key \*\*\*; check the key in OPENAI_API_KEY"),
        (error(400, "\x1b[2Jcleared"), "HTTP 400: \ufffd\\[2Jcleared; see what the server says"),
        (error(404, "no such model"), "HTTP 404: no such model; check --base-url and --model"),
        (error(429, "later", Retry_After="86400"), "asks for a pause of 86400 s"),
        (Answer(b'{"error": {"message": "pay", "code": "insufficient_quota"}}', 429), "HTTP 429: pay"),
        (error(307, "moved", Location="http://elsewhere/v1"), "to http://elsewhere/v1; give that as --base-url"),
    ],
)
def test_what_does_not_pass_is_not_tried_again(
    answer: Answer, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serving(lambda *_: answer) as stub:
        asker = Asker(tmp_path, spec(stub.url))
        with pytest.raises(UserError, match=message):
            asker.ask("вопрос")
        assert len(stub.seen) == 1
    assert len(asker.store) == 0


def test_nobody_listens(tmp_path: Path):
    with serving(lambda *_: chat("")) as stub:
        pass
    with pytest.raises(UserError, match="check that the server runs"):
        Asker(tmp_path, spec(stub.url)).ask("вопрос")


def test_a_pause_that_the_server_asks_for_is_kept(tmp_path: Path):
    with serving(lambda _, n: error(429, Retry_After="0.3") if n == 1 else chat("да")) as stub:
        assert Asker(tmp_path, spec(stub.url)).ask("вопрос") == ["да"]
        assert stub.seen[1].at - stub.seen[0].at >= 0.3


def test_a_pause_may_be_a_date():
    assert 3500 < retry_after(email.utils.formatdate(time.time() + 3600, usegmt=True)) <= 3600
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("soon") == retry_after(None) == retry_after("-5") == 0


def test_the_same_command_goes_on_after_a_failure(tmp_path: Path):
    healed = threading.Event()
    prompts = [f"вопрос {i}" for i in range(6)]

    def script(prompt: str, _: int) -> Answer:
        return error(500) if prompt == prompts[4] and not healed.is_set() else chat(f"о: {prompt}")

    with serving(script) as stub:
        system = spec(stub.url, num_concurrent=1)
        with pytest.raises(UserError, match="HTTP 500"):
            Asker(tmp_path, system).ask(*prompts)
        healed.set()
        before = len(stub.seen)
        again = Asker(tmp_path, system)
        assert len(again.store) == 4
        assert again.ask(*prompts) == [f"о: {prompt}" for prompt in prompts]
        assert sorted(seen.prompt for seen in stub.seen[before:]) == prompts[4:]


def test_answers_keep_their_order_whatever_order_they_come_in(tmp_path: Path):
    prompts = [f"вопрос {i}" for i in range(12)]
    together = threading.Barrier(4)

    def script(prompt: str, _: int) -> Answer:
        together.wait(20)  # passes only where four requests are under way at once
        time.sleep(0.02 * (3 - int(prompt.split()[1]) % 4))  # the last of four answers first
        return chat(f"о: {prompt}")

    with serving(script) as stub:
        asker = Asker(tmp_path, spec(stub.url, num_concurrent=4))
        assert asker.ask(*prompts) == [f"о: {prompt}" for prompt in prompts]
        assert len(asker.store) == 12


def test_each_answer_is_on_disk_while_others_are_still_awaited(tmp_path: Path):
    on_disk: list[int] = []

    def script(prompt: str, _: int) -> Answer:
        if prompt == "медленный":
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and (not on_disk or on_disk[-1] < 3):
                with sqlite3.connect(tmp_path / "answers.db") as database:
                    on_disk.append(database.execute("SELECT count(*) FROM answers").fetchone()[0])
                time.sleep(0.005)
        return chat("ответ")

    with serving(script) as stub:
        Asker(tmp_path, spec(stub.url, num_concurrent=2)).ask("медленный", "а", "б", "в")
    assert on_disk[-1] == 3


@pytest.fixture
def plain_ctrl_c() -> Iterator[None]:
    """Python's own meaning of Ctrl-C, whatever a server that ran in this process has made of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before or signal.default_int_handler)


@pytest.mark.usefixtures("plain_ctrl_c")
def test_an_interruption_keeps_what_is_answered(tmp_path: Path):
    with serving(lambda prompt, _: chat(f"о: {prompt}")) as stub:
        asker = Asker(tmp_path, spec(stub.url, num_concurrent=1))
        put = asker.store.put

        def interrupted(key: str, answer: object) -> None:
            put(key, answer)
            signal.raise_signal(signal.SIGINT)

        asker.store.put = interrupted
        with pytest.raises(KeyboardInterrupt):
            asker.ask("а", "б", "в")
        assert len(asker.store) >= 1
        assert Asker(tmp_path, spec(stub.url)).ask("а", "б", "в") == ["о: а", "о: б", "о: в"]
        assert [seen.prompt for seen in stub.seen].count("а") == 1


def test_bytes_that_are_no_text_are_marked(tmp_path: Path):
    body = chat("ab").body.replace(b"ab", b"a\xff\xd0b")
    lone = chat("ab").body.replace(b"ab", rb"a\ud800b")
    with serving(lambda prompt, _: Answer(body if prompt == "байты" else lone)) as stub:
        texts = Asker(tmp_path, spec(stub.url)).ask("байты", "суррогат")
    assert texts == ["a\ufffd\ufffdb", "a\ufffdb"]
    assert "".join(texts).encode()


def test_a_model_that_says_nothing_has_given_an_empty_answer(tmp_path: Path):
    answers = {"пусто": chat(""), "null": chat(None, "stop"), "фильтр": chat(None, "content_filter")}
    with serving(lambda prompt, _: answers[prompt]) as stub:
        asker = Asker(tmp_path, spec(stub.url))
        assert asker.ask(*answers) == ["", "", ""]
        assert asker.ask(*answers) == ["", "", ""], "an empty answer is an answer: it is not asked for again"
        assert len(stub.seen) == 3


def test_the_log_and_the_store_hold_no_key_and_the_log_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTHER_KEY", KEY)
    troubles = [error(503, f"key {KEY} is busy"), Answer(drop=True)]
    with serving(lambda _, n: troubles[n - 1] if n < 3 else chat("тайна")) as stub:
        asker = Asker(tmp_path, spec(stub.url, api_key_env="OTHER_KEY"))
        assert asker.ask("вопрос") == ["тайна"]
        assert {seen.headers["Authorization"] for seen in stub.seen} == {f"Bearer {KEY}"}
    asker.store.close()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert KEY.encode() not in written
    assert KEY not in repr(asker.backend.client.endpoint)
    log = (tmp_path / "requests.jsonl").read_text(encoding="utf-8")
    assert "тайна" not in log and "вопрос" not in log and "Authorization" not in log
    assert [line.get("status") for line in asker.log()] == [503, None, 200]


def test_without_a_key_nothing_is_sent_for_one(tmp_path: Path):
    with serving(lambda *_: chat("да")) as stub:
        Asker(tmp_path, spec(stub.url)).ask("вопрос")
        assert "Authorization" not in stub.seen[0].headers


def test_a_full_disk_stops_the_run(tmp_path: Path):
    with serving(lambda *_: chat("да")) as stub:
        asker = Asker(tmp_path, spec(stub.url))
        asker.backend.log_requests(tmp_path / "gone" / "requests.jsonl")
        with pytest.raises(UserError, match="cannot write the request log"):
            asker.ask("вопрос")


def test_trouble_is_announced_once_of_each_kind(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with serving(lambda _, n: error(503, "busy") if n < 3 else chat("да")) as stub:
        Asker(tmp_path, spec(stub.url)).ask(*[f"вопрос {i}" for i in range(5)])
    assert sum("busy" in record.message for record in caplog.records) == 1


def test_answers_that_were_cut_off_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with serving(lambda prompt, _: chat("да", "length" if prompt == "длинный" else "stop")) as stub:
        Asker(tmp_path, spec(stub.url)).ask("длинный", "короткий")
    assert "1 of 2 answers were cut off; see --max-gen-toks" in caplog.text


def test_what_is_sent_is_what_the_tasks_ask_for(tmp_path: Path):
    with serving(lambda *_: chat("раз КОНЕЦ два")) as stub:
        until = ["a", "b", "c", "d", "КОНЕЦ"]
        asker = Asker(tmp_path, spec(stub.url, extra_body={"top_k": 1}))
        assert asker.ask("вопрос", until=until, max_gen_toks=77) == ["раз "]
        (seen,) = stub.seen
    assert seen.path == "/v1/chat/completions"
    expected = {"model": "served", "max_tokens": 77, "temperature": 0.0, "stop": until[:4], "top_k": 1, "seed": 1234}
    assert {name: seen.payload[name] for name in expected} == expected
    assert json.dumps(seen.payload).count("messages") == 1


def test_repeats_of_a_sampled_question_have_seeds_of_their_own(tmp_path: Path):
    with serving(lambda *_: chat("да")) as stub:
        asker = Asker(tmp_path, spec(stub.url))
        asker.ask("вопрос", "вопрос", "вопрос", do_sample=True, temperature=0.7)
        assert len({seen.payload["seed"] for seen in stub.seen}) == 3


def test_a_notebooks_loop_is_named(tmp_path: Path):
    async def cell() -> None:
        Asker(tmp_path, spec("http://127.0.0.1:1")).ask("вопрос")

    with pytest.raises(UserError, match="!rufinbench run"):
        asyncio.run(cell())


def test_a_server_that_cannot_prove_itself_is_not_asked_again(tmp_path: Path):
    with serving(lambda *_: chat("да")) as stub:
        asker = Asker(tmp_path, spec(stub.url.replace("http:", "https:")))
        with pytest.raises(UserError, match="certificate cannot be verified; give its authority"):
            asker.ask("вопрос")
        missing = spec(stub.url, ca_cert_path="/no/such.pem")
        with pytest.raises(UserError, match=r"ca_cert_path=/no/such\.pem: No such file"):
            Asker(tmp_path, missing).ask("вопрос")
    assert [line["attempt"] for line in asker.log()] == [1]
