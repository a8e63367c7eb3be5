"""`--backend-arg`: read, held against what the backend takes, and part of the system's identity with the files it names."""

import re
from pathlib import Path
from typing import Any

import pytest

from benchmark.errors import UserError
from benchmark.servers.keys import is_secret
from benchmark.storage.storekey import ingredients, remember, store_key
from benchmark.system import SystemSpec, identity, load_lm
from benchmark.systems.arguments import check_arguments, parse_arguments

CHAT, PLAIN = "local-chat-completions", "local-completions"


def test_arguments_have_the_type_that_they_look_like():
    texts = ["a=1", "b=0.5", "c=true", "d=none", "e=</think>", 'f={"x": [1]}', "g='12'", "h=a=b", "i=[1, 2]"]
    assert parse_arguments(texts) == {
        **{"a": 1, "b": 0.5, "c": True, "d": None, "e": "</think>"},
        **{"f": {"x": [1]}, "g": "12", "h": "a=b", "i": [1, 2]},
    }


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "[" + "7" * 5_000 + "]"])
def test_what_is_no_json_is_refused(text: str):
    with pytest.raises(UserError, match="--backend-arg extra_body: not JSON"):
        parse_arguments([f"extra_body={text}"])


@pytest.mark.parametrize(
    ("backend", "argument", "message"),
    [
        ("hf", "softmax_dtype=banana", "softmax_dtype: Input should be 'float32', 'bfloat16' or 'float16'"),
        ("hf", "enable_thinking=yes", "enable_thinking: Input should be a valid boolean"),
        ("hf", "chat_template_args=thinking", "chat_template_args: Input should be a valid dictionary"),
        ("hf", "prefix_token_id=bos", "prefix_token_id: Input should be a valid integer"),
        ("hf", "think_end_token=-1", "think_end_token: Input should be greater than or equal to 0"),
        ("hf", "gptqmodel=true", "gptqmodel: unknown to hf, which has add_bos_token,.*options of its own"),
        (CHAT, "extra_body=top_k", "extra_body: Input should be a valid dictionary"),
        (CHAT, "extra_body=[1]", "extra_body: Input should be a valid dictionary"),
        (CHAT, "seed=abc", "seed: Input should be a valid integer"),
        (CHAT, "verify_certificate=no", "verify_certificate: Input should be a valid boolean"),
        (CHAT, "think_end_token=5", r"think_end_token: Input should be a valid string \(in quotes"),
        (CHAT, "max_retries=0", "max_retries: Input should be greater than 0"),
        (CHAT, "num_concurrent=true", "num-concurrent: Input should be a valid integer"),
        (CHAT, "timeout=nan", "timeout: Input should be a finite number"),
        (CHAT, "tokenizer=x", f"tokenizer: unknown to {CHAT}"),
        (PLAIN, "tokenizer=5", "tokenizer: Input should be a valid string"),
        (PLAIN, "enable_thinking=true", f"enable_thinking: unknown to {PLAIN}.* extra_body"),
        ("vllm", "enable_thinking=true", "enable_thinking: .* add think_end_token"),
        ("vllm", "think_end_token=5", r"think_end_token: vllm takes it as text.*in quotes"),
        ("sglang", "think_end_token=5", r"think_end_token: sglang takes it as text.*in quotes"),
    ],
)
def test_a_wrong_value_is_refused_before_anything_is_loaded(backend: str, argument: str, message: str):
    with pytest.raises(UserError, match=f"^--.*{message}") as caught:
        load_lm(SystemSpec("/no/such", backend=backend, backend_args=parse_arguments([argument])))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("backend", ["hf", CHAT, "vllm", "sglang"])
@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("pretrained", "--model"),
        ("model", "--model"),
        ("revision", "--revision"),
        ("peft", "--adapter"),
        ("lora_local_path", "--adapter"),
        ("lora_paths", "--adapter"),
        ("max_model_len", "--max-length"),
    ],
)
def test_what_has_an_option_of_its_own_is_given_there(backend: str, name: str, option: str):
    with pytest.raises(UserError, match=f"--backend-arg {name}: .* {option}$"):
        load_lm(SystemSpec("/no/such", backend=backend, backend_args={name: "adapters/mine"}))


