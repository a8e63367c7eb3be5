"""Training texts: the tasks' own prompts, so that training and evaluation cannot drift, and the user's own rows."""

import functools
import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.check import training_row_problems
from benchmark.errors import UserError
from benchmark.run import check_tasks, task_manager
from finetune.config import DataConfig
from tasks.items import DataError, numbered_rows

BENCHMARK = "rufin"
"""The group whose prompts a user's rows get, and whose test items no training may contain."""


@dataclass(frozen=True)
class Text:
    """One example before tokenization."""

    source: str
    """The task's name, or the file's."""
    instruction: str
    """What the leakage gate compares: the question without the answer format, or a foreign task's whole prompt."""
    prompt: str
    answer: str
    place: str = ""
    """Where it stands in its source: a file's line, an item's id."""


def training_texts(config: DataConfig, seed: int) -> list[Text]:
    """The tasks' training splits and the user's files, each as often as its weight says.

    Raises:
        UserError: an unknown task, a task that cannot be trained on, an unreadable file or row, a weight of nothing.
    """
    groups = _groups(config, config.tasks)
    files = _labelled("data.files", config.files)
    weights = _weights(config, groups, files)
    texts: list[Text] = []
    for name, task in _members(groups).items():
        docs = _sampled(_docs(name, task, "train"), config.limit_per_task, seed)
        texts += _weighted([_text(name, task, doc) for doc in docs], weights.get(name, 1.0), seed)
    for label, path in files.items():
        texts += _weighted(list(_of_file(config, "data.files", label, path)), weights.get(label, 1.0), seed)
    return texts


def validation_texts(config: DataConfig) -> list[Text]:
    """The tasks' validation splits and the user's validation files, whole.

    Raises:
        UserError: as `training_texts`.
    """
    key = "data.validation_files"
    files = _labelled(key, config.validation_files)
    return [
        *(_text(name, task, doc) for name, task, doc in _of_split(config, config.tasks, "validation")),
        *(text for label, path in files.items() for text in _of_file(config, key, label, path)),
    ]


def guarded_texts(config: DataConfig) -> list[Text]:
    """What no training example may be: the questions on which lm-eval scores the configuration's tasks and the benchmark."""
    return [
        Text(name, _question(doc) or _prompt(name, task, doc), "", "", _place(doc))
        for name, task, doc in _of_split(config, sorted({*config.tasks, BENCHMARK}), "scored")
    ]


def _of_split(config: DataConfig, names: Sequence[str], split: str) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    for name, task in _members(_groups(config, names)).items():
        for doc in _docs(name, task, split):
            yield name, task, doc


