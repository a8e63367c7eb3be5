"""What a reply says: thoughts, refusals, log-likelihoods; and the requests of models that think or are OpenAI's own."""

import json
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance

from benchmark.errors import UserError
from benchmark.systems.backends import load_backend
from benchmark.systems.thinking import after_thinking
from tasks.scoring.answer import prepare
from tests.benchmark.servers_fixture import PLAIN, Answer, Asker, chat, serving, spec

THOUGHT = "<think>25? ### нет</think>\n\nОтвет: 24%"


@pytest.mark.parametrize(
    ("text", "marker", "cut_off", "answer", "graded"),
    [
        ("Ответ: 24% ### ещё", None, False, "Ответ: 24% ", ("Ответ: 24%", "")),
        (THOUGHT, None, False, "Ответ: 24%", ("Ответ: 24%", "")),
        (THOUGHT, "</think>", False, "Ответ: 24%", ("Ответ: 24%", "")),
        ("25? ### нет</think>Ответ: 24%", None, False, "Ответ: 24%", ("Ответ: 24%", "")),
        ("[T]25?[/T] Ответ: 24% ### ещё", "[/T]", False, "Ответ: 24% ", ("Ответ: 24%", "")),
        ("<think>25? ### ещё", None, True, "<think>25? ### ещё", ("", "truncated")),
        ("<think>25?", "</think>", True, "<think>25?", ("", "truncated")),
        ("25?", "</think>", True, "<think>\n25?", ("", "truncated")),
        ("25?", None, True, "25?", ("25?", "")),
        ("Ответ: 24%", "</think>", False, "Ответ: 24%", ("Ответ: 24%", "")),
        (THOUGHT.removesuffix("Ответ: 24%"), "</think>", False, "", ("", "empty")),
    ],
)
def test_the_answer_is_what_follows_the_thought(
    text: str, marker: str | None, cut_off: bool, answer: str, graded: tuple[str, str]
):
    assert after_thinking(text, ["###"], marker=marker, cut_off=cut_off) == answer
    assert prepare(answer) == graded


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (chat("Ответ: 7", reasoning_content="6? 7!"), "Ответ: 7"),
        (chat(None, "length", reasoning_content="6? 7"), "<think>\n6? 7"),
        (chat("", "length", reasoning="6? 7"), "<think>\n6? 7"),
        (chat("", "stop", reasoning_content="6? 7!"), ""),
        (chat(None, "stop", refusal="Не могу помочь"), "Не могу помочь"),
        (chat([{"type": "thinking", "thinking": []}, {"type": "text", "text": "Ответ: "}, {"text": "7"}]), "Ответ: 7"),
    ],
)
def test_a_thought_apart_from_the_answer_is_not_the_answer(reply: Answer, answer: str, tmp_path: Path):
    with serving(lambda *_: reply) as stub:
        assert Asker(tmp_path, spec(stub.url)).ask("вопрос") == [answer]


