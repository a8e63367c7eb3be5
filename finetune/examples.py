"""Training examples as token ids: prompts from the tasks' own templates, so that training and evaluation cannot drift."""

import functools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import UserError
from benchmark.run import check_tasks, task_manager
from finetune.config import DataConfig
from tasks.items import DataError, read_jsonl

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Text:
    """One example before tokenization."""

    source: str
    """The task's name, or the file's."""
    instruction: str
    """What the leakage gate compares: the question without the answer format."""
    prompt: str
    answer: str


@dataclass(frozen=True)
class Example:
    """One example as the model sees it: the answer's tokens are supervised, the prompt's are not."""

    source: str
    prompt_ids: tuple[int, ...]
    answer_ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.prompt_ids) + len(self.answer_ids)


@dataclass(frozen=True)
class Examples:
    """Tokenized examples, and what was left out."""

    kept: list[Example]
    dropped: dict[str, int] = field(default_factory=dict)
    """Source -> examples that are longer than `max_length`."""

    @property
    def tokens(self) -> int:
        return sum(len(example) for example in self.kept)

    @property
    def supervised_tokens(self) -> int:
        return sum(len(example.answer_ids) for example in self.kept)

    @property
    def by_source(self) -> dict[str, int]:
        return dict(sorted(Counter(example.source for example in self.kept).items()))


def read_texts(config: DataConfig, split: str, seed: int) -> list[Text]:
    """The texts of a split: the tasks', and for `train` the user's own files.

    Raises:
        UserError: an unknown task, a task without that split, an unreadable file or row.
    """
    texts = []
    loaded = _load_tasks(config.tasks) if config.tasks else {}
    for name, task in loaded.items():
        found = [Text(name, str(doc.get("instruction", "")), *_prompt(task, doc)) for doc in _docs(task, name, split)]
        texts += _weighted(_sampled(found, config.limit_per_task, seed), config.weights.get(name, 1.0), seed)
    if split == "train":
        for path in config.files:
            found = list(_read_file(path, loaded))
            texts += _weighted(found, config.weights.get(path.name, 1.0), seed)
    return texts


def _load_tasks(names: Sequence[str]) -> dict[str, Any]:
    check_tasks(_manager(), names)
    try:
        # One by one: a group and one of its tasks together are refused as a duplicate.
        return {task: loaded for name in names for task, loaded in _load(name).items()}
    except DataError as error:
        raise UserError(str(error)) from error


@functools.cache
def _manager() -> Any:
    return task_manager()


@functools.cache
def _load(name: str) -> dict[str, Any]:
    """A training reads the same tasks for each of their splits."""
    return _manager().load([name])["tasks"]


def _docs(task: Any, name: str, split: str) -> Sequence[dict[str, Any]]:
    docs = (
        task.training_docs()
        if split == "train"
        else task.validation_docs()
        if split == "validation"
        else task.test_docs()
    )
    if docs is None:
        if split == "train":
            raise UserError(f"data.tasks: {name} has no training split; name another task, or data.files")
        return []
    return docs


def _prompt(task: Any, doc: dict[str, Any]) -> tuple[str, str]:
    return task.doc_to_text(doc), f"{task.config.target_delimiter}{task.doc_to_target(doc)}"


def _sampled(texts: list[Text], limit: int | None, seed: int) -> list[Text]:
    return texts if limit is None or limit >= len(texts) else random.Random(seed).sample(texts, limit)


def _weighted(texts: list[Text], weight: float, seed: int) -> list[Text]:
    if weight < 0:
        raise UserError(f"data.weights: {weight} is negative; give 0 or more")
    whole, part = int(weight), weight - int(weight)
    return texts * whole + random.Random(seed).sample(texts, round(part * len(texts)))


def _read_file(path: Path, tasks: dict[str, Any]) -> Iterator[Text]:
    """Rows of the simple form; a row whose category is a task's family is asked in that task's prompt."""
    try:
        rows = read_jsonl(path)
    except OSError as error:
        raise UserError(f"data.files: {path}: {error.strerror}") from error
    except (DataError, UnicodeDecodeError) as error:
        raise UserError(f"data.files: {error}") from error
    families = {task.config.metadata.get("family"): task for task in tasks.values()}
    for number, row in enumerate(rows, 1):
        for key in ("instruction", "output"):
            if not isinstance(row.get(key), str) or not row[key].strip():
                raise UserError(f"data.files: {path}:{number}: {key!r} must be a non-empty text")
        task = families.get(row.get("category"))
        prompt = task.doc_to_text(row) if task else f"### Задание\n{row['instruction']}\n\n### Ответ\n"
        yield Text(path.name, row["instruction"], prompt, row["output"])


def tokenize(texts: Sequence[Text], tokenizer: "PreTrainedTokenizerBase", config: DataConfig) -> Examples:
    """Texts as examples; the answer ends in the end-of-sequence token, which is supervised too.

    Prompt and answer are tokenized apart, as generation does: the model continues the prompt's own tokens.

    Raises:
        UserError: the tokenizer has no end-of-sequence token or no chat template where one is asked for.
    """
    if tokenizer.eos_token_id is None:
        raise UserError("model.pretrained: its tokenizer has no end-of-sequence token; a tuned model could not stop")
    if config.apply_chat_template and not tokenizer.chat_template:
        raise UserError("data.apply_chat_template: this tokenizer has no chat template; set it to false")
    kept, dropped = [], Counter[str]()
    for text in texts:
        prompt = _as_chat(text.prompt, tokenizer) if config.apply_chat_template else text.prompt
        prompt_ids = tokenizer(prompt, add_special_tokens=not config.apply_chat_template)["input_ids"]
        if prompt_ids and prompt_ids[-1] == tokenizer.eos_token_id:
            prompt_ids = prompt_ids[:-1]  # some tokenizers close every text; the prompt goes on
        answer_ids = [*tokenizer(text.answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        example = Example(text.source, tuple(prompt_ids), tuple(answer_ids))
        if len(example) > config.max_length:
            dropped[text.source] += 1
        else:
            kept.append(example)
    return Examples(kept, dict(dropped))


def _as_chat(prompt: str, tokenizer: "PreTrainedTokenizerBase") -> str:
    return str(
        tokenizer.apply_chat_template([{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True)
    )
