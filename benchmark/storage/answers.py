"""Finished answers are kept the moment they exist, so that an interrupted run goes on from where it stopped.

One store serves one system: its file is named by the hash of everything that changes an answer, so two systems
can never read each other's. A key within the store is the request itself: prompt and generation settings.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from benchmark.runs.progress import Progress
from benchmark.storage.store import AnswerStore
from benchmark.systems.identity import sha256_of_json

SLICE = 128
"""Requests that a backend is given at once if it does not tell of each answer as it comes."""
PORTIONS = {"loglikelihood": 256, "loglikelihood_rolling": 1 << 18}
"""Questions, and characters of whole texts, that a process scores in one portion.

The last bits of a log-likelihood depend on what shares its batch. So portions follow from the requests of a run alone,
and one with anything missing is asked again whole: a run that was interrupted ends with the numbers of one that was not.
"""


class _Hook:
    """What lm-eval's backends call after each answer (`cache_hook.add_partial`)."""

    def __init__(self, store: AnswerStore, counted: Callable[[Any], None]) -> None:
        self._store = store
        self._counted = counted
        self.occurrences: Counter[str] = Counter()
        """Answers that the store has for a sampled request."""

    def add_partial(self, method: str, arguments: Sequence[Any], answer: Any) -> None:
        key = _key(method, arguments)
        if _is_sampled(arguments):
            self._store.put(_nth(key, self.occurrences[key]), answer)
            self.occurrences[key] += 1
        else:
            self._store.put(key, answer)
        self._counted(answer)


def _key(method: str, arguments: Sequence[Any]) -> str:
    return sha256_of_json([method, list(arguments)])


def _nth(key: str, occurrence: int) -> str:
    return f"{key}#{occurrence}"


def is_sampled(settings: Any) -> bool:
    """Whether generation settings ask for a random answer: as lm-eval reads them, a temperature alone does."""
    if not isinstance(settings, dict):
        return False
    chosen = settings.get("do_sample")
    return bool(chosen) if chosen is not None else float(settings.get("temperature") or 0) > 0


def _is_sampled(arguments: Sequence[Any]) -> bool:
    return is_sampled(arguments[-1])


def _portions(
    method: str, requests: Sequence[Instance], same: Iterable[list[int]], processes: int
) -> list[list[list[int]]]:
    """Requests in portions; those with one context together, so that it is read once, and the longest first."""
    questions: dict[str, list[list[int]]] = {}
    for positions in same:
        questions.setdefault(requests[positions[0]].args[0], []).append(positions)
    portions: list[list[list[int]]] = []
    size = math.inf
    for text in sorted(questions, key=lambda text: (-len(text), text)):
        if size >= PORTIONS[method] * processes:
            portions.append([])
            size = 0
        portions[-1] += questions[text]
        size += 1 if method == "loglikelihood" else len(text)
    return portions


