"""lm-eval's Hugging Face backend, answering the same at a fraction of the steps.

Tasks, prompts, stop strings and what is cut from a text are lm-eval's. Decoding is ours where the model allows it
(`supports`), else transformers' `generate` with stop strings that stop their own row.
"""

import inspect
import json
from collections.abc import Sequence
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.api.registry import register_model
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import (
    Collator,
    handle_stop_sequences,
    has_bos_prefix,
    normalize_gen_kwargs,
    postprocess_generated_text,
)
from tqdm import tqdm
from transformers import GenerationMixin, StoppingCriteriaList

from benchmark.engine.budget import is_out_of_memory, plan
from benchmark.engine.decoding import Counts, GreedyDecoder, Row
from benchmark.engine.likelihood import LikelihoodScorer, Scored
from benchmark.engine.selftest import agrees
from benchmark.engine.stops import RowStop, StopFinder
from benchmark.errors import UserError
from benchmark.thinking import after_thinking

GREEDY = {"until", "do_sample", "temperature", "max_gen_toks"}
"""Generation settings that our decoding knows; a request with others goes through `generate`."""
HARMLESS = {
    "_from_model_config", "bos_token_id", "cache_implementation", "do_sample", "eos_token_id", "max_length",
    "max_new_tokens", "min_p", "output_attentions", "output_hidden_states", "output_logits", "output_scores",
    "pad_token_id", "return_dict_in_generate", "temperature", "top_k", "top_p", "transformers_version", "typical_p",
    "use_cache",
}  # fmt: skip
"""Entries of a model's generation_config that change no greedy answer under lm-eval's limits."""
ON_LONG_PROMPT = ("truncate", "refuse")


