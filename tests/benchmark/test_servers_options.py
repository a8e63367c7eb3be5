"""Options of servers, what of them names a system, and the arguments that vLLM and SGLang are given."""

import ast
import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import TypeAdapter

from benchmark import cli
from benchmark.errors import UserError
from benchmark.servers.endpoint import address
from benchmark.storage.storekey import ingredients, store_key
from benchmark.system import SystemSpec, identity
from benchmark.systems.backends import adapter_rank, backend_arguments, load_backend
from tests.benchmark.servers_fixture import CHAT, PLAIN, spec

URL = "http://localhost:8000"


@pytest.mark.parametrize(
    ("backend", "base_url", "whole"),
    [
        (CHAT, URL, f"{URL}/v1/chat/completions"),
        (CHAT, f"{URL}/", f"{URL}/v1/chat/completions"),
        (CHAT, f"{URL}/v1", f"{URL}/v1/chat/completions"),
        (CHAT, f"{URL}/v1/chat/completions", f"{URL}/v1/chat/completions"),
        (PLAIN, f"{URL}/v1/chat/completions", f"{URL}/v1/completions"),
        (PLAIN, f"{URL}/v1/completions/", f"{URL}/v1/completions"),
        (PLAIN, "https://host/openai/v1?api-version=2", "https://host/openai/v1/completions?api-version=2"),
        ("openai-chat-completions", None, "https://api.openai.com/v1/chat/completions"),
    ],
)
def test_an_address_may_be_written_in_short(backend: str, base_url: str | None, whole: str):
    assert address(backend, base_url) == whole


def key(**arguments: Any) -> str:
    spec = SystemSpec("served", backend=CHAT, backend_args=arguments, apply_chat_template=True)
    return store_key(ingredients(identity(spec), {}))


def test_the_address_names_the_system_and_the_way_of_asking_does_not():
    plain = key(base_url=URL)
    assert key(base_url=f"{URL}/v1", num_concurrent=2, timeout=5.0, max_retries=1, api_key_env="X") == plain
    others = {key(base_url="http://localhost:8001"), key(base_url=URL, extra_body={"top_k": 1})}
    assert len(others | {plain}) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--backend-arg", "api_key=sk-SECRET"], "environment only; put the key into OPENAI_API_KEY"),
        (["--backend-arg", 'header={"Authorization": "SECRET"}'], "--backend-arg header: secrets"),
        (["--backend-arg", "auth_token=SECRET"], "--backend-arg auth_token: secrets"),
        (["--backend-arg", 'extra_body={"a": [{"apiKey": "SECRET"}]}'], "--backend-arg extra_body.a.apiKey: secrets"),
        (["--base-url", "http://me:SECRET@host"], "--base-url: holds a password or key"),
        (["--base-url", "http://me:pa/SECRET@host:8000"], "--base-url: holds a password or key"),
        (["--base-url", "http://me:12/SECRET@host"], "--base-url: holds a password or key"),
        (["--base-url", "http://host:port/v1?key=SECRET"], "--base-url: not an address"),
        (["--base-url", f"http://{'a' * 64}.ru/v1"], "--base-url: not an address"),
        (["--base-url", "http://host/v1?api-key=SECRET"], "--base-url: holds a password or key"),
        (["--base-url", "http://host/v1?subscription-key=SECRET"], "--base-url: holds a password or key"),
        (["--base-url", "http://host/v1?v=1&sig=SECRET"], "--base-url: holds a password or key"),
        (["--base-url", "http://host/v1#access_token=SECRET"], "--base-url: holds a password or key"),
        (["--base-url", "localhost:8000"], "write it like http://localhost:8000"),
        (["--base-url", URL, "--api-key-env", "NO_SUCH"], "NO_SUCH: not set in the environment"),
        (["--base-url", URL, "--timeout", "inf"], "--timeout: Input should be a finite number"),
        ([], "give the server's address with --base-url"),
        (["--backend", "hf", "--num-concurrent", "4"], "--num-concurrent: for servers only"),
    ],
)
def test_a_wrong_option_is_one_line_without_the_secret(
    options: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["rufinbench", "run", "--model", "served", "--backend", CHAT, *options])
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert message in said
    assert len(said.strip().splitlines()) == 1
    assert "SECRET" not in said


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"adapter": "adapters/mine"}, "vLLM: --lora-modules"),
        ({"dtype": "float32"}, "the server decides"),
        ({"apply_chat_template": False}, "--apply-chat-template"),
        ({"backend_args": {"base_url": URL, "temprature": 1}}, f"temprature: unknown to {CHAT}"),
        ({"backend_args": {"base_url": URL, "api_key": "SECRET"}}, "environment only"),
        ({"backend": "vllm"}, r"not installed here .*; install it with pip install -e"),
        ({"backend": "litellm"}, "litellm"),
    ],
)
def test_a_system_that_a_backend_cannot_run_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(UserError, match=message) as caught:
        load_backend(replace(spec(URL), **changes), 1)
    assert "\n" not in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_key_with_a_line_break_within_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-SECRET\nHost: elsewhere")
    with pytest.raises(UserError, match="no API key has") as caught:
        load_backend(spec(URL), 1)
    assert "SECRET" not in str(caught.value)


