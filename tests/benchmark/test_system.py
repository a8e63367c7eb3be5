"""What cannot be loaded: models, adapters and devices, each refused in one line."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark.errors import UserError
from benchmark.system import SystemSpec, load_model
from benchmark.systems.adapter import _may_be, read_manifest


@pytest.fixture
def copied(tiny_model: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_model, tmp_path / "copied")


@pytest.fixture(scope="module")
def trained(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter of the tiny model, as another program leaves it."""
    from peft import LoraConfig, get_peft_model

    folder = tmp_path_factory.mktemp("adapters") / "lora"
    model, _ = load_model(SystemSpec(str(tiny_model), dtype="float32"))
    get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")).save_pretrained(folder)
    return folder


@pytest.fixture
def adapter(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "lora")


def refused(spec: SystemSpec, device: str = "cpu") -> str:
    with pytest.raises(UserError) as caught:
        load_model(spec, device)
    message = str(caught.value)
    assert "\n" not in message
    return message


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def trained_on(adapter: Path, name: str) -> None:
    path = adapter / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | {"base_model_name_or_path": name}
    path.write_text(json.dumps(config), encoding="utf-8")


def test_a_truncated_checkpoint_is_named(copied: Path):
    halve(copied / "model.safetensors")
    assert f"--model {copied}: its weights are damaged" in refused(SystemSpec(str(copied)))


def test_truncated_adapter_weights_are_named(tiny_model: Path, adapter: Path):
    halve(adapter / "adapter_model.safetensors")
    assert f"--adapter {adapter}: its weights are damaged" in refused(SystemSpec(str(tiny_model), adapter=str(adapter)))


@pytest.mark.parametrize("text", ['{"base": ', "[]"])
def test_a_damaged_manifest_is_named(tiny_model: Path, adapter: Path, text: str):
    (adapter / "manifest.json").write_text(text, encoding="utf-8")
    assert "manifest.json: damaged" in refused(SystemSpec(str(tiny_model), adapter=str(adapter)))
    with pytest.raises(UserError, match=r"manifest\.json: damaged"):
        read_manifest(adapter)


@pytest.mark.parametrize("device", ["banana", "cuda:99"])
def test_a_device_that_is_not_there_is_named(tiny_model: Path, device: str):
    assert refused(SystemSpec(str(tiny_model)), device).startswith(f"--device {device}: cannot be used here")


def test_a_chat_needs_a_template(tiny_model: Path):
    message = refused(SystemSpec(str(tiny_model), apply_chat_template=True))
    assert message.startswith("--apply-chat-template: the tokenizer of")


def test_an_adapter_without_a_manifest_belongs_to_the_base_that_it_names(adapter: Path, other_tiny_model: Path):
    message = refused(SystemSpec(str(other_tiny_model), adapter=str(adapter)))
    assert "tiny, not on" in message
    assert str(other_tiny_model) in message


@pytest.mark.parametrize("name", ["org/copied", "/elsewhere/copied", "/hub/models--org--Copied/snapshots/0a1b", ""])
def test_a_base_of_the_same_name_is_taken(copied: Path, adapter: Path, name: str):
    trained_on(adapter, name)
    load_model(SystemSpec(str(copied), adapter=str(adapter)), "cpu")


def test_a_copy_of_the_hubs_cache_is_the_hubs_model(copied: Path, adapter: Path, tmp_path: Path):
    trained_on(adapter, "org/Tiny-7B")
    snapshot = shutil.copytree(copied, tmp_path / "models--org--Tiny-7B" / "snapshots" / "0a1b")
    load_model(SystemSpec(str(snapshot), adapter=str(adapter)), "cpu")


@pytest.mark.parametrize(("name", "same"), [("org/Tiny-7B", True), ("org/Other-7B", False)])
def test_a_gguf_file_is_called_after_its_model(tmp_path: Path, name: str, same: bool):
    file = tmp_path / "tiny-7b-Q4_K_M.gguf"
    file.touch()
    assert _may_be(name, SystemSpec(str(file))) == same


def test_a_gguf_files_tokenizer_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def letters(text: str, **_: object) -> dict[str, list[int]]:
        return {"input_ids": [ord(letter) for letter in text]}

    (tmp_path / "mine.gguf").touch()
    monkeypatch.setattr("transformers.AutoConfig.from_pretrained", lambda *_, **__: SimpleNamespace(model_type="llama"))
    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", lambda *_, **__: letters)
    assert "mine.gguf: this version of transformers misreads" in refused(SystemSpec(str(tmp_path / "mine.gguf")))


def test_a_system_in_the_present_directory_has_that_directorys_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "base" / "tuned").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "base" / "tuned")
    assert SystemSpec("..", adapter=".").name == "base +tuned"
    assert SystemSpec(".").name == SystemSpec(f"{tmp_path}/base/tuned/").name == "tuned"