def test_a_model_known_to_think_is_not_stopped_within_its_thought(tmp_path: Path):
    with serving(lambda *_: chat(THOUGHT + " ### ещё")) as stub:
        thinking = spec(stub.url, think_end_token="</think>", enable_thinking=True)
        assert Asker(tmp_path, thinking).ask("вопрос") == ["Ответ: 24% "]
        assert "stop" not in stub.seen[0].payload
        assert stub.seen[0].payload["chat_template_kwargs"] == {"enable_thinking": True}


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("gpt-4.1", {"temperature": 0.0, "stop": ["###"]}),
        ("gpt-3.5-turbo", {"temperature": 0.0, "stop": ["###"]}),
        ("o3-mini", {"temperature": None, "stop": None}),
        ("gpt-5.2", {"temperature": None, "stop": None}),
    ],
)
def test_openais_own_models_get_what_they_take(
    model: str, fields: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with serving(lambda *_: chat("да ### нет")) as stub:
        assert Asker(tmp_path, spec(stub.url, "openai-chat-completions", model)).ask("вопрос") == ["да "]
        payload = stub.seen[0].payload
    assert payload["max_completion_tokens"] == 16
    assert "max_tokens" not in payload
    assert {name: payload.get(name) for name in fields} == fields


def completion(text: object, **fields: object) -> Answer:
    choice = {"index": 0, "text": text, "finish_reason": "stop", **fields}
    return Answer(json.dumps({"choices": [choice]}).encode())


def test_plain_completions_send_the_prompt_as_it_is(tmp_path: Path):
    with serving(lambda *_: completion("Ответ: 7 ### ещё")) as stub:
        assert Asker(tmp_path, spec(stub.url, PLAIN)).ask("### Задание\nвопрос") == ["Ответ: 7 "]
        assert stub.seen[0].path == "/v1/completions"
        assert stub.seen[0].payload["prompt"] == "### Задание\nвопрос"


def test_a_templates_bos_is_not_sent_twice(tmp_path: Path, tiny_model: Path):
    with serving(lambda *_: completion("да")) as stub:
        Asker(tmp_path, spec(stub.url, PLAIN, tokenizer=str(tiny_model))).ask("<bos>вопрос")
        assert stub.seen[0].payload["prompt"] == "вопрос"


def log_likelihoods(url: str, tiny_model: Path, **arguments: Any) -> list[tuple[float, bool]]:
    lm = load_backend(spec(url, PLAIN, tokenizer=str(tiny_model), max_retries=1), 1, arguments.get("max_length"))
    pairs = [("Ключевая ставка", " 16%"), ("Уровень риска:", " высокий")]
    return lm.loglikelihood([Instance("loglikelihood", {}, pair, 0) for pair in pairs])


def echoed(prompt: str, missing: int = 0) -> Answer:
    """Log-probabilities of -1 for each token sent (none for the first) and one generated token, less `missing`."""
    n = len(json.loads(prompt)[0]) + 1 - missing
    scores: list[float | None] = [None] + [-1.0] * (n - 1)
    tops = [None] + [{"a": -1.0}] * (n - 1)
    return completion("", logprobs={"token_logprobs": scores, "top_logprobs": tops})


def test_log_likelihoods_are_summed_over_the_continuation(tiny_model: Path):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(tiny_model))
    whole, context = (
        len(tokenizer(text, add_special_tokens=False).input_ids) for text in ("Ключевая ставка 16%", "Ключевая ставка")
    )
    with serving(lambda prompt, _: echoed(prompt)) as stub:
        assert log_likelihoods(stub.url, tiny_model)[0] == (-1.0 * (whole - context), True)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (lambda prompt: echoed(prompt, missing=1), "its own tokenizer"),
        (lambda _: completion("", logprobs=None), "log-probabilities for 0 tokens"),
        (lambda prompt: Answer(echoed(prompt).body.replace(b"-1.0", b'"x"')), "cannot be read"),
        (lambda prompt: Answer(echoed(prompt).body.replace(b"-1.0", b"NaN")), "cannot be read"),
        (lambda prompt: Answer(echoed(prompt).body.replace(b"-1.0", b"-1" + b"0" * 400)), "cannot be read"),
    ],
)
def test_wrong_log_probabilities_are_no_score(reply: Any, message: str, tiny_model: Path):
    with serving(lambda prompt, _: reply(prompt)) as stub, pytest.raises(UserError, match=message):
        log_likelihoods(stub.url, tiny_model)


def test_a_prompt_beyond_the_context_is_not_cut_in_silence(tiny_model: Path):
    with serving(lambda prompt, _: echoed(prompt)) as stub, pytest.raises(UserError, match="--max-length"):
        log_likelihoods(stub.url, tiny_model, max_length=4)


@pytest.mark.parametrize(
    ("backend", "message"),
    [(PLAIN, "--backend-arg tokenizer="), ("local-chat-completions", "take --backend local-completions")],
)
def test_a_server_without_log_likelihoods_says_so(backend: str, message: str):
    lm = load_backend(spec("http://localhost:1", backend), 1)
    with pytest.raises(UserError, match=message):
        lm.loglikelihood([Instance("loglikelihood", {}, ("а", "б"), 0)])


def test_a_template_without_a_tokenizer_is_refused():
    with pytest.raises(UserError, match="local-chat-completions"):
        load_backend(spec("http://localhost:1", PLAIN), 1).apply_chat_template([{"role": "user", "content": "а"}])
