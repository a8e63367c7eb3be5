"""Finished answers are kept the moment they exist, so that an interrupted run goes on from where it stopped.

One store serves one system: its file is named by the hash of everything that changes an answer, so two systems
can never read each other's. A key within the store is the request itself: prompt and generation settings.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from benchmark.runs.progress import Progress
from benchmark.storage.hook import Hook
from benchmark.storage.portions import Portion, portions, tells_answers
from benchmark.storage.requestkey import is_sampled, nth_key, request_key
from benchmark.storage.store import AnswerStore


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
        self._hook = Hook(lm, store, progress)
        self._told = tells_answers(lm)
        if self._told:
            lm.set_cache_hook(cast("Any", self._hook))

    @property
    def cut_off(self) -> int | None:
        """Answers that a limit of tokens cut off, kept ones included; None where the backend does not say so."""
        return self._hook.cut_off

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
        asked = portions(self.lm, method, requests, [answer is None for answer in answers])
        self._announce(requests, asked)
        self._reseed(sum(self._hook.occurrences.values()))
        for portion in asked:
            firsts = [requests[positions[0]] for positions in portion]
            self._hook.wait_for(method, requests, portion)
            fresh = getattr(self.lm, method)(firsts, disable_tqdm=True)
            for positions, request, answer in zip(portion, firsts, fresh, strict=True):
                for position in positions:
                    answers[position] = answer
                if not self._told:
                    self._hook.add_partial(method, request.args, answer)
            self._hook.count_others()
        return answers

    def _announce(self, requests: Sequence[Instance], asked: Sequence[Portion]) -> None:
        """Tell the progress what each task needs, and what of it is there."""
        if self._progress is None or not requests:
            return
        positions = (position for portion in asked for positions in portion for position in positions)
        needed = Counter(request.task_name or "" for request in requests)
        missing = Counter(requests[position].task_name or "" for position in positions)
        self._progress.start(needed, already=needed - missing)

    def _stored(self, method: str, requests: Sequence[Instance]) -> list[Any]:
        """What the store has for each request, None where it has nothing."""
        answers = []
        for request in requests:
            key = request_key(method, request.args)
            if not is_sampled(request.args[-1]):
                answers.append(self._hook.get(key))
                continue
            found = self._hook.get(nth_key(key, self._hook.occurrences[key]))
            while found is not None and self._follows:
                self._hook.occurrences[key] += 1
                found = self._hook.get(nth_key(key, self._hook.occurrences[key]))
            self._hook.occurrences[key] += found is not None
            answers.append(found)
        return answers

    def _reseed(self, drawn: int) -> None:
        """After an interrupted run, draw on: from its first seed, samples would repeat those in the store."""
        if drawn:
            import torch

            torch.manual_seed(torch.initial_seed() + drawn)
