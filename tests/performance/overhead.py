"""What a run costs beside the model: loading tasks, building prompts, keeping answers, grading, writing.

    python tests/performance/overhead.py                       # 1,000 items; then 24 of them by the embedded model
    python tests/performance/overhead.py --model PATH --sample 60

The run is `rufinbench run`'s own, in this process, with answers that come from a list: references of the test items
and of others, so that grading has real texts to read. Its phases are timed one by one, the time that the model takes
is left out, and the rest is set against the time that the model needs for as many items, by a sample that it answers
with the tasks' own limits. Importing libraries and loading the model are not counted: they do not grow with the items.
"""

import argparse
import json
import math
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any
from unittest.mock import patch

from lm_eval import evaluator, evaluator_utils
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.task import ConfigurableTask, Task
from transformers import AutoTokenizer

from benchmark import run as running
from benchmark.families import families
from benchmark.lmtasks import LoadedTasks
from benchmark.machine import device
from benchmark.run import RunOptions
from benchmark.runs import provenance
from benchmark.storage.hook import Hook
from benchmark.storage.store import AnswerStore
from benchmark.system import SystemSpec, load_lm
from tasks.dataset import read_split

MODEL = "the model (left out)"
PHASES = (
    (LoadedTasks, "__init__", "loading tasks and data"),
    (running, "task_manager", "loading tasks and data"),
    (running, "load_lm", MODEL),
    (running, "identity", "hashing the model's files"),
    (running, "request", "hashing tasks and data"),
    (Task, "build_all_requests", "building prompts"),
    (AnswerStore, "get", "keeping answers"),
    (AnswerStore, "put", "keeping answers"),
    (Hook, "_count", "progress and token counts"),
    (provenance, "_tokens", "progress and token counts"),
    (Task, "apply_filters", "grading"),
    (ConfigurableTask, "process_results", "grading"),
    (evaluator_utils, "_compute_task_aggregations", "means and standard errors"),
    (evaluator, "add_env_info", "lm-eval's report of the machine"),
    (running, "write_run", "writing"),
)
"""Owner and name of each function that is timed, and what its time is called; the innermost call gets it."""


class Recited(LM):
    """Answers from a list, one by one, told to the store as the engine does."""

    tells_answers = True

    def __init__(self, model: str, answers: Iterator[str]) -> None:
        super().__init__()
        self._answers = answers
        self.tokenizer = AutoTokenizer.from_pretrained(SystemSpec(model).local_path or model)

    def tok_encode(self, text: str, **options: Any) -> list[int]:
        return self.tokenizer.encode(text, **options)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        given = []
        for request in requests:
            given.append(next(self._answers))
            self.cache_hook.add_partial("generate_until", request.args, given[-1])
        return given

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> Any:
        raise NotImplementedError

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> Any:
        raise NotImplementedError


class Clock:
    """Seconds by phase: each moment belongs to the innermost phase that is under way."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._open = ["everything else"]
        self._since = time.perf_counter()

    def turn(self) -> None:
        """Book the time since the last turn."""
        now = time.perf_counter()
        self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def timed(self, function: Callable[..., Any], phase: str) -> Callable[..., Any]:
        """The function, with its time booked under a phase."""

        def call(*arguments: Any, **options: Any) -> Any:
            self.turn()
            self._open.append(phase)
            try:
                return function(*arguments, **options)
            finally:
                self.turn()
                self._open.pop()

        return call

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Time every function of `PHASES`."""
        patches = [patch.object(owner, name, self.timed(getattr(owner, name), phase)) for owner, name, phase in PHASES]
        for one in patches:
            one.start()
        self._since = time.perf_counter()
        try:
            yield
        finally:
            self.turn()
            for one in patches:
                one.stop()


def beside(model: str, items: int) -> tuple[Counter[str], int]:
    """Seconds by phase of a run of so many items in equal shares, and the number of items."""
    texts = (doc for family in families() for doc in read_split(family, "test"))
    answers = cycle([text for doc in texts for text in (doc["output"], doc["floor_reference"])])
    clock, limit = Clock(), math.ceil(items / len(families()))
    with tempfile.TemporaryDirectory() as folder:
        # The clock's own patch of `load_lm` lies over this one.
        with patch.object(running, "load_lm", lambda *_, **__: Recited(model, answers)), clock.watching():
            made = running.run(SystemSpec(model), Path(folder) / "run", RunOptions(limit=limit))
        record = json.loads((made / "run.json").read_text(encoding="utf-8"))
    return clock.seconds, sum(task["documents"] for task in record["tasks"].values())


def by_the_model(model: str, sample: int) -> tuple[float, int]:
    """Seconds in the engine for a sample of the items, and their number."""
    spent = [0.0]

    def timed(*arguments: Any, **options: Any) -> Any:
        lm = load_lm(*arguments, **options)
        generate = lm.generate_until

        def asked(*given: Any, **further: Any) -> list[str]:
            started = time.perf_counter()
            answers = generate(*given, **further)
            spent[0] += time.perf_counter() - started
            return answers

        lm.generate_until = asked  # type: ignore[method-assign]
        return lm

    limit = math.ceil(sample / len(families()))
    with tempfile.TemporaryDirectory() as folder, patch.object(running, "load_lm", timed):
        running.run(SystemSpec(model), Path(folder) / "run", RunOptions(limit=limit))
    return spent[0], limit * len(families())


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--sample", type=int, default=24, help="items that the model answers; 0: none")
    arguments = parser.parse_args()
    seconds, items = beside(arguments.model, arguments.items)
    seconds.pop(MODEL)
    total = seconds.total()
    print(f"{device()['name']}, {device()['cores']} cores; {items} items\n")
    print("| beside the model | seconds | share |\n|---|---:|---:|")
    for phase, spent in seconds.most_common():
        print(f"| {phase} | {spent:.2f} | {spent / total:.0%} |")
    print(f"| together | {total:.2f} | {1000 * total / items:.1f} ms an item |")
    if arguments.sample:
        needed, asked = by_the_model(arguments.model, arguments.sample)
        whole = needed / asked * items
        print(
            f"\n{arguments.model}: {needed:.1f} s for {asked} items, so {whole:.0f} s for {items}; beside it ", end=""
        )
        print(
            f"{total / (total + whole):.2%} of the run. It is 5% beside a model of {19 * total / items:.2f} s an item."
        )


if __name__ == "__main__":
    main()
