"""The adapter's model card says what a finder needs, whatever the names hold."""

from typing import Any

import pytest
from huggingface_hub import ModelCard

from finetune.card import card


def manifest(pretrained: str = "google/gemma-3-1b-it", sha256: str | None = None) -> dict[str, Any]:
    """As much of an adapter's manifest as the card reads."""
    return {
        "base": {"pretrained": pretrained, "weights_sha256": sha256, "quantization": "nf4"},
        "config": {"lora": {"r": 16, "alpha": 32}},
        "data": {"examples": 59, "by_source": {"rufin_calculation": 59}},
        "updates": 15,
        "loss_curve": [[14, 1.9, None], [15, 1.7204, 1.8]],
    }


def test_a_hub_base_is_named_with_its_licence():
    read = ModelCard(card(manifest(), "Apache-2.0"))
    assert read.data.base_model == "google/gemma-3-1b-it"
    assert read.data.license == "apache-2.0"
    assert "59 examples (rufin_calculation)" in read.text
    assert "Last training loss 1.720" in read.text
    assert "rufinbench run --model google/gemma-3-1b-it --quantization nf4 --adapter . --output tuned" in read.text


def test_a_base_on_disk_is_no_name_for_others():
    read = ModelCard(card(manifest("/home/ivanov/models/gemma", "ab12"), "Gemma Terms of Use"))
    assert read.data.base_model is None
    assert read.data.license is None
    assert "# Adapter of gemma\n" in read.text


@pytest.mark.parametrize("name", ["a\n---\nlicense: mit", "$(reboot) `x` 'y'", "{{ 7 * 7 }}"])
def test_hostile_names_stay_names(name: str):
    read = ModelCard(card(manifest(name), None))
    assert read.data.base_model == name
    assert read.data.license is None
    assert "49" not in read.text