@pytest.mark.parametrize(
    ("backend", "arguments"),
    [
        ("hf", {"think_end_token": 5, "enable_thinking": True, "prefix_token_id": None}),
        (CHAT, {"timeout": 5, "extra_body": {"guided_json": {"properties": {"key": {"type": "string"}}}}}),
        (PLAIN, {"tokenizer": "gpt2", "tokenizer_backend": None, "add_bos_token": True, "api_key_env": "BANK_KEY"}),
        ("vllm", {"tensor_parallel_size": 2, "enable_thinking": True, "think_end_token": "</think>"}),
    ],
)
def test_what_a_backend_takes_is_let_through(backend: str, arguments: dict[str, Any]):
    check_arguments(backend, arguments)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        *[
            (name, True)
            for name in ("api_key", "X-Api-Key", "Ocp-Apim-Subscription-Key", "apikey", "hf_token", "token")
        ],
        *[
            (name, True)
            for name in ("accessToken", "clientSecret", "Authorization", "extra_headers", "sig", "PASSWORD")
        ],
        *[(name, False) for name in ("think_end_token", "add_bos_token", "prefix_token_id", "tokenizer", "max_tokens")],
        *[(name, False) for name in ("api_key_env", "prompt_cache_key", "keyword", "design", "author", "")],
    ],
)
def test_secrets_are_known_by_their_names(name: str, secret: bool):
    assert is_secret(name) == secret


def key(**arguments: Any) -> str:
    return store_key(ingredients(identity(SystemSpec("org/name", backend="vllm", backend_args=arguments)), {}))


@pytest.mark.parametrize("nested", [False, True])
def test_a_folder_that_an_argument_names_is_its_content(nested: bool, tmp_path: Path):
    (tmp_path / "tokenizer.json").write_text("{}")
    arguments: dict[str, Any] = {"tokenizer": str(tmp_path)}
    if nested:
        arguments = {"speculative_config": {"several": [{"model": str(tmp_path)}]}}
    before = key(**arguments)
    assert key(**arguments) == before
    (tmp_path / "tokenizer.json").write_text('{"changed": true}')
    assert key(**arguments) != before


def test_it_is_told_that_such_a_folder_has_changed(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "tokenizer.json").write_text("{}")
    system = SystemSpec("org/name", backend="vllm", backend_args={"tokenizer": str(tmp_path)})
    remember(tmp_path / ".answers", ingredients(identity(system), {}))
    (tmp_path / "tokenizer.json").write_text('{"changed": true}')
    remember(tmp_path / ".answers", ingredients(identity(system), {}))
    assert re.search(
        "answers kept there are not used: backend_args_sha256 was [0-9a-f]{12}, is [0-9a-f]{12}", caplog.text
    )


def test_a_file_that_an_argument_names_is_its_content(tmp_path: Path):
    template = tmp_path / "chat.jinja"
    template.write_text("a")
    before = key(chat_template=str(template))
    (tmp_path / "beside.jinja").write_text("b")
    assert key(chat_template=str(template)) == before
    template.write_text("b")
    assert key(chat_template=str(template)) != before


def test_other_texts_name_no_file():
    arguments = {"quantization": "", "chat_template": "{{ messages }}" * 500, "mark": "a\0b", "number": 5}
    assert "backend_args_sha256" not in identity(SystemSpec("org/name", backend="vllm", backend_args=arguments))


def test_what_a_library_says_of_an_argument_is_one_line(tiny_model: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no such thing\nand more")

    monkeypatch.setattr("benchmark.engine.RowwiseHFLM", refuse)
    server = {"base_url": "http://localhost:1", "tokenizer": "/no/such"}
    with pytest.raises(UserError, match=f"^--backend {PLAIN}: "):
        load_lm(SystemSpec("served", backend=PLAIN, backend_args=server))
    with pytest.raises(UserError, match=r"^--backend hf: no such thing$"):
        load_lm(SystemSpec(str(tiny_model)))
