"""Training examples: the tasks' own prompts, a supervised end, nothing cut."""

import json
from collections import Counter
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmark.engine import RowwiseHFLM
from benchmark.errors import UserError
from benchmark.run import task_manager
from finetune.config import DataConfig
from finetune.examples import tokenize
from finetune.leakage import find_leaks
from finetune.texts import Text, guarded_texts, training_texts, validation_texts


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path):
    return AutoTokenizer.from_pretrained(tiny_model)


def test_prompts_are_what_evaluation_sends():
    config = DataConfig(tasks=["rufin_calculation"], limit_per_task=3)
    task = task_manager().load(["rufin_calculation"])["tasks"]["rufin_calculation"]
    prompts = {task.doc_to_text(doc) for doc in task.training_docs()}
    assert all(example.prompt in prompts for example in training_texts(config, 0))


def test_the_answer_ends_in_a_supervised_eos_and_the_prompt_is_generations(tokenizer):
    (example,) = tokenize(
        [Text("a", "q", "### Задание\nСколько?\n", "Ответ: 5")], tokenizer, DataConfig(tasks=["x"])
    ).kept
    assert example.answer_ids[-1] == tokenizer.eos_token_id
    assert list(example.prompt_ids) == tokenizer("### Задание\nСколько?\n")["input_ids"]
    assert tokenizer.decode(example.answer_ids[:-1]) == "Ответ: 5"


def test_a_long_example_is_dropped_and_counted(tokenizer):
    texts = [Text("a", "q", "вопрос " * 200, "ответ"), Text("a", "q", "вопрос", "ответ")]
    examples = tokenize(texts, tokenizer, DataConfig(tasks=["x"], max_length=64))
    assert (len(examples.kept), examples.dropped) == (1, {"a": 1})


def test_weights_repeat_and_thin_out():
    count = lambda weight: len(  # noqa: E731
        training_texts(DataConfig(tasks=["rufin_esg_risk"], limit_per_task=10, weights={"rufin_esg_risk": weight}), 0)
    )
    assert [count(weight) for weight in (0.0, 0.5, 1.0, 2.3)] == [0, 5, 10, 23]


def test_a_groups_weight_is_its_members_and_a_members_own_stands_above_it():
    weights = {"rufin": 0.5, "rufin_esg_risk": 2.0}
    counts = Counter(text.source for text in training_texts(DataConfig(limit_per_task=10, weights=weights), 0))
    assert counts.pop("rufin_esg_risk") == 20
    assert set(counts.values()) == {5} and len(counts) == 5


def test_files_are_weighted_by_name_or_by_path_where_a_name_stands_for_two(tmp_path: Path):
    files = [tmp_path / folder / "my.jsonl" for folder in ("a", "b")]
    for file in files:
        file.parent.mkdir()
        file.write_text('{"instruction": "Сколько?", "output": "5"}', encoding="utf-8")
    both = DataConfig(tasks=[], files=files, weights={str(files[1]): 3.0})
    assert Counter(text.source for text in training_texts(both, 0)) == {str(files[0]): 1, str(files[1]): 3}
    one = DataConfig(tasks=[], files=files[:1], weights={"my.jsonl": 2.0})
    assert [(text.source, text.place) for text in training_texts(one, 0)] == [("my.jsonl", "1")] * 2


def test_a_file_that_is_named_twice_is_refused(tmp_path: Path):
    (tmp_path / "my.jsonl").write_text('{"instruction": "Сколько?", "output": "5"}', encoding="utf-8")
    with pytest.raises(UserError, match=r"data\.files: .*my\.jsonl stands there 2 times"):
        training_texts(DataConfig(tasks=[], files=[tmp_path / "my.jsonl"] * 2), 0)
    with pytest.raises(UserError, match=r"data\.validation_files: .*gone\.jsonl"):
        validation_texts(DataConfig(tasks=["rufin_esg_risk"], validation_files=[tmp_path / "gone.jsonl"]))


@pytest.mark.parametrize("key", ["my.json", "rufin_calculation", "data/my.jsonl"])
def test_a_weight_of_nothing_is_refused(key: str, tmp_path: Path):
    (tmp_path / "my.jsonl").write_text('{"instruction": "Сколько?", "output": "5"}', encoding="utf-8")
    with pytest.raises(UserError, match=r"is not trained on; known there: .*my\.jsonl"):
        training_texts(DataConfig(tasks=[], files=[tmp_path / "my.jsonl"], weights={key: 2.0}), 0)


