"""What every free-text family reports beside its headline, and the floor to read it against."""

import pytest

from tasks.dataset import read_split
from tasks.scoring.freetext import text_scores
from tasks.scoring.rouge import ROUGE_TYPES, rouge

DOC = {
    "references": ["Риск высокий: ПДН 85%, есть просрочки.", "ПДН 85% и просрочки: риск высокий."],
    "floor_reference": "Банки выигрывают от роста ключевой ставки.",
}
NAMES = {*ROUGE_TYPES, *(f"{name}_floor" for name in ROUGE_TYPES)}
FAMILIES = ("calculation", "credit_risk", "esg_risk", "extraction", "market_trends", "statement_analysis")


@pytest.mark.parametrize("reference", DOC["references"])
def test_any_reference_scores_one(reference):
    scores = text_scores(reference, DOC)
    assert [scores[name] for name in ROUGE_TYPES] == [1, 1, 1]


def test_the_floor_is_the_same_answer_against_another_items_text():
    answer = "Риск высокий, ставка выросла."
    expected = rouge(answer, DOC["floor_reference"])
    assert {name: text_scores(answer, DOC)[f"{name}_floor"] for name in ROUGE_TYPES} == expected
    assert expected["rouge1"] > 0


def test_thoughts_are_not_scored():
    answer = DOC["references"][0]
    assert text_scores(f"<think>{DOC['floor_reference']}</think>\n{answer}", DOC) == text_scores(answer, DOC)


@pytest.mark.parametrize(
    "output",
    [None, 5, [], "", " \n", "<think>Риск высокий", "\ud800", "\x00" * 10, b"\xff", "!" * 300_000],
    ids=range(10),
)
def test_no_answer_scores_nought(output):
    assert text_scores(output, DOC) == dict.fromkeys(NAMES, 0.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_item_has_the_text_of_another_one(family):
    items = read_split(family, "test")
    outputs = [item["output"] for item in items]
    assert sorted(item["floor_reference"] for item in items) == sorted(outputs), "each text serves once"
    assert all(item["floor_reference"] != item["output"] or outputs.count(item["output"]) > 1 for item in items), (
        "and never for its own item"
    )
    assert [item["floor_reference"] for item in items] == [
        item["floor_reference"] for item in read_split(family, "test")
    ]
    turned = [outputs[shift:] + outputs[:shift] for shift in range(len(outputs))]
    assert [item["floor_reference"] for item in items] not in turned, (
        "files are sorted; a fixed distance would pair variants"
    )


def test_a_single_item_has_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.dataset.ROOT", tmp_path)
    (tmp_path / "own" / "data").mkdir(parents=True)
    (tmp_path / "own" / "data" / "test.jsonl").write_text('{"output": "Ответ: 5"}\n', encoding="utf-8")
    assert read_split("own", "test") == [{"output": "Ответ: 5", "floor_reference": "Ответ: 5"}]
