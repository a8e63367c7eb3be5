"""lm-eval's API backends with its prompts, payloads and log-probabilities, and our own way of asking.

What lm-eval 0.4.13 does otherwise, and why it is replaced: it tries again after every error alike (a wrong key too)
and ignores Retry-After; a reply without choices is graded, and cached, as an empty answer; its error log shows the
Authorization header; it cuts prompts that it believes too long; beyond four stop strings it forgets the rest;
it sends token ids without the BOS token that the model was trained with; and it takes any model with a 5 in its
name for a reasoning model, to be sampled at temperature 1.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.api_models import JsonChatStr
from lm_eval.models.openai_completions import LocalCompletionsAPI
from lm_eval.models.utils import normalize_gen_kwargs

from benchmark.errors import UserError
from benchmark.servers.client import Call, Client
from benchmark.servers.endpoint import Endpoint
from benchmark.servers.replies import Reply, choice, completion_text, log_likelihood
from benchmark.storage.requestkey import is_sampled
from benchmark.systems.thinking import after_thinking

MOST_STOPS = 4
"""OpenAI's limit; what a server is not told of is cut off here."""

_notices = logging.getLogger(__name__)


class Server(LocalCompletionsAPI):
    """What chat and plain completions share."""

    tells_answers = True
    """The store hears of each answer when it is there, under the very arguments that were asked."""
    answers_alone = True
    """What else is asked has no part in a request: nothing that is answered needs to be asked again."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        extra_body: Mapping[str, Any] | None = None,
        think_end_token: str | None = None,
        **arguments: Any,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            endpoint: where the server is.
            extra_body: further fields of each request (`{"top_k": 1}`).
            think_end_token: what ends a thought; naming it says that the model thinks.
            arguments: lm-eval's own.
        """
        super().__init__(base_url=endpoint.url, batch_size=1, **arguments)
        self.client = Client(endpoint)
        self.extra_body = dict(extra_body or {})
        self.think_end_token = think_end_token
        self.reply: Reply | None = None
        """What came with the answer that the store is being told of."""

    @property
    def tok_encode(self) -> Any:
        """lm-eval's, where there is a tokenizer; else the attribute is absent, for tokens cannot be counted here."""
        if self.tokenizer is None:
            raise AttributeError("tok_encode")
        return super().tok_encode

    def log_requests(self, path: Path) -> None:
        """Write a line for each try of each request to a file from here on."""
        self.client.log.path = path

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Ask for texts; each is kept as it arrives."""
        calls = []
        for request in requests:
            prompt, settings = request.args[:2]
            # A repeat of a sampled request needs a seed of its own, or it is the same answer again; drawn from
            # torch's generator, it is another one too where a run goes on.
            seed = int(torch.randint(2**31, ())) if is_sampled(settings) else self._seed
            calls.append(self._call(prompt, settings, seed))
        replies = self._ask(calls, "generate_until")
        cut_off = sum(reply.finish_reason == "length" for reply in replies)
        if cut_off:
            _notices.warning("%d of %d answers were cut off; see --max-gen-toks", cut_off, len(replies))
        return [reply.answer for reply in replies]

    def _call(self, prompt: str | JsonChatStr, settings: dict[str, Any], seed: int) -> Call:
        asked = self._asked(settings)
        stop = list(asked["until"])
        payload = self._create_payload(self._prompt(prompt), generate=True, gen_kwargs=asked, seed=seed, eos=None)
        told = payload.pop("stop", None) or []
        if told and self.think_end_token is None:  # a stop string within a thought would end it
            payload["stop"] = list(told)[:MOST_STOPS]
        return Call(payload | self.extra_body, partial(self._answer, stop=stop), (prompt, settings))

    def _asked(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Generation settings as every other backend reads them: greedy unless they ask for samples.

        A server that is told a temperature samples, whatever `do_sample` says; lm-eval would tell it.
        """
        given = {name: value for name, value in settings.items() if value is not None}
        asked: dict[str, Any] = {**normalize_gen_kwargs(given, self._max_gen_toks)}
        return asked | {"temperature": asked.get("temperature", 1.0) if is_sampled(settings) else 0.0}

    def _prompt(self, prompt: str | JsonChatStr) -> Any:
        """Text, so that the server's own tokenizer adds what the model expects in front of it, and does so once."""
        bos = getattr(self.tokenizer, "bos_token", None)
        return prompt.removeprefix(bos) if bos and isinstance(prompt, str) else prompt

    def _answer(self, data: Mapping[str, Any], stop: Sequence[str]) -> str:
        text, cut_off = self._text(data), choice(data).get("finish_reason") == "length"
        return after_thinking(text, stop, marker=self.think_end_token, cut_off=cut_off)

    @staticmethod
    def _text(data: Mapping[str, Any]) -> str:
        return completion_text(data)

    def _ask(self, calls: Sequence[Call], method: str) -> list[Reply]:
        def keep(call: Call, reply: Reply) -> None:
            if call.arguments is not None:
                self.reply = reply
                self.cache_hook.add_partial(method, call.arguments, reply.answer)

        return self.client.ask_all(calls, keep)

    def _loglikelihood_tokens(self, requests: list[Any], **_: Any) -> list[tuple[float, bool]]:
        calls = []
        for arguments, context, continuation in requests:
            tokens = context + continuation
            if len(tokens) > self.max_length:
                raise UserError(
                    f"a prompt of {len(tokens)} tokens does not fit into {self.max_length}: "
                    "give the model's own limit with --max-length"
                )
            payload = self._create_payload([tokens], generate=False, seed=self._seed)
            reader = partial(log_likelihood, tokens=tokens, context=len(context))
            calls.append(Call(payload | self.extra_body, reader, arguments))
        return [reply.answer for reply in self._ask(calls, "loglikelihood")]

    def loglikelihood(self, requests: list[Instance], **rest: Any) -> list[tuple[float, bool]]:
        """As lm-eval does it; needs the model's tokenizer."""
        self._need_tokenizer()
        return super(LocalCompletionsAPI, self).loglikelihood(requests, **rest)

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """As lm-eval does it; needs the model's tokenizer."""
        self._need_tokenizer()
        return super().loglikelihood_rolling(requests, disable_tqdm=disable_tqdm)

    def _need_tokenizer(self) -> None:
        if self.tokenizer is None:
            raise UserError("log-likelihood tasks need the model's tokenizer: --backend-arg tokenizer=<Hub id or path>")
