"""Training examples: the tasks' own prompts, a supervised end, nothing cut."""

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from benchmark.errors import UserError
from benchmark.run import task_manager
from finetune.config import DataConfig
from finetune.examples import Text, read_texts, tokenize


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path):
    return AutoTokenizer.from_pretrained(tiny_model)


def test_prompts_are_what_evaluation_sends():
    config = DataConfig(tasks=["rufin_calculation"], limit_per_task=3)
    task = task_manager().load(["rufin_calculation"])["tasks"]["rufin_calculation"]
    prompts = {task.doc_to_text(doc) for doc in task.training_docs()}
    assert all(example.prompt in prompts for example in read_texts(config, "train", 0))


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
        read_texts(
            DataConfig(tasks=["rufin_esg_risk"], limit_per_task=10, weights={"rufin_esg_risk": weight}), "train", 0
        )
    )
    assert [count(weight) for weight in (0.0, 0.5, 1.0, 2.3)] == [0, 5, 10, 23]


def test_a_users_row_of_a_known_family_gets_that_familys_prompt(tmp_path: Path):
    rows = [
        {"instruction": "Рассчитай ROE", "output": "Ответ: 20%", "category": "calculation"},
        {"instruction": "Придумай слоган", "output": "Лучший банк", "category": "marketing"},
    ]
    path = tmp_path / "my.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    config = DataConfig(tasks=["rufin_calculation"], limit_per_task=1, files=[path])
    known, other = read_texts(config, "train", 0)[1:]
    assert "### Формат ответа" in known.prompt
    assert other.prompt == "### Задание\nПридумай слоган\n\n### Ответ\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"instruction": "a", "output": ""}', "'output' must be a non-empty text"),
        ('{"instruction": "a", "outpu', "not a whole line of JSON"),
        ("[1, 2]", "expected a JSON object"),
    ],
)
def test_a_bad_row_is_named(content: str, message: str, tmp_path: Path):
    (tmp_path / "my.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_texts(DataConfig(tasks=[], files=[tmp_path / "my.jsonl"]), "train", 0)


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
