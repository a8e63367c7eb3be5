"""What a server is sent: a task's own settings, as every other backend reads them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmark.servers_fixture import CHAT, PLAIN, Answer, Asker, chat, serving, spec


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


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"do_sample": False, "temperature": 0.7}, {"temperature": 0.0}),
        ({"do_sample": None, "temperature": 0.7}, {"temperature": 0.7}),
        ({"do_sample": True, "temperature": None}, {"temperature": 1.0}),
        ({"max_gen_toks": None, "max_new_tokens": 9}, {"max_tokens": 9, "max_new_tokens": None}),
        ({"until": None}, {"stop": None}),
        ({"until": "КОНЕЦ"}, {"stop": ["КОНЕЦ"]}),
    ],
)
@pytest.mark.parametrize("backend", [CHAT, PLAIN])
def test_settings_mean_what_they_mean_to_every_backend(
    backend: str, settings: dict[str, Any], sent: dict[str, Any], tmp_path: Path
):
    reply = b'{"choices": [{"text": "7", "message": {"content": "7"}}]}'
    with serving(lambda *_: Answer(reply)) as stub:
        asker = Asker(tmp_path, spec(stub.url, backend))
        assert asker.ask("вопрос", **settings) == ["7"]
        payload = stub.seen[0].payload
        assert {name: payload.get(name) for name in sent} == sent
        assert Asker(tmp_path, spec(stub.url, backend)).ask("вопрос", **settings) == ["7"]
        assert len(stub.seen) == 1, "kept under the settings that were asked for"


def test_repeats_of_a_sampled_question_have_seeds_of_their_own(tmp_path: Path):
    with serving(lambda *_: chat("да")) as stub:
        asker = Asker(tmp_path, spec(stub.url))
        asker.ask("вопрос", "вопрос", "вопрос", do_sample=True, temperature=0.7)
        assert len({seen.payload["seed"] for seen in stub.seen}) == 3