class StoredLM(LM):
    """Any lm-eval model, with answers taken from the store where it has them.

    A greedy request has one answer, however often it is asked. A sampled one (`do_sample: true`) has as many as it
    is repeated: each repeat takes a stored answer of its own, or a fresh one.
    """

    def __init__(self, lm: LM, store: AnswerStore, progress: Progress | None = None, *, follows: bool = False) -> None:
        """Wrap a model.

        Args:
            progress: is told of every answer; lm-eval's own bars are switched off for it.
            follows: whether another process decides which repeats of a sampled request are missing; all that it
                asks for are then drawn.
        """
        super().__init__()
        self.lm = lm
        self.store = store
        self._progress = progress
        self._follows = follows
        self._hook = _Hook(store, self._count)
        # lm-eval's own backends call the hook with settings that they changed (vllm), or with another request's
        # (sglang), so that only a backend that promises to be exact is listened to.
        self._told = bool(getattr(lm, "tells_answers", False))
        if self._told:
            lm.set_cache_hook(cast("Any", self._hook))

    def _count(self, answer: Any) -> None:
        if self._progress is not None:
            encode = getattr(self.lm, "tok_encode", None) if isinstance(answer, str) else None
            self._progress.advance(tokens=len(encode(answer)) if encode else 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["lm"], name)

    @property
    def device(self) -> Any:
        return self.lm.device

    @property
    def rank(self) -> int:
        return self.lm.rank

    @property
    def world_size(self) -> int:
        return self.lm.world_size

    @property
    def tokenizer_name(self) -> str:
        return self.lm.tokenizer_name

    def all_gather(self, tensor: Any) -> Any:
        return self.lm.all_gather(tensor)

    def gather_object(self, obj: Any, dst: int = 0) -> Any:
        return self.lm.gather_object(obj, dst)

    def barrier(self) -> None:
        self.lm.barrier()

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        return self.lm.chat_template(chat_template)

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        return self.lm.apply_chat_template(chat_history, add_generation_prompt=add_generation_prompt)

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        answers = self._answer("loglikelihood", requests)
        return [(float(value), bool(greedy)) for value, greedy in answers]

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        return self._answer("loglikelihood_rolling", requests)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        return self._answer("generate_until", requests)

    def _answer(self, method: str, requests: Sequence[Instance]) -> list[Any]:
        answers = self._stored(method, requests)
        portions = self._portions(method, requests, [answer is None for answer in answers])
        if self._progress is not None and requests:
            asked = sum(len(positions) for portion in portions for positions in portion)
            self._progress.start(len(requests), len(requests) - asked)
        self._reseed(sum(self._hook.occurrences.values()))
        for portion in portions:
            firsts = [requests[positions[0]] for positions in portion]
            fresh = getattr(self.lm, method)(firsts, disable_tqdm=True)
            for positions, request, answer in zip(portion, firsts, fresh, strict=True):
                for position in positions:
                    answers[position] = answer
                if not self._told:
                    self._hook.add_partial(method, request.args, answer)
        return answers

    def _portions(self, method: str, requests: Sequence[Instance], missing: Sequence[bool]) -> list[list[list[int]]]:
        """What the backend is asked at once: for each request the positions that it stands in."""
        if method in PORTIONS and self._told and not getattr(self.lm, "answers_alone", False):
            same = self._same(method, requests, range(len(requests)))
            portions = _portions(method, requests, same, getattr(self.lm, "processes", 1))
            return [portion for portion in portions if any(missing[p] for positions in portion for p in positions)]
        same = self._same(method, requests, [position for position, needed in enumerate(missing) if needed])
        # A backend that tells of each answer loses none; of any other only the slice under way can be lost.
        size = max(1, len(same) if self._told else SLICE)
        return [same[start : start + size] for start in range(0, len(same), size)]

    def _same(self, method: str, requests: Sequence[Instance], among: Iterable[int]) -> list[list[int]]:
        """Positions of equal greedy requests together, to be asked once; each sampled one alone."""
        groups: dict[Any, list[int]] = {}
        for position in among:
            arguments = requests[position].args
            groups.setdefault(position if _is_sampled(arguments) else _key(method, arguments), []).append(position)
        return list(groups.values())

    def _stored(self, method: str, requests: Sequence[Instance]) -> list[Any]:
        """What the store has for each request, None where it has nothing."""
        answers = []
        for request in requests:
            key = _key(method, request.args)
            if not _is_sampled(request.args):
                answers.append(self.store.get(key))
                continue
            found = self.store.get(_nth(key, self._hook.occurrences[key]))
            while found is not None and self._follows:
                self._hook.occurrences[key] += 1
                found = self.store.get(_nth(key, self._hook.occurrences[key]))
            self._hook.occurrences[key] += found is not None
            answers.append(found)
        return answers

    def _reseed(self, drawn: int) -> None:
        """After an interrupted run, draw on: from its first seed, samples would repeat those in the store."""
        if drawn:
            import torch

            torch.manual_seed(torch.initial_seed() + drawn)