def adapter(folder: Path, **config: Any) -> Path:
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 64} | config))
    (folder / "adapter_model.safetensors").touch()
    return folder


@pytest.mark.parametrize(
    ("config", "rank", "vllm_rank"),
    [({}, 64, 64), ({"r": 48}, 48, 64), ({"r": 4, "rank_pattern": {"q_proj": 100}}, 100, 128), ({"r": 1}, 1, 1)],
)
def test_engines_are_told_the_adapters_rank(config: dict[str, Any], rank: int, vllm_rank: int, tmp_path: Path):
    folder = adapter(tmp_path, **config)
    assert adapter_rank(folder) == rank
    spec = SystemSpec("base", backend="vllm", adapter=str(folder), dtype="bfloat16", revision="main")
    assert backend_arguments(spec, 4096) == {
        "pretrained": "base",
        "revision": "main",
        "dtype": "bfloat16",
        "trust_remote_code": False,
        "max_model_len": 4096,
        "lora_local_path": str(folder),
        "max_lora_rank": vllm_rank,
    }


def test_lm_evals_vllm_knows_all_that_it_is_given(tmp_path: Path):
    # vLLM itself cannot be imported without a GPU build, so its wrapper is read, not called.
    found = importlib.util.find_spec("lm_eval.models.vllm_causallms")
    assert found and found.origin
    tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
    (init,) = (
        method
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "VLLM"
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name == "__init__"
    )
    names = {argument.arg for argument in init.args.args}
    spec = SystemSpec("base", backend="vllm", adapter=str(adapter(tmp_path)), dtype="float16", revision="v1")
    assert backend_arguments(spec, 4096).keys() <= names


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """SGLang's engine, replaced by one that remembers what it is given."""
    from lm_eval.models import sglang_causallms

    given: list[dict[str, Any]] = []

    class Engine:
        tokenizer_manager = SimpleNamespace(tokenizer=None)

        def __init__(self, **arguments: Any) -> None:
            given.append(arguments)

        def generate(self, **arguments: Any) -> list[dict[str, Any]]:
            given.append(arguments)
            return []

    monkeypatch.setattr(sglang_causallms, "sgl", SimpleNamespace(Engine=Engine), raising=False)
    monkeypatch.setattr(sglang_causallms, "find_spec", lambda _: True)
    return given


def test_sglang_loads_the_adapter_and_is_asked_for_it(engine: list[dict[str, Any]], tmp_path: Path):
    folder = adapter(tmp_path)
    lm: Any = load_backend(SystemSpec("base", backend="sglang", adapter=str(folder)), 8, 4096)
    lm._model_generate(requests=[[1, 2]], generate=True)
    made, asked = engine
    assert made["lora_paths"] == [f"finetuned={folder}"]
    assert (made["max_lora_rank"], made["enable_lora"], made["trust_remote_code"]) == (64, True, False)
    assert asked["lora_path"] == "finetuned"


def test_sglang_without_an_adapter_is_asked_for_none(engine: list[dict[str, Any]]):
    lm: Any = load_backend(SystemSpec("base", backend="sglang"), 8)
    lm._model_generate(requests=[[1, 2]], generate=True)
    assert not any(key.startswith("lora") for given in engine for key in given)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"use_dora": True}, "use_dora is set.*rufinbench export"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save is set"),
        ({"r": None}, "not the configuration of a LoRA adapter"),
        ({"r": 1024}, "above vLLM's limit of 512"),
        (None, "no adapter_config.json there"),
    ],
)
def test_an_adapter_that_an_engine_cannot_apply_is_refused(config: dict[str, Any] | None, message: str, tmp_path: Path):
    folder = tmp_path if config is None else adapter(tmp_path, **config)
    with pytest.raises(UserError, match=message):
        backend_arguments(SystemSpec("base", backend="vllm", adapter=str(folder)))


def test_an_engine_refuses_an_adapter_of_another_base(tmp_path: Path):
    folder = adapter(tmp_path, base_model_name_or_path="org/another")
    with pytest.raises(UserError, match="it was trained on org/another, not on base"):
        load_backend(SystemSpec("base", backend="vllm", adapter=str(folder)), 1)


def test_an_engine_is_not_started_for_a_chat_without_a_template(tiny_model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lm_eval.api.registry.get_model", lambda _: pytest.fail)
    with pytest.raises(UserError, match="has no chat template"):
        load_backend(SystemSpec(str(tiny_model), backend="vllm", apply_chat_template=True), 1)


def test_what_is_wrong_with_an_engines_argument_is_said(monkeypatch: pytest.MonkeyPatch):
    from lm_eval.api import registry

    class Engine:
        create_from_arg_obj = staticmethod(lambda *_: TypeAdapter(int).validate_python("many"))

    monkeypatch.setattr(registry, "get_model", lambda _: Engine)
    with pytest.raises(UserError, match="--backend engine: Input should be a valid integer"):
        load_backend(SystemSpec("base", backend="engine"), 1)


def test_a_backend_without_adapters_does_not_score_the_base_in_silence(tmp_path: Path):
    with pytest.raises(UserError, match="backend dummy takes none"):
        load_backend(SystemSpec("base", backend="dummy", adapter=str(adapter(tmp_path))), 1)