@register_model("rufin-hf")
class RowwiseHFLM(HFLM):
    """`HFLM` with rows that come and go, and logits only where they are needed."""

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
        self._on_long_prompt = on_long_prompt
        self._rowwise: bool | None = None
        self.too_long_prompts = 0
        """Prompts that lost their beginning."""
        self.counts = Counts()
        """What generating has cost so far."""

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """One text for each request, cut at its stop strings."""
        self._check_lengths(requests)
        answers: list[str] = [""] * len(requests)
        groups: dict[tuple[str, ...], list[int]] = {}
        others: list[int] = []
        for index, request in enumerate(requests):
            settings = normalize_gen_kwargs(request.args[1], self.max_gen_toks)
            if settings["do_sample"] or not GREEDY.issuperset(settings):
                others.append(index)
            else:
                groups.setdefault(tuple(settings["until"]), []).append(index)
        if groups and not self._decodes_rows(requests[next(iter(groups.values()))[0]].args[0]):
            others, groups = list(range(len(requests))), {}
        with tqdm(
            total=len(requests) - len(others), disable=disable_tqdm or self.rank != 0 or not groups, desc="Answers"
        ) as bar:
            for until, indices in groups.items():
                self._generate(until, indices, requests, answers, bar)
        if others:
            given = self._by_generate([requests[index] for index in others], disable_tqdm)
            for index, answer in zip(others, given, strict=True):
                answers[index] = answer
        return answers

    def _generate(
        self,
        until: Sequence[str],
        indices: Sequence[int],
        requests: Sequence[Instance],
        answers: list[str],
        bar: Any,
    ) -> None:
        """Answer the requests at `indices`, which share their stop strings."""
        eos = self.tok_decode(self.eot_token_id, skip_special_tokens=False)
        stop = handle_stop_sequences(list(until), eos=eos)

        def finish(row: Row) -> None:
            context, settings = requests[row.index].args
            answers[row.index] = self._text(row, stop)
            self.cache_hook.add_partial("generate_until", (context, settings), answers[row.index])
            bar.update(1)

        decoder = GreedyDecoder(
            self._decoded,
            plan(self._decoded, self._rows),
            pad=self.tokenizer.pad_token_id,
            ends=self._ends(),
            stopped=StopFinder(self.tokenizer, stop, self.think_end_token),
            finished=finish,
        )
        decoder.counts = self.counts
        rows = [self._row(index, requests[index].args) for index in indices]
        with self._autocast():
            decoder.run(rows)

    def _by_generate(self, requests: list[Instance], disable_tqdm: bool) -> list[str]:
        """Answers of transformers' `generate`, in fixed batches."""
        try:
            return super().generate_until(requests, disable_tqdm=disable_tqdm)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise UserError(
                    f"out of memory with {self.batch_size} prompts together; give a smaller --batch-size, or quantize "
                    "the model (--quantization nf4): every answer so far is kept"
                ) from error
            raise

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
            too_long += len(self._encoded(context)) + limit > self.max_length
        self._refuse(too_long)
        self.too_long_prompts += too_long

    def _refuse(self, too_long: int) -> None:
        if too_long and self._on_long_prompt == "refuse":
            raise UserError(
                f"{too_long} prompts do not fit into a context of {self.max_length} tokens beside their answers; "
                "lower --max-gen-toks, or have them cut from the left with --on-long-prompt truncate"
            )

    def _row(self, index: int, arguments: tuple[str, dict[str, Any]]) -> Row:
        context, settings = arguments
        limit = normalize_gen_kwargs(settings, self.max_gen_toks)["max_gen_toks"]
        prompt = self._encoded(context)
        if not prompt:
            raise UserError("a prompt is empty, and the tokenizer begins no text by itself; mend the task")
        return Row(index, prompt[-(self.max_length - limit) :], limit)

    def _encoded(self, context: str) -> list[int]:
        """A prompt's ids, as `HFLM.tok_batch_encode` makes them."""
        extra: dict[str, Any] = {}
        if has_bos_prefix(context, getattr(self.tokenizer, "bos_token", None)):
            extra = {"add_special_tokens": False}
        elif self.add_bos_token is not None:
            extra = {"add_special_tokens": self.add_bos_token}
        return list(self.tokenizer(context, truncation=self.truncation, **extra)["input_ids"])

    def _text(self, row: Row, stop: list[str]) -> str:
        """The answer in a row's ids: without thinking, cut at the first stop string, as `HFLM` cuts it.

        A thought that the limit cut off is no answer: it is returned behind an open `<think>`, so that a grader sees
        what it is.
        """
        generated, think_end = row.generated, self.think_end_token
        if think_end is None:
            return postprocess_generated_text(self.tok_decode(generated), stop, None)
        cut_off = len(generated) >= row.limit
        text, marker = self.tok_decode(generated), think_end
        if isinstance(think_end, int):
            marker = self.tok_decode([think_end], skip_special_tokens=False)
            if think_end in generated:  # decoding leaves special tokens out, so the mark is put back
                text = marker + self.tok_decode(generated[len(generated) - generated[::-1].index(think_end) :])
        return after_thinking(text, stop, marker=marker, cut_off=cut_off)

    def _ends(self) -> frozenset[int]:
        ends = self.model.generation_config.eos_token_id
        return frozenset(ends if isinstance(ends, list) else [] if ends is None else [ends]) | {self.eot_token_id}

    def _autocast(self) -> torch.autocast:
        dtype = self.mixed_precision_dtype
        return torch.autocast(self.device.type, dtype=dtype, enabled=dtype is not None)

    def _decodes_rows(self, prompt: str) -> bool:
        """Whether our decoding may be used; found out once, on this model and the beginning of a real prompt."""
        if self._rowwise is None:
            self._rowwise = self.backend == "causal" and supports(self._decoded)
            if self._rowwise:
                with self._autocast():
                    self._rowwise = agrees(self._decoded, self._encoded(prompt), self.tokenizer.pad_token_id)
        return self._rowwise

    def _model_generate(
        self, context: torch.Tensor, max_length: int, stop: list[str], **generation_kwargs: Any
    ) -> torch.Tensor:
        if not generation_kwargs.get("do_sample"):
            generation_kwargs.pop("temperature", None)
            generation_kwargs["do_sample"] = False
        finder = StopFinder(self.tokenizer, stop, self.think_end_token)
        with self._autocast():
            return self.model.generate(
                input_ids=context,
                max_length=max_length,
                stopping_criteria=StoppingCriteriaList([RowStop(finder, context.shape[1])]),
                pad_token_id=self.tokenizer.pad_token_id,
                use_cache=True,
                **generation_kwargs,
            )

    def _check_scored(self, requests: Sequence[tuple[Any, list[int], list[int]]]) -> None:
        """Refuse what has no log-likelihood: it would be read off another token."""
        for key, context, cont in requests:
            said = repr(key)[:80]
            if not context or not cont:
                raise UserError(f"a log-likelihood needs a context and a continuation of one token at least: {said}")
            if len(cont) > self.max_length:
                raise UserError(
                    f"a continuation of {len(cont)} tokens does not fit into a context of {self.max_length}: {said}"
                )

    def _loglikelihood_tokens(
        self,
        requests: list[tuple[tuple[str, str], list[int], list[int]]],
        disable_tqdm: bool = False,
        override_bs: int | None = None,
    ) -> list[tuple[float, bool]]:
        if self.backend != "causal" or not _takes(self._decoded, "logits_to_keep"):
            return super()._loglikelihood_tokens(requests, disable_tqdm, override_bs)
        collator = Collator(
            requests,
            sort_fn=lambda request: (-len(request[1] + request[2]), tuple(request[1] + request[2])),
            group_by="contexts" if self.logits_cache else None,
            # Continuations that differ in their last token alone share one forward pass.
            group_fn=lambda request: request[-2] + request[-1][:-1],
        )
        chosen = [request for chunk in collator.get_batched() for request in chunk]
        self._check_scored(chosen)
        texts = [Scored((context + cont)[-(self.max_length + 1) :][:-1], len(cont)) for _, context, cont in chosen]
        too_long = sum(len(context) + len(cont) > self.max_length + 1 for _, context, cont in chosen)
        self._refuse(too_long)
        self.too_long_prompts += too_long
        answers = []
        scorer = LikelihoodScorer(self._decoded, plan(self._decoded, self._rows), self.softmax_dtype)
        bar = tqdm(total=len(requests), disable=disable_tqdm or self.rank != 0, desc="Log-likelihoods")
        with bar, self._autocast():
            for (key, context, cont), scores in zip(chosen, scorer(texts), strict=True):
                for name, tokens, shared in collator.get_cache(
                    req_str=key, cxt_toks=context, cont_toks=cont, logits=scores.unsqueeze(0)
                ):
                    answers.append(_likelihood(shared[0], tokens))
                    if name is not None:  # windows of a rolling likelihood have no key of their own
                        self.cache_hook.add_partial("loglikelihood", name, answers[-1])
                    bar.update(1)
        return collator.get_original(answers)


