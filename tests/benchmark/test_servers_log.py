"""What is told of requests, in the terminal and in the log: never a key, a prompt or an answer."""

import json
from pathlib import Path

import pytest

from benchmark.errors import UserError
from tests.benchmark.servers_fixture import KEY, Answer, Asker, chat, error, quick, serving, spec

_quick = quick


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
    assert "тайна" not in log and "вопрос" not in log and "Authorization" not in log and "busy" not in log
    assert [line.get("status") for line in asker.log()] == [503, None, 200]


PROMPT = "Выручка заёмщика — 25,4 млн руб.\nОцените кредитный риск:"


@pytest.mark.parametrize(
    "words",
    [
        [{"loc": ["body", "model"], "msg": "Field required", "input": {"messages": [{"content": PROMPT}]}}],
        f"Field required, input: {[{'content': PROMPT}]}",
        f"Field required: {PROMPT}",
        f"Field required: {json.dumps(PROMPT)}",
    ],
)
@pytest.mark.parametrize("status", [422, 503])
def test_a_prompt_that_the_server_quotes_is_not_repeated(
    words: object, status: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    body = json.dumps({"detail": words}).encode()
    with serving(lambda *_: Answer(body, status)) as stub:
        asker = Asker(tmp_path, spec(stub.url, max_retries=2))
        with pytest.raises(UserError, match=f"HTTP {status}: .*Field required") as caught:
            asker.ask(PROMPT)
    for told in (str(caught.value), caplog.text, (tmp_path / "requests.jsonl").read_text(encoding="utf-8")):
        assert not any(passage in told for passage in ("заёмщика", "25,4 млн", "кредитный", "\\u0437"))
    assert {(line["status"], line["error"]) for line in asker.log()} <= {(422, "the run ends"), (503, "HTTP 503")}


def test_whatever_a_reply_says_of_itself_can_be_logged(tmp_path: Path):
    body = chat("да", "\ud800 тайна " + "x" * 99).body.replace(b'"prompt_tokens": 5', b'"prompt_tokens": "x"')
    with serving(lambda *_: Answer(body)) as stub:
        asker = Asker(tmp_path, spec(stub.url))
        assert asker.ask("вопрос") == ["да"]
    (line,) = asker.log()
    assert line["finish_reason"].startswith("\ufffd тайна x") and len(line["finish_reason"]) == 40
    assert "prompt_tokens" not in line and line["completion_tokens"] == 3


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
    with serving(lambda prompt, n: error(503, f"busy, {prompt}, try {n}") if n < 3 else chat("да")) as stub:
        Asker(tmp_path, spec(stub.url)).ask(*[f"вопрос {i}" for i in range(5)])
    assert sum("busy" in record.message for record in caplog.records) == 1


def test_pages_of_a_proxy_are_one_kind_of_trouble_however_long_they_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    with serving(lambda _, n: Answer(b"<html>" + b"-" * n) if n < 3 else chat("да")) as stub:
        asker = Asker(tmp_path, spec(stub.url))
        asker.ask("вопрос")
    (line,) = caplog.messages
    assert "the reply is not a JSON object: 7 bytes" in line
    assert {line.get("error") for line in asker.log()} == {"the reply is not a JSON object", None}


def test_answers_that_were_cut_off_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with serving(lambda prompt, _: chat("да", "length" if prompt == "длинный" else "stop")) as stub:
        Asker(tmp_path, spec(stub.url)).ask("длинный", "короткий")
    assert "1 of 2 answers were cut off; see --max-gen-toks" in caplog.text