@pytest.mark.parametrize("tasks", [["rufin_calculation"], ["rufin_esg_risk"], []])
def test_a_users_row_of_a_known_family_gets_that_familys_prompt(tasks: list[str], tmp_path: Path):
    rows = [
        {"instruction": "Рассчитай ROE", "output": "Ответ: 20%", "category": "calculation"},
        {"instruction": "Придумай слоган", "output": "Лучший банк", "category": "marketing"},
    ]
    path = tmp_path / "my.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    known, other = training_texts(DataConfig(tasks=tasks, limit_per_task=1, files=[path]), 0)[-2:]
    assert "### Формат ответа" in known.prompt
    assert other.prompt == "### Задание\nПридумай слоган\n\n### Ответ\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"instruction": "a", "output": ""}', "key 'output' must be a non-empty text"),
        ('{"instruction": "a", "outpu', "not a whole line of JSON"),
        ("[1, 2]", "expected a JSON object"),
        ('\n\n{"instruction": "a", "output": ""}', "my.jsonl:3: key 'output'"),
        ('{"instruction": "a", "output": "b", "category": ["x"]}', "'category' must be a non-empty text"),
        ('{"instruction": "\\ud800", "output": "b"}', "'instruction' must be a non-empty text of whole characters"),
        ('{"instruction": ' + "9" * 5000 + "}", "not JSON that can be read"),
        ("[" * 100_000, "not JSON that can be read"),
    ],
)
def test_a_bad_row_is_named(content: str, message: str, tmp_path: Path):
    (tmp_path / "my.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        training_texts(DataConfig(tasks=[], files=[tmp_path / "my.jsonl"]), 0)


def test_a_file_in_another_encoding_is_named(tmp_path: Path):
    (tmp_path / "my.jsonl").write_bytes('{"instruction": "вопрос", "output": "ответ"}'.encode("cp1251"))
    with pytest.raises(UserError, match=r"my\.jsonl: not in UTF-8"):
        training_texts(DataConfig(tasks=[], files=[tmp_path / "my.jsonl"]), 0)


def test_validation_takes_the_users_file_and_no_weight_thins_it(tmp_path: Path):
    (tmp_path / "held.jsonl").write_text('{"instruction": "Сколько?", "output": "5"}\n' * 3, encoding="utf-8")
    files = [tmp_path / "held.jsonl"]
    assert len(validation_texts(DataConfig(tasks=[], files=[tmp_path / "x"], validation_files=files))) == 3
    whole = len(validation_texts(DataConfig(tasks=["rufin_esg_risk"])))
    thinned = DataConfig(tasks=["rufin_esg_risk"], limit_per_task=2, weights={"rufin_esg_risk": 0.0})
    assert len(validation_texts(thinned)) == whole > 2


FOREIGN = """
task: toy
custom_dataset: !function toy.load
training_split: train
validation_split: validation
output_type: multiple_choice
description: "Выберите ответ.\\n\\n"
doc_to_text: "Вопрос: {{question}}\\nОтвет:"
doc_to_choice: "{{choices}}"
doc_to_target: answer
"""
TOY = """
from datasets import Dataset


def load(**_):
    docs = [{"question": f"Сколько будет {i} плюс {i}, если прибавить ещё сто?", "choices": ["да", "нет"], "answer": i % 2} for i in range(3)]
    other = [{"question": "Какова столица области, в которой работает завод?", "choices": ["Омск", "Томск"], "answer": 1}]
    return {"train": Dataset.from_list(docs), "validation": Dataset.from_list(other)}
"""


def test_a_foreign_task_is_trained_on_as_lm_eval_shows_it_and_its_scored_split_is_guarded(tmp_path: Path):
    (tmp_path / "toy.yaml").write_text(FOREIGN, encoding="utf-8")
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    config = DataConfig(tasks=["toy"], include_paths=[tmp_path])
    first, second, _ = training_texts(config, 0)
    assert first.prompt == "Выберите ответ.\n\nВопрос: Сколько будет 0 плюс 0, если прибавить ещё сто?\nОтвет:"
    assert [first.answer, second.answer] == [" да", " нет"], "the choice, not its number"
    assert first.instruction == first.prompt
    (scored,) = [text for text in guarded_texts(config) if text.source == "toy"]
    assert "столица" in scored.instruction, "lm-eval scores the validation split where there is no other"
    assert not find_leaks(training_texts(config, 0), [scored])


def test_a_task_that_is_not_there_is_refused_with_the_key_that_adds_a_folder(tmp_path: Path):
    with pytest.raises(UserError, match=r"data\.tasks nosuch: unknown; .* is named by data\.include_paths"):
        training_texts(DataConfig(tasks=["nosuch"]), 0)
    with pytest.raises(UserError, match=r"data\.include_paths .*gone: no such directory"):
        training_texts(DataConfig(tasks=["toy"], include_paths=[tmp_path / "gone"]), 0)


def test_a_chat_template_is_asked_for_in_vain(tokenizer):
    with pytest.raises(UserError, match="no chat template"):
        tokenize([Text("a", "q", "p", "a")], tokenizer, DataConfig(tasks=["x"], apply_chat_template=True))


def test_a_chat_template_wraps_the_prompt(tiny_model: Path):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = (
        "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"
    )
    (example,) = tokenize(
        [Text("a", "q", "вопрос", "ответ")], tokenizer, DataConfig(tasks=["x"], apply_chat_template=True)
    ).kept
    assert tokenizer.decode(example.prompt_ids) == "<bos>[user]вопрос[assistant]"


@pytest.mark.parametrize("template", ["{{ bos_token }}", "", "<eos>"])
@pytest.mark.parametrize("chat", [True, False])
def test_prompts_are_encoded_as_evaluation_encodes_them(template: str, chat: bool, tiny_model: Path):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = template + "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"
    config = DataConfig(tasks=["x"], apply_chat_template=chat)
    (example,) = tokenize([Text("a", "q", "вопрос", "ответ")], tokenizer, config).kept
    lm = RowwiseHFLM(pretrained=AutoModelForCausalLM.from_pretrained(tiny_model), tokenizer=tokenizer)
    asked = lm.apply_chat_template([{"role": "user", "content": "вопрос"}]) if chat else "вопрос"
    assert list(example.prompt_ids) == lm.tok_batch_encode([asked])[0][0].tolist()
