"""What names a system's store of answers: everything that can change one, and nothing else."""

import importlib.metadata
import json
import logging
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmark.run import RunOptions, run
from benchmark.storage import storekey
from benchmark.storage.storekey import ingredients, remember, store_key
from benchmark.system import UNKNOWN, SystemSpec, identity
from benchmark.systems.identity import model_sha256

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OPTIONS = {"max_length": None, "on_long_prompt": "truncate"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder as far as its identity goes: nothing loads it."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def kept(spec: SystemSpec, **options: Any) -> dict[str, Any]:
    return ingredients(identity(spec), OPTIONS | options)


def key(spec: SystemSpec, **options: Any) -> str:
    return store_key(kept(spec, **options))


@pytest.mark.parametrize(
    "name",
    [
        "config.json", "generation_config.json", "model.safetensors", "model.safetensors.index.json", "tokenizer.json",
        "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json", "vocab.json",
        "vocab.txt", "merges.txt", "qwen.tiktoken", "chat_template.json", "chat_template.jinja", "modeling_mine.py",
        "custom_generate/generate.py",
    ],
)  # fmt: skip
def test_every_file_that_a_model_is_made_of_names_it(model: Path, name: str):
    before = key(SystemSpec(str(model)))
    (model / name).parent.mkdir(exist_ok=True)
    (model / name).write_text("changed")
    assert key(SystemSpec(str(model))) != before


def test_what_only_tells_of_a_model_does_not(model: Path, tmp_path: Path):
    before = key(SystemSpec(str(model)))
    (model / "README.md").write_text("changed")
    assert key(SystemSpec(str(model))) == before
    assert key(SystemSpec(str(shutil.copytree(model, tmp_path / "elsewhere")))) == before


def test_files_beside_a_gguf_file_are_read_too(tmp_path: Path):
    (tmp_path / "mine.gguf").write_bytes(b"weights")
    before = model_sha256(tmp_path / "mine.gguf")
    (tmp_path / "other.gguf").write_bytes(b"other weights")
    assert model_sha256(tmp_path / "mine.gguf") == before
    (tmp_path / "tokenizer_config.json").write_text("{}")
    assert model_sha256(tmp_path / "mine.gguf") != before


@pytest.mark.parametrize(
    "changes",
    [
        {"revision": "v2"},
        {"quantization": "nf4"},
        {"dtype": "bfloat16"},
        {"backend": "vllm"},
        {"backend_args": {"think_end_token": "</think>"}},
        {"apply_chat_template": True},
        {"num_fewshot": 1},
        {"trust_remote_code": True},
    ],
)
def test_whatever_a_specification_says_names_the_system(model: Path, changes: dict[str, Any]):
    assert key(SystemSpec(**{"pretrained": str(model)} | changes)) != key(SystemSpec(str(model)))


def test_an_adapter_is_its_content(model: Path, tmp_path: Path):
    spec = SystemSpec(str(model), adapter=str(tmp_path / "adapter"))
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_model.safetensors").write_bytes(b"first")
    keys = {key(SystemSpec(str(model))), key(spec)}
    (tmp_path / "adapter" / "adapter_model.safetensors").write_bytes(b"second")
    assert len(keys | {key(spec)}) == 3


def test_the_context_names_the_system_and_the_batch_does_not(model: Path):
    spec = SystemSpec(str(model))
    assert len({key(spec), key(spec, max_length=512), key(spec, on_long_prompt="refuse")}) == 3
    assert key(spec, batch_size=3, tasks=("other",), max_gen_toks=5) == key(spec)


@pytest.mark.parametrize(
    ("changes", "libraries", "beside"),
    [
        ({}, {"torch", "transformers", "tokenizers", "lm-eval"}, {"peft", "bitsandbytes", "vllm"}),
        ({"adapter": "/no/such"}, {"peft"}, {"bitsandbytes"}),
        ({"quantization": "int8"}, {"bitsandbytes"}, {"peft"}),
        ({"backend": "vllm", "adapter": "/no/such"}, {"vllm", "torch", "lm-eval"}, {"peft"}),
        ({"backend": "local-completions", "backend_args": {"base_url": "http://localhost"}}, {"lm-eval"}, {"torch"}),
    ],
)
def test_versions_of_what_gives_the_answers_name_the_system(
    model: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], libraries: set[str], beside: set[str]
):
    spec = SystemSpec(**{"pretrained": str(model)} | changes)
    before = key(spec)
    assert key(spec) == before
    installed = importlib.metadata.version
    for name in libraries | beside:
        monkeypatch.setattr(importlib.metadata, "version", lambda n, name=name: "0" if n == name else installed(n))
        assert (key(spec) != before) == (name in libraries), name