def _likelihood(scores: torch.Tensor, tokens: Sequence[int]) -> tuple[float, bool]:
    """(sum of the tokens' log-probabilities, whether each is the likeliest)."""
    wanted = torch.tensor(tokens, device=scores.device)
    scores = scores[-len(tokens) :]
    return float(scores.gather(1, wanted[:, None]).sum()), bool((scores.argmax(-1) == wanted).all())


def bare(model: Any) -> Any:
    """The transformers model itself, its adapter's weights in it; the model as it is where the wrapper does more."""
    config = getattr(model, "active_peft_config", None)  # peft is heavy: not imported to find out
    if config is None:
        return model
    # Prompt learning adds virtual tokens, an activated LoRA depends on the prompt: both live in the wrapper.
    needed = config.is_prompt_learning or getattr(config, "alora_invocation_tokens", None)
    return model if needed else model.get_base_model()


def keep_head_folded(model: Any) -> None:
    """Give the output head contiguous input.

    The last column of a batch's hidden states is not, and torch then multiplies frozen weights row by row, on a copy
    of the whole head for each: 11 GiB for 36 rows of Gemma's vocabulary (measured with an adapter on Gemma 3 270M).
    """
    head = model.get_output_embeddings()
    if isinstance(head, torch.nn.Module) and not hasattr(head, "_rufin_folded"):
        head._rufin_folded = True  # type: ignore[assignment]
        head.register_forward_pre_hook(lambda _, inputs: (inputs[0].contiguous(), *inputs[1:]))


def supports(model: Any) -> bool:
    """Whether rows of this model may come and go: keys and values are all that it remembers, and greedy is greedy."""
    unusual = set(model.generation_config.to_diff_dict()) - HARMLESS
    return (
        not unusual
        and not _rope_depends_on_length(model.config)
        and type(model).generate is GenerationMixin.generate
        and not getattr(model, "_is_stateful", False)
        and _takes(model, "position_ids", "past_key_values", "logits_to_keep")
    )


def _rope_depends_on_length(config: Any) -> bool:
    """Whether rotary frequencies change with the longest row: cached keys of the others would be of the old ones."""
    text = json.dumps(config.get_text_config().to_dict(), default=str)
    return '"longrope"' in text or '"dynamic"' in text


def _takes(model: Any, *names: str) -> bool:
    return set(names) <= set(inspect.signature(model.forward).parameters)
