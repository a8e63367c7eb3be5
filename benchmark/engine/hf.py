"""lm-eval's Hugging Face backend, answering the same at a fraction of the steps.

Tasks, prompts, stop strings and what is cut from a text are lm-eval's. Decoding is ours where the model allows it
(`supports`), else transformers' `generate` with stop strings that stop their own row.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.registry import register_model
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs
from tqdm import tqdm

from benchmark.engine.budget import Budget, plan
from benchmark.engine.decoding import Counts, GreedyDecoder
from benchmark.engine.fallback import GenerateDecoder
from benchmark.engine.models import supports
from benchmark.engine.rows import Ending, Row
from benchmark.engine.scoring import ScoringHFLM
from benchmark.engine.selftest import agrees
from benchmark.engine.stops import StopFinder
from benchmark.engine.thoughts import Thoughts
from benchmark.errors import UserError
from benchmark.systems.prompts import encoded
from benchmark.systems.thinking import THINK_END, known_mark, mark_id, opens_thought

GREEDY = {"until", "do_sample", "temperature", "max_gen_toks"}
"""Generation settings that our decoding knows; a request with others goes through `generate`."""


@register_model("rufin-hf")
class RowwiseHFLM(ScoringHFLM):
    """`HFLM` with rows that come and go, and log-likelihoods that read less."""

    def __init__(
        self,
        *args: Any,
        think_end_token: int | str | None = None,
        enable_thinking: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """The options of `ScoringHFLM`, and two of `HFLM`'s with another default.

        Args:
            think_end_token: what ends a thought; naming it says that the model thinks. None: where the tokenizer knows
                `</think>`, a prompt tells that ends in an open `<think>`, or an answer that begins with one.
            enable_thinking: for the chat template; true says, too, that the model thinks.
        """
        if enable_thinking and think_end_token is None:
            think_end_token = THINK_END
        super().__init__(*args, think_end_token=think_end_token, enable_thinking=enable_thinking, **kwargs)
        self.think_end_token: int | str | None = mark_id(self.tokenizer, self.think_end_token)
        self._mark = known_mark(self.tokenizer) if self.think_end_token is None else self.think_end_token
        self._rowwise: bool | None = None
        self._prompts: dict[str, list[int]] = {}
        """Ids of the contexts that are being answered, as `HFLM.tok_batch_encode` has them."""
        self.counts = Counts()
        """What generating has cost so far."""

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """One text for each request, cut at its stop strings."""
        contexts = (request.args[0] for request in requests)
        self._prompts = encoded(self.tokenizer, contexts, self.add_bos_token, truncation=self.truncation)
        try:
            return self._texts(requests, disable_tqdm)
        finally:
            self._prompts = {}

    def _texts(self, requests: list[Instance], disable_tqdm: bool) -> list[str]:
        self._check_lengths(requests)
        answers: list[str] = [""] * len(requests)
        groups: dict[tuple[bool, tuple[str, ...]], list[int]] = {}
        others: list[int] = []
        for index, request in enumerate(requests):
            settings = normalize_gen_kwargs(request.args[1], self.max_gen_toks)
            if settings["do_sample"] or not GREEDY.issuperset(settings):
                others.append(index)
            else:
                groups.setdefault((self._opened(request), tuple(settings["until"])), []).append(index)
        if groups and not self._decodes_rows(requests[next(iter(groups.values()))[0]].args[0]):
            others, groups = list(range(len(requests))), {}
        with tqdm(
            total=len(requests) - len(others), disable=disable_tqdm or self.rank != 0 or not groups, desc="Answers"
        ) as bar:
            for (opened, until), indices in groups.items():
                self._generate(self._ending(until, opened, requests, answers, bar), indices, requests)
        if others:
            given = self._by_generate([requests[index] for index in others], disable_tqdm)
            for index, answer in zip(others, given, strict=True):
                answers[index] = answer
        return answers

    def _generate(self, ending: Ending, indices: Sequence[int], requests: Sequence[Instance]) -> None:
        """Answer the requests at `indices`, which end alike."""
        budget = plan(self._decoded, self._rows)
        decoder = GreedyDecoder(self._decoded, budget, self.tokenizer.pad_token_id, ending, self._packed)
        decoder.counts = self.counts
        rows = [self._row(index, requests[index].args) for index in indices]
        with self._passes():
            decoder.run(rows)

    def _by_generate(self, requests: list[Instance], disable_tqdm: bool) -> list[str]:
        """Answers of transformers' `generate`, in fixed batches."""
        if self.backend != "causal":
            return super().generate_until(requests, disable_tqdm=disable_tqdm)
        answers = [""] * len(requests)
        groups: dict[tuple[bool, str], list[int]] = {}
        for index, request in enumerate(requests):
            asked = json.dumps(request.args[1], sort_keys=True, default=str)
            groups.setdefault((self._opened(request), asked), []).append(index)
        budget = Budget(rows=int(self.batch_size), cells=sys.maxsize, prefill=1)
        with tqdm(total=len(requests), disable=disable_tqdm or self.rank != 0, desc="Answers") as bar:
            for (opened, _), indices in groups.items():
                settings: dict[str, Any] = {**normalize_gen_kwargs(requests[indices[0]].args[1], self.max_gen_toks)}
                ending = self._ending(settings.pop("until"), opened, requests, answers, bar)
                del settings["max_gen_toks"]
                if not settings["do_sample"]:
                    settings.pop("temperature", None)
                decoder = GenerateDecoder(self.model, budget, self.tokenizer.pad_token_id, ending)
                rows = [self._row(index, requests[index].args) for index in indices]
                with self._passes():
                    decoder.run(rows, settings)
        return answers

    def _opened(self, request: Instance) -> bool:
        """Whether the answer begins within a thought."""
        return self.think_end_token is not None or (self._mark is not None and opens_thought(request.args[0]))

    def _ending(
        self, until: Sequence[str], opened: bool, requests: Sequence[Instance], answers: list[str], bar: Any
    ) -> Ending:
        """How rows of these requests end: by their stop strings or the end of the text; then their answer is kept."""
        eos = self.tok_decode(self.eot_token_id, skip_special_tokens=False)
        stop = handle_stop_sequences(list(until), eos=eos)
        thoughts, ends = Thoughts(self.tokenizer, self._mark, opened), self._ends()

        def finish(row: Row) -> None:
            context, settings = requests[row.index].args
            cut_off = ends.isdisjoint(row.generated[-1:])
            answers[row.index] = thoughts.answer(row.generated, stop, cut_off=cut_off)
            self.cache_hook.add_partial("generate_until", (context, settings), answers[row.index])
            bar.update(1)

        return Ending(ends, StopFinder(self.tokenizer, stop, thoughts), finish)

    def _check_lengths(self, requests: Sequence[Instance]) -> None:
        """Count prompts that do not fit beside their answers; refuse them where that is asked for."""
        too_long = 0
        for request in requests:
            context, settings = request.args
            limit = normalize_gen_kwargs(settings, self.max_gen_toks)["max_gen_toks"]
            if limit >= self.max_length:
                raise UserError(
                    f"--max-gen-toks {limit}: leaves no room for a prompt in a context of {self.max_length} tokens; "
                    "lower it"
                )
            too_long += len(self._prompts[context]) + limit > self.max_length
        self._count_too_long(too_long, "lower --max-gen-toks")

    def _row(self, index: int, arguments: tuple[str, dict[str, Any]]) -> Row:
        context, settings = arguments
        limit = normalize_gen_kwargs(settings, self.max_gen_toks)["max_gen_toks"]
        prompt = self._prompts[context]
        if not prompt:
            raise UserError("a prompt is empty, and the tokenizer begins no text by itself; mend the task")
        return Row(index, prompt[-(self.max_length - limit) :], limit)

    def _ends(self) -> frozenset[int]:
        ends = self.model.generation_config.eos_token_id
        return frozenset({*(ends if isinstance(ends, list) else [ends]), self.eot_token_id} - {None})

    def _decodes_rows(self, prompt: str) -> bool:
        """Whether our decoding may be used; found out once, on this model and the beginning of a real prompt."""
        if self._rowwise is None:
            self._rowwise = self.backend == "causal" and supports(self._decoded)
            if self._rowwise:
                with self._passes():
                    self._rowwise = agrees(self._decoded, self._prompts[prompt], self.tokenizer.pad_token_id)
        return self._rowwise