@pytest.mark.parametrize(
    ("module", "backends"),
    [
        ("engine/decoding.py", {"hf"}),
        ("systems/norms.py", {"hf"}),
        ("systems/prompts.py", {"hf"}),
        ("systems/thinking.py", {"hf", "local-completions"}),
        ("servers/replies.py", {"local-completions"}),
        ("systems/backends.py", {"vllm"}),
        ("runs/summary.py", set()),
    ],
)
def test_our_own_code_that_asks_names_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, backends: set[str]
):
    package = shutil.copytree(storekey._PACKAGE, tmp_path / "benchmark", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(storekey, "_PACKAGE", package)
    before = {backend: storekey.engine_sha256(backend) for backend in ("hf", "local-completions", "vllm")}
    assert (package / module).is_file()
    (package / module).write_text("changed = 1\n")
    assert {name for name, of in before.items() if storekey.engine_sha256(name) != of} == backends


def test_whatever_the_engine_imports_of_systems_names_the_system():
    code = "".join(path.read_text(encoding="utf-8") for path in storekey._PACKAGE.glob("engine/*.py"))
    imported = set(re.findall(r"^from benchmark\.systems\.(\w+) import", code, re.MULTILINE))
    for names in re.findall(r"^from benchmark\.systems import (.+)$", code, re.MULTILINE):
        imported |= set(names.split(", "))
    assert {"attention", "norms", "prompts"} <= imported
    assert {f"systems/{name}.py" for name in imported} <= set(storekey._CODE["hf"])


def test_an_engine_that_loads_from_the_hub_is_known_by_the_cached_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    spec = SystemSpec("org/name", backend="vllm")
    assert identity(spec)["commit"] == UNKNOWN
    cached = tmp_path / "models--org--name"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text(COMMIT)
    (cached / "snapshots" / COMMIT).mkdir(parents=True)
    (cached / "snapshots" / COMMIT / "config.json").write_text("{}")
    assert identity(spec)["commit"] == COMMIT
    assert identity(SystemSpec("org/name", backend="vllm", revision="other"))["commit"] == UNKNOWN
    assert identity(SystemSpec("not a name!", backend="vllm"))["commit"] == UNKNOWN


def test_a_servers_weights_are_unknown_and_a_paths_need_no_commit(model: Path):
    assert identity(SystemSpec("n", backend="local-completions", backend_args={"base_url": "http://h"}))["commit"] == (
        UNKNOWN
    )
    assert identity(SystemSpec(str(model)))["commit"] is None


def test_a_new_version_is_told_once_and_another_system_never(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    folder, spec = tmp_path / ".answers", SystemSpec(str(model))
    remember(folder, kept(spec))
    remember(folder, kept(SystemSpec(str(model), num_fewshot=1)))
    (folder / "damaged.json").write_text("{")
    assert not caplog.records
    was, installed = importlib.metadata.version("torch"), importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99" if name == "torch" else installed(name))
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            remember(folder, kept(spec))
    (line,) = caplog.messages
    assert line == f"{folder}: answers kept there are not used: version of torch was {was[:12]}, is 99"


def test_another_version_gives_fresh_answers(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    spec = SystemSpec(str(tiny_model), dtype="float32")
    options = RunOptions(tasks=("rufin_calculation",), limit=1, max_gen_toks=2, bootstrap_iters=0)
    asked = [run(spec, tmp_path / name, options) for name in ("first", "same")]
    installed = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99" if name == "lm-eval" else installed(name))
    asked.append(run(spec, tmp_path / "fresh", options))
    given = [json.loads((folder / "run.json").read_text())["answers"]["from_before"] for folder in asked]
    assert given == [0, 1, 0]
    assert "version of lm-eval was 0.4" in caplog.text
