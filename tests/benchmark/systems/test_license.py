"""A model's licence is what its own card names, and unknown where none does."""

from pathlib import Path

import pytest

from benchmark.system import SystemSpec
from benchmark.systems.license import license_of


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\nlicense: apache-2.0\n---\n# A model\n", "apache-2.0"),
        ("---\nlicense: other\nlicense_name: bank-internal\n---\n", "bank-internal"),
        ("---\nlicense: other\n---\n", "other"),
        ("---\nlicense: [mit, cc-by-4.0]\n---\n", "mit, cc-by-4.0"),
        ("---\nlicense: " + "x" * 500 + "\n---\n", "x" * 100),
        ("---\ntags: [a]\n---\n", None),
        ("---\nlicense: {a: 1}\n---\n", None),
        ("---\nlicense: ''\n---\n", None),
        ("---\n[license\n---\n", None),
        ("---\n- license\n---\n", None),
        ("# A model\n", None),
        ("", None),
        (None, None),
    ],
)
def test_the_card_beside_the_weights_is_read(tmp_path: Path, card: str | None, expected: str | None):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.gguf").touch()
    if card is not None:
        (tmp_path / "README.md").write_text(card, encoding="utf-8")
    assert license_of(SystemSpec(str(tmp_path))) == expected
    assert license_of(SystemSpec(str(tmp_path / "model.gguf"))) == expected


def test_a_card_that_is_no_text_says_nothing(tmp_path: Path):
    (tmp_path / "README.md").write_bytes(b"---\nlicense: \xff\n---\n")
    assert license_of(SystemSpec(str(tmp_path))) is None


def test_a_hub_models_card_is_found_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    commit = "0" * 40
    repository = tmp_path / "models--bank--model"
    (repository / "snapshots" / commit).mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    (repository / "snapshots" / commit / "README.md").write_text("---\nlicense: mit\n---\n")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert license_of(SystemSpec("bank/model")) == "mit"


@pytest.mark.parametrize("name", ["bank/no-such-model", "no model's name"])
def test_a_model_without_a_card_within_reach_has_no_known_licence(name: str):
    assert license_of(SystemSpec(name)) is None


def test_a_servers_model_is_a_name_and_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *_, **__: pytest.fail("the Hub was asked"))
    assert license_of(SystemSpec("bank/model", backend="local-completions")) is None


def test_the_embedded_models_licence_is_known():
    assert license_of(SystemSpec("embedded")) == "Gemma Terms of Use"
