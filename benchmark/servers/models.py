"""lm-eval's API backends with its prompts, payloads and log-probabilities, and our own way of asking.

What lm-eval 0.4.13 does otherwise, and why it is replaced: it tries again after every error alike (a wrong key too)
and ignores Retry-After; a reply without choices is graded, and cached, as an empty answer; its error log shows the
Authorization header; it cuts prompts that it believes too long; beyond four stop strings it forgets the rest;
it sends token ids without the BOS token that the model was trained with; and it takes any model with a 5 in its
name for a reasoning model, to be sampled at temperature 1.
"""

import copy
import inspect
import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.models.api_models import JsonChatStr, TemplateAPI
from lm_eval.models.openai_completions import LocalChatCompletion, LocalCompletionsAPI
from lm_eval.models.utils import handle_stop_sequences

from benchmark.errors import UserError
from benchmark.servers.client import Call, Client
from benchmark.servers.endpoint import CHAT, TRANSPORT, Endpoint
from benchmark.servers.replies import Reply, after_thinking, chat_text, choice, completion_text, log_likelihood

MOST_STOPS = 4
"""OpenAI's limit; what a server is not told of is cut off here."""
_REASONING = re.compile(r"(?:^|/)(?:o\d|gpt-[5-9])")
"""OpenAI's models that take neither stop strings nor a temperature."""
_OURS = TRANSPORT | {"base_url", "model", "pretrained", "header", "auth_token", "batch_size", "kwargs", "self"}

_notices = logging.getLogger(__name__)


class Server(LocalCompletionsAPI):
    """What chat and plain completions share."""

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
        asked: Counter[str] = Counter()
        calls = []
        for request in requests:
            prompt, settings = request.args[:2]
            # A repeat of a sampled request needs a seed of its own, or it is the same answer again.
            seed = self._seed + (asked[str(prompt)] if settings.get("do_sample") else 0)
            asked[str(prompt)] += 1
            calls.append(self._call(prompt, settings, seed))
        replies = self._ask(calls, "generate_until")
        cut_off = sum(reply.finish_reason == "length" for reply in replies)
        if cut_off:
            _notices.warning("%d of %d answers were cut off; see --max-gen-toks", cut_off, len(replies))
        return [reply.answer for reply in replies]

    def _call(self, prompt: str | JsonChatStr, settings: dict[str, Any], seed: int) -> Call:
        payload = self._create_payload(
            self._prompt(prompt), generate=True, gen_kwargs=copy.deepcopy(settings), seed=seed, eos=None
        )
        told = payload.pop("stop", None) or []
        if told and self.think_end_token is None:  # a stop string within a thought would end it
            payload["stop"] = list(told)[:MOST_STOPS]
        stop = handle_stop_sequences(copy.copy(settings.get("until")), None)
        return Call(payload | self.extra_body, partial(self._answer, stop=stop), (prompt, settings))

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


class CompletionsServer(Server):
    """`/v1/completions`: the prompt as it is."""

    def __init__(self, endpoint: Endpoint, **arguments: Any) -> None:
        # Without a tokenizer prompts go out as text; lm-eval would look for one by the model's name on the server.
        backend = "huggingface" if arguments.get("tokenizer") else "none"
        super().__init__(endpoint, **{"tokenizer_backend": backend} | arguments)

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str | JsonChatStr | list[dict]:
        """The tokenizer's template."""
        if self.tokenizer is None:
            raise UserError(
                "--apply-chat-template: plain completions need the tokenizer for it; "
                "take --backend local-chat-completions, or give --backend-arg tokenizer=<Hub id or path>"
            )
        return super().apply_chat_template(chat_history, add_generation_prompt)


class ChatServer(Server):
    """`/v1/chat/completions`: messages; the server applies the template."""

    def __init__(self, endpoint: Endpoint, *, enable_thinking: bool | None = None, **arguments: Any) -> None:
        super().__init__(endpoint, **arguments | {"tokenizer_backend": None, "tokenized_requests": False})
        if enable_thinking is not None:
            template = dict(self.extra_body.get("chat_template_kwargs") or {}) | {"enable_thinking": enable_thinking}
            self.extra_body["chat_template_kwargs"] = template

    def _create_payload(self, messages: Any, **rest: Any) -> dict[str, Any]:
        return LocalChatCompletion._create_payload(self, messages, **rest)

    def _prompt(self, prompt: str | JsonChatStr) -> Any:
        return self.create_message([prompt])

    @staticmethod
    def _text(data: Mapping[str, Any]) -> str:
        return chat_text(data)

    def _need_tokenizer(self) -> None:
        raise UserError("chat servers give no log-likelihoods: take --backend local-completions for this task")


class OpenAIChatServer(ChatServer):
    """OpenAI's own chat models, which name the limit differently; the reasoning ones take no stop or temperature."""

    def _create_payload(self, messages: Any, **rest: Any) -> dict[str, Any]:
        payload = super()._create_payload(messages, **rest)
        payload["max_completion_tokens"] = payload.pop("max_tokens")
        if _REASONING.search(str(self.model)):
            payload = {name: value for name, value in payload.items() if name not in ("stop", "temperature")}
        return payload


def load(backend: str, model: str, server: Endpoint, arguments: Mapping[str, Any], max_length: int | None) -> Server:
    """The lm-eval model for a server.

    Raises:
        UserError: an argument that this backend does not know; lm-eval itself would ignore it in silence.
    """
    kind = (
        OpenAIChatServer
        if backend == "openai-chat-completions"
        else ChatServer
        if backend in CHAT
        else CompletionsServer
    )
    given = {name: value for name, value in arguments.items() if name not in TRANSPORT | {"base_url"}}
    known = {name for cls in (kind, Server, TemplateAPI) for name in inspect.signature(cls).parameters}
    known -= _OURS | {"endpoint", "arguments"}
    if unknown := sorted(given.keys() - known):
        raise UserError(
            f"--backend-arg {', '.join(unknown)}: unknown to {backend}, which has {', '.join(sorted(known))}; "
            'fields of the request itself go into --backend-arg extra_body={"…": …}'
        )
    if max_length:
        given["max_length"] = max_length
    return kind(server, model=model, **given)
