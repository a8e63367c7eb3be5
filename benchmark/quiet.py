"""Keeps other libraries' notices out of a run's output: they hide the progress bar and give a user nothing to act on."""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

_LIBRARIES = ("lm_eval", "transformers", "httpx", "datasets", "huggingface_hub", "bitsandbytes")


def quiet_libraries() -> None:
    """Errors only from the libraries; where stderr is no terminal, no progress bars of theirs either."""
    # Unset, tokenizers warn of every process that is started; set, they no longer see to it that a fork does not wait for
    # threads that it has not.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: os.environ.update(TOKENIZERS_PARALLELISM="false"))
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")  # for its callers' authors
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.ERROR)
    if not sys.stderr.isatty():
        import datasets
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        datasets.disable_progress_bars()


@contextmanager
def quiet_evaluation() -> Iterator[None]:
    """While lm-eval evaluates: no bar for each task's prompts, no complaint of git outside a repository.

    lm-eval has no option for either.
    """
    from lm_eval import evaluator
    from lm_eval.api import task
    from lm_eval.loggers.utils import get_commit_from_path

    bar, commit = task.tqdm, evaluator.get_git_commit_hash
    task.tqdm = partial(bar, disable=True)
    evaluator.get_git_commit_hash = lambda: get_commit_from_path(Path.cwd())  # type: ignore[assignment]
    try:
        yield
    finally:
        task.tqdm, evaluator.get_git_commit_hash = bar, commit
