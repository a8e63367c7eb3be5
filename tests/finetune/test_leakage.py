"""The gate that keeps test items out of training."""

import json
from pathlib import Path

import pytest

from benchmark.errors import UserError
from benchmark.overlap import masked
from finetune.config import DataConfig, FinetuneConfig, ModelConfig
from finetune.leakage import find_leaks
from finetune.pipeline import gather
from finetune.texts import Text
from tasks import ROOT
from tasks.items import read_jsonl

TEST = "Чистая прибыль ООО «Витимарстрой» за 2024 год составила 125,4 млн руб., собственный капитал равен 1 254 млн руб. Найдите рентабельность капитала."


def text(instruction: str) -> Text:
    return Text("mine", instruction, instruction, "")


@pytest.mark.parametrize(
    ("train", "kind"),
    [
        (TEST, "exact"),
        (TEST.replace("  ", " ") + " ", "exact"),
        (TEST.replace("125,4", "98,7").replace("1 254", "655").replace("Витимарстрой", "Лемарьторг"), "near"),
        (
            "Найдите срок окупаемости проекта с вложениями 5 млн руб. и доходом 1,2 млн руб. в год, округлив до десятых.",
            None,
        ),
        ("", None),
    ],
)
def test_equal_and_renumbered_questions_are_found(train: str, kind: str | None):
    leaks = find_leaks([text(train)], [text(TEST)])
    assert [leak.kind for leak in leaks] == ([kind] if kind else [])


def test_masking_hides_numbers_and_names():
    assert masked("ПАО «Волга» — 1 250,5 млн") == "пао § — # млн"


def test_the_benchmarks_own_train_split_passes():
    gather(FinetuneConfig(model=ModelConfig(pretrained="x"), data=DataConfig(tasks=["rufin"], limit_per_task=60)))


def test_a_file_with_a_test_item_is_refused(tmp_path: Path):
    item = read_jsonl(ROOT / "credit_risk" / "data" / "test.jsonl")[3]
    row = {key: item[key] for key in ("instruction", "output", "category")}
    (tmp_path / "my.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    config = FinetuneConfig(model=ModelConfig(pretrained="x"), data=DataConfig(tasks=[], files=[tmp_path / "my.jsonl"]))
    with pytest.raises(UserError, match="1 training examples stand in the test split") as caught:
        gather(config)
    assert f"{item['id']} of rufin_credit_risk" in str(caught.value)


def test_every_line_to_remove_is_named_once(tmp_path: Path):
    items = read_jsonl(ROOT / "credit_risk" / "data" / "test.jsonl")[:12]
    rows = [{key: item[key] for key in ("instruction", "output", "category")} for item in items]
    fresh = {"instruction": "Придумайте слоган для банка, который любит котов", "output": "Мур", "category": "x"}
    text = "\n\n".join(json.dumps(row, ensure_ascii=False) for row in [fresh, *rows])
    (tmp_path / "my.jsonl").write_text(text, encoding="utf-8")
    data = DataConfig(tasks=[], files=[tmp_path / "my.jsonl"], weights={"my.jsonl": 3.0})
    with pytest.raises(UserError, match="12 training examples") as caught:
        gather(FinetuneConfig(model=ModelConfig(pretrained="x"), data=data))
    places = str(caught.value).partition("my.jsonl: ")[2].partition(";")[0]
    assert sorted(map(int, places.split(", "))) == list(range(3, 26, 2))
