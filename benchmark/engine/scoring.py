"""Log-likelihoods for lm-eval: its requests, its cuts at the context length and its numbers, from fewer tokens."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window
from tqdm import tqdm

from benchmark.engine.budget import Budget, plan
from benchmark.engine.likelihood import Likelihood, LikelihoodScorer
from benchmark.engine.models import bare, in_16_bits, keep_head_folded, on_one_gpu, remembers_keys_only, takes
from benchmark.engine.packed import PackedPrompts
from benchmark.engine.selftest import shares
from benchmark.engine.sharing import alone, grouped, texts
from benchmark.errors import UserError
from benchmark.systems.kernels import cudnn_attention
from benchmark.systems.norms import fused, fusible
from benchmark.systems.prompts import encoded

ON_LONG_PROMPT = ("truncate", "refuse")

Pair = tuple[list[int], list[int]]
"""Ids of a context and of its continuation."""


class ScoringHFLM(HFLM):
    """`HFLM` that reads what texts share once, and computes logits only where they are needed."""

    tells_answers = True
    """`cache_hook` is told of each answer when it is there, under the very arguments that were asked."""

    def __init__(
        self, *args: Any, batch_size: int | str = "auto", on_long_prompt: str = "truncate", **kwargs: Any
    ) -> None:
        """`HFLM`'s own options, and two of another meaning.

        Args:
            batch_size: rows together at most; `auto` takes as many as memory holds (nothing is probed).
            on_long_prompt: what becomes of a prompt longer than the context: `truncate` from the left, as lm-eval
                does, and count it; or `refuse`.
        """
        auto = str(batch_size).startswith("auto")
        super().__init__(*args, batch_size=8 if auto else batch_size, **kwargs)
        if on_long_prompt not in ON_LONG_PROMPT:
            raise UserError(f"--on-long-prompt {on_long_prompt}: choose one of {', '.join(ON_LONG_PROMPT)}")
        self._rows = "auto" if auto else int(batch_size)
        self._decoded = bare(self.model)
        keep_head_folded(self._decoded)
        self._packed = PackedPrompts(self._decoded)
        # In 32 bits answers are the stock backend's to the letter.
        worth_it = in_16_bits(self._decoded) and on_one_gpu(self._decoded)
        self._norms = fusible(self._decoded.modules()) if worth_it else {}
        self._on_long_prompt = on_long_prompt
        self._shares: bool | None = None
        self._ahead: dict[str, list[int]] = {}
        """Ids of the texts that are being scored."""
        self.too_long_prompts = 0
        """Prompts that lost their beginning."""

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """The log-likelihood of each continuation after its context, and whether it is the greedy one.

        Raises:
            UserError: thinking is enabled, and a continuation has no thought before it.
        """
        if self.enable_thinking:
            raise UserError(
                "--backend-arg enable_thinking=true: log-likelihoods are those of answers without a thought; "
                "leave it out for tasks that ask for them"
            )
        pairs = [request.args for request in requests]
        # lm-eval encodes text by text, a context anew for each option; all at once go through the tokenizer's threads.
        wanted = {context + end for context, end in pairs} | {context.rstrip() for context, _ in pairs}
        beginning = self.tokenizer.decode(self.prefix_token_id)
        self._ahead = encoded(self.tokenizer, wanted, self.add_bos_token, beginning)
        try:
            return super().loglikelihood(requests, disable_tqdm)
        finally:
            self._ahead = {}

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, *args: Any, **kwargs: Any) -> list[int]:
        """A text's ids, as `HFLM` makes them."""
        ahead = self._ahead.get(string) if add_special_tokens is None and not (args or kwargs) else None
        return super().tok_encode(string, add_special_tokens, *args, **kwargs) if ahead is None else ahead

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """The log-likelihood of each whole text, read in windows of the context length."""
        if not self._projects_where_asked():
            return super().loglikelihood_rolling(requests, disable_tqdm)
        answers = [0.0] * len(requests)
        budget = plan(self._decoded, self._rows)
        documents = [(place, self._windows(request.args[0])) for place, request in enumerate(requests)]
        documents.sort(key=lambda document: -_size(document[1]))
        with self._bar(len(requests), disable_tqdm) as bar:
            while documents:
                part = _first(documents, budget.prefill)
                del documents[: len(part)]
                scored = sorted(self._likelihoods(budget, [window for _, windows in part for window in windows]))
                values = iter([value for _, (value, _) in scored])
                for place, windows in part:
                    answers[place] = float(sum(islice(values, len(windows))))
                    self.cache_hook.add_partial("loglikelihood_rolling", requests[place].args, answers[place])
                    bar.update(1)
        return answers

    def _loglikelihood_tokens(
        self,
        requests: list[tuple[tuple[str, str], list[int], list[int]]],
        disable_tqdm: bool = False,
        override_bs: int | None = None,
    ) -> list[tuple[float, bool]]:
        if not self._projects_where_asked():
            return super()._loglikelihood_tokens(requests, disable_tqdm, override_bs)
        self._check_scored(requests)
        answers: dict[int, Likelihood] = {}
        pairs = [(context, continuation) for _, context, continuation in requests]
        with self._bar(len(requests), disable_tqdm) as bar:
            for place, answer in self._likelihoods(plan(self._decoded, self._rows), pairs):
                answers[place] = answer
                self.cache_hook.add_partial("loglikelihood", requests[place][0], answer)
                bar.update(1)
        return [answers[place] for place in range(len(requests))]

    def _likelihoods(self, budget: Budget, pairs: Sequence[Pair]) -> Iterator[tuple[int, Likelihood]]:
        """(place, answer) of pairs, as soon as each is there."""
        found = texts(pairs, self.max_length)
        groups = grouped(found)
        if any(group.node for group in groups) and not self._may_share(found[0].tokens):
            groups = alone(found)
        return LikelihoodScorer(self._decoded, budget, self.softmax_dtype, self._passes, self._packed)(groups)

    def _may_share(self, tokens: Sequence[int]) -> bool:
        """Whether texts may share what was read; found out once, on this model and a real text."""
        if self._shares is None:
            with self._passes():
                self._shares = remembers_keys_only(self._decoded) and shares(self._decoded, tokens)
        return self._shares

    def _projects_where_asked(self) -> bool:
        return self.backend == "causal" and takes(self._decoded, "logits_to_keep")

    def _windows(self, text: str) -> list[Pair]:
        """A whole text as lm-eval reads it: windows that each see one token before their own."""
        windows = get_rolling_token_windows(
            token_list=self.tok_encode(text),
            prefix_token=self.prefix_token_id,
            max_seq_len=self.max_length,
            context_len=1,
        )
        return [make_disjoint_window(window) for window in windows]

    def _check_scored(self, requests: Sequence[tuple[Any, list[int], list[int]]]) -> None:
        """Refuse what has no log-likelihood, since it would be read off another token; count what must be cut."""
        too_long = 0
        for key, context, continuation in requests:
            said = repr(key)[:80]
            if not context or not continuation:
                raise UserError(f"a log-likelihood needs a context and a continuation of one token at least: {said}")
            if len(continuation) > self.max_length:
                raise UserError(
                    f"a continuation of {len(continuation)} tokens does not fit into a context of {self.max_length}: {said}"
                )
            too_long += len(context) + len(continuation) > self.max_length + 1  # the last token is not read
        self._count_too_long(too_long, "shorten them")

    def _count_too_long(self, prompts: int, remedy: str) -> None:
        """Count prompts that do not fit into the context; refuse them where that is asked for."""
        if prompts and self._on_long_prompt == "refuse":
            raise UserError(
                f"{prompts} prompts do not fit into a context of {self.max_length} tokens beside their answers; "
                f"{remedy}, or have them cut from the left with --on-long-prompt truncate"
            )
        self.too_long_prompts += prompts

    @contextmanager
    def _passes(self) -> Iterator[None]:
        """The context of forward passes: lm-eval's mixed precision, kernels for ever new shapes, and fused norms."""
        dtype = self.mixed_precision_dtype
        mixed = torch.autocast(self.device.type, dtype=dtype, enabled=dtype is not None)
        with mixed, cudnn_attention(allowed=False), fused(self._norms):
            yield

    def _bar(self, total: int, disabled: bool) -> Any:
        return tqdm(total=total, disable=disabled or self.rank != 0, desc="Log-likelihoods")


def _first(documents: Sequence[tuple[int, list[Pair]]], tokens: int) -> list[tuple[int, list[Pair]]]:
    """As many documents as fill one forward pass: their answers are kept before the next ones are read."""
    part: list[tuple[int, list[Pair]]] = []
    for document in documents:
        part.append(document)
        tokens -= _size(document[1])
        if tokens <= 0:
            break
    return part


def _size(windows: Sequence[Pair]) -> int:
    """Tokens that are read."""
    return sum(len(context) + len(continuation) for context, continuation in windows)
