"""One run in several processes (`torchrun`, `accelerate launch`): the first asks, all answer.

Only the first process reads tasks, grades, prints and writes; the others hold a model each and answer what they are
sent. So everything but the answers is made as in a run of one process, and the files come out the same. Every
process keeps its answers in a store of its own.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from benchmark.errors import UserError


@dataclass(frozen=True)
class Team:
    """The processes of one run, as this process sees them."""

    rank: int = 0
    """0 for the one that reads, grades and writes."""
    size: int = 1
    local_rank: int = 0
    """This process's number on its machine, hence its GPU's."""

    def device(self, name: str) -> str:
        """The device of this process, where `name` leaves the choice."""
        import torch

        alone = self.size == 1 or name not in ("auto", "cuda") or not torch.cuda.is_available()
        return name if alone else f"cuda:{self.local_rank}"


def is_first() -> bool:
    """Whether this process is the one that prints."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def team() -> Iterator[Team]:
    """Join the other processes that the launcher started; without a launcher this process is all there is."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team()
        return
    from torch import distributed

    # Only small objects travel, for which gloo serves on every device; a share may take days, and its end is awaited.
    distributed.init_process_group("gloo", timeout=timedelta(weeks=52))
    try:
        yield Team(distributed.get_rank(), size, int(os.environ.get("LOCAL_RANK", "0")))
    finally:
        distributed.destroy_process_group()


class SharedLM:
    """The first process's model, with every list of requests dealt out to all processes.

    Whatever else is asked of it, the wrapped model answers.
    """

    def __init__(self, lm: Any, size: int) -> None:
        """Wrap the model of the first of `size` processes."""
        self._lm = lm
        self.processes = size
        """How many answer together."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lm, name)

    def generate_until(self, requests: Sequence[Any], **options: Any) -> list[Any]:
        """One text for each request, in the order of the requests."""
        return self._ask("generate_until", requests, options)

    def loglikelihood(self, requests: Sequence[Any], **options: Any) -> list[Any]:
        """(log-likelihood, whether greedy) for each request, in the order of the requests."""
        return self._ask("loglikelihood", requests, options)

    def loglikelihood_rolling(self, requests: Sequence[Any], **options: Any) -> list[Any]:
        """One log-likelihood for each request, in the order of the requests."""
        return self._ask("loglikelihood_rolling", requests, options)

    def _ask(self, method: str, requests: Sequence[Any], options: dict[str, Any]) -> list[Any]:
        parts = _deal(requests, self.processes)
        _scatter([(method, [requests[position] for position in part], options) for part in parts])
        answers: list[Any] = [None] * len(requests)
        own = [requests[position] for position in parts[0]]
        shares = _gather(_answer(self._lm, method, own, options), self.processes)
        for part, share in zip(parts, shares, strict=True):
            if isinstance(share, UserError):
                raise share
            for position, answer in zip(part, share, strict=True):
                answers[position] = answer
        return answers


def dismiss(size: int) -> None:
    """Let the other processes end, from the first one."""
    if size > 1:
        _scatter([None] * size)


def serve(lm: Any) -> None:
    """Answer what the first process sends, until it dismisses this one."""
    while (order := _scatter(None)) is not None:
        _gather(_answer(lm, *order), 0)


def _deal(requests: Sequence[Any], size: int) -> list[list[int]]:
    """Positions for each process: equal in number, long prompts and short ones alike.

    Repeats of one request stay together: sampled apart, from equal seeds, they could come out equal.
    """
    same: dict[str, list[int]] = {}
    for position, request in enumerate(requests):
        same.setdefault(repr(request.args), []).append(position)
    longest_first = sorted(same, key=len, reverse=True)
    return [[position for key in longest_first[rank::size] for position in same[key]] for rank in range(size)]


def _answer(lm: Any, method: str, requests: Sequence[Any], options: dict[str, Any]) -> list[Any] | UserError:
    """Answers, or the reason why there are none: it must reach the first process, which waits for this one."""
    try:
        return list(getattr(lm, method)(requests, **options)) if requests else []
    except UserError as error:
        return error


def _scatter(orders: list[Any] | None) -> Any:
    """Send each process its order, from the first one; return this process's."""
    from torch import distributed

    received: list[Any] = [None]
    with _together():
        distributed.scatter_object_list(received, orders, src=0)
    return received[0]


def _gather(answers: Any, size: int) -> list[Any]:
    """Every process's answers by rank, in the first process; nothing (`size` 0) in the others."""
    from torch import distributed

    gathered: list[Any] = [None] * size
    with _together():
        distributed.gather_object(answers, gathered or None, dst=0)
    return gathered


@contextmanager
def _together() -> Iterator[None]:
    """A process that is not heard of any more ends the run, and the answers of all are kept."""
    try:
        yield
    except RuntimeError as error:
        raise UserError(
            "another process of this run ended, and says why above; give the same command again: every answer is kept"
        ) from error
