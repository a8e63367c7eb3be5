"""Servers that fail: what passes is tried again, what does not ends the run, nothing is graded that was not answered."""

import asyncio
import email.utils
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.errors import UserError
from benchmark.servers.troubles import retry_after
from tests.benchmark.servers_fixture import KEY, SELF_SIGNED, Answer, Asker, chat, error, quick, serving, spec

_quick = quick
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
    "a number of 5,000 digits": Answer(b'{"choices": %b}' % (b"7" * 5_000)),
    "an error in a 200": Answer(b'{"error": {"message": "overloaded"}}'),
    "no choices": Answer(b'{"choices": []}'),
    "choices of another kind": Answer(b'{"choices": "none"}'),
    "no message": Answer(b'{"choices": [{"finish_reason": "stop"}]}'),
    "null and no reason for it": chat(None, None),
    "nothing and no reason for it": chat("", None),
    "a thought and no reason for it": chat(None, None, reasoning_content="6? 7"),
    "an error in the choice": Answer(
        b'{"choices": [{"message": {"content": "7"}, "finish_reason": "stop", "error": {"code": 502}}]}'
    ),
    "an error for a reason": chat("", "error"),
    "null and an error for a reason": chat(None, "error"),
    "a text that was given up": chat("Ответ:", "abort"),
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
        (
            Answer(b'{"detail": [{"loc": ["body", "seed"], "msg": "no integer", "input": 7}]}', 422),
            ": body.seed: no int",
        ),
        (Answer(b"[" * 200_000, 400), r"HTTP 400: \[\["),
        (Answer(b"7" * 5_000, 400), "HTTP 400: 77"),
        (Answer(b'{"error": ' * 400 + b"1" + b"}" * 400, 400), "HTTP 400: {"),
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
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == retry_after(f"Wed, 21 Oct {'9' * 30} 07:28:00 GMT") == 0
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


def test_a_notebooks_loop_is_named(tmp_path: Path):
    async def cell() -> None:
        Asker(tmp_path, spec("http://127.0.0.1:1")).ask("вопрос")

    with pytest.raises(UserError, match="!rufinbench run"):
        asyncio.run(cell())


def test_a_server_that_cannot_prove_itself_is_not_asked_again(tmp_path: Path):
    with serving(lambda *_: chat("да"), tls=True) as stub:
        asker = Asker(tmp_path, spec(stub.url))
        with pytest.raises(UserError, match="certificate cannot be verified; give its authority"):
            asker.ask("вопрос")
        assert [line["attempt"] for line in asker.log()] == [1]
        known = spec(stub.url, ca_cert_path=str(SELF_SIGNED))
        assert Asker(tmp_path, known).ask("вопрос") == ["да"]
        with pytest.raises(UserError, match=r"ca_cert_path=/no/such\.pem: No such file"):
            Asker(tmp_path, spec(stub.url, ca_cert_path="/no/such.pem")).ask("другой")


def test_a_port_that_does_not_speak_tls_is_not_called_a_wrong_certificate(tmp_path: Path):
    with serving(lambda *_: chat("да")) as stub:
        asker = Asker(tmp_path, spec(stub.url.replace("http:", "https:"), max_retries=2))
        with pytest.raises(UserError, match=r"\(2 tries\); check that --base-url names a port that speaks https"):
            asker.ask("вопрос")
    assert [line["error"] for line in asker.log()] == ["ClientConnectorSSLError"] * 2