def _groups(config: DataConfig, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The tasks of each name, which may be a group's."""
    manager = _manager(tuple(map(str, config.include_paths)), frozenset({*config.tasks, BENCHMARK}))
    if names:
        check_tasks(manager, names, "data.tasks")
    return {name: _load(manager, name) for name in names}


@functools.cache
def _manager(folders: Sequence[str], names: Collection[str]) -> Any:
    return task_manager(folders, list(names), named="data.include_paths")


@functools.cache
def _load(manager: Any, name: str) -> dict[str, Any]:
    """A group's tasks by name. One group at a time: a group and one of its tasks together are refused as a duplicate."""
    try:
        return dict(manager.load([name])["tasks"])
    except DataError as error:
        raise UserError(str(error)) from error


def _members(groups: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: task for members in groups.values() for name, task in members.items()}


def _text(name: str, task: Any, doc: Mapping[str, Any]) -> Text:
    prompt = _prompt(name, task, doc)
    return Text(name, _question(doc) or prompt, prompt, _answer(task, doc), _place(doc))


def _docs(name: str, task: Any, split: str) -> list[dict[str, Any]]:
    if split == "train":
        if not task.has_training_docs():
            raise UserError(f"data.tasks: {name} has no training split; name another task, or data.files")
        return list(task.training_docs())
    if split == "validation":
        return list(task.validation_docs()) if task.has_validation_docs() else []
    return list(task.eval_docs) if task.has_test_docs() or task.has_validation_docs() else []


def _place(doc: Mapping[str, Any]) -> str:
    """What a document calls itself; its beginning, where it has no name."""
    return str(doc.get("id") or next(iter(doc.values()), ""))[:40]


def _question(doc: Mapping[str, Any]) -> str:
    found = doc.get("instruction")
    return found if isinstance(found, str) else ""


def _prompt(name: str, task: Any, doc: Mapping[str, Any]) -> str:
    """What lm-eval sends without examples, the task's description included."""
    prompt = task.fewshot_context(doc, num_fewshot=0)
    if not isinstance(prompt, str) or not prompt:
        raise UserError(f"data.tasks: {name} asks no question with an answer to it; name another task, or data.files")
    return prompt


def _answer(task: Any, doc: Mapping[str, Any]) -> str:
    """What lm-eval would show as the answer of an example: of a choice its text, not its number."""
    target = task.doc_to_target(doc)
    if isinstance(target, list):
        target = target[0]
    if isinstance(target, int) and task.config.doc_to_choice is not None:
        target = task.doc_to_choice(doc)[target]
    return f"{task.config.target_delimiter}{target}"


def _labelled(key: str, paths: Sequence[Path]) -> dict[str, Path]:
    """Files by what they are called in a manifest: their names, or their paths where a name stands for several."""
    for path, times in Counter(paths).items():
        if times > 1:
            raise UserError(f"{key}: {path} stands there {times} times; name it once, and its weight in data.weights")
    names = Counter(path.name for path in paths)
    return {path.name if names[path.name] == 1 else str(path): path for path in paths}


def _weights(
    config: DataConfig, groups: Mapping[str, Mapping[str, Any]], files: Mapping[str, Path]
) -> dict[str, float]:
    """Weights by task and file. A task's own stands above that of a group it is in."""
    meant: dict[str, list[str]] = {task: [task] for task in _members(groups)}
    meant |= {label: [label] for label in files} | {str(path): [label] for label, path in files.items()}
    meant |= {name: list(members) for name, members in groups.items()}
    for key, weight in config.weights.items():
        if key not in meant:
            raise UserError(f"data.weights: {key!r} is not trained on; known there: {', '.join(sorted(meant))}")
        if weight < 0:
            raise UserError(f"data.weights: {key}: {weight} is negative; give 0 or more")
    general_first = sorted(config.weights, key=lambda key: -len(meant[key]))
    return {source: config.weights[key] for key in general_first for source in meant[key]}


def _sampled(docs: list[dict[str, Any]], limit: int | None, seed: int) -> list[dict[str, Any]]:
    return docs if limit is None or limit >= len(docs) else random.Random(seed).sample(docs, limit)


def _weighted(texts: list[Text], weight: float, seed: int) -> list[Text]:
    whole, part = int(weight), weight - int(weight)
    return texts * whole + random.Random(seed).sample(texts, round(part * len(texts)))


def _of_file(config: DataConfig, key: str, label: str, path: Path) -> Iterator[Text]:
    """Rows of the simple form; a row whose category is one of the benchmark's families is asked in its prompt."""
    try:
        rows = numbered_rows(path)
    except OSError as error:
        raise UserError(f"{key}: {path}: {error.strerror}") from error
    except DataError as error:
        raise UserError(f"{key}: {error}") from error
    ours = _groups(config, [BENCHMARK])[BENCHMARK]
    families = {task.config.metadata.get("family"): (name, task) for name, task in ours.items()}
    if not rows:
        raise UserError(f"{key}: {path}: no rows; give a JSONL file with a row a line, or leave it out")
    for number, row in rows:
        for problem in training_row_problems(row):
            raise UserError(f"{key}: {path}:{number}: {problem}; rufinbench check --data {path} lists all")
        family = families.get(row.get("category"))
        prompt = _prompt(*family, row) if family else f"### Задание\n{row['instruction']}\n\n### Ответ\n"
        yield Text(label, row["instruction"], prompt, row["output"], str(number))
