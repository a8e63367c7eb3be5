"""The kinds of servers: plain completions, chats, OpenAI's own chats."""

import re
from collections.abc import Mapping
from typing import Any

from lm_eval.models.api_models import JsonChatStr
from lm_eval.models.openai_completions import LocalChatCompletion

from benchmark.errors import UserError
from benchmark.servers.endpoint import CHAT, TRANSPORT, Endpoint
from benchmark.servers.replies import chat_text
from benchmark.servers.server import Server

_REASONING = re.compile(r"(?:^|/)(?:o\d|gpt-[5-9])")
"""OpenAI's models that take neither stop strings nor a temperature."""


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

    Args:
        arguments: of the right types; None leaves one out.
    """
    kind = (
        OpenAIChatServer
        if backend == "openai-chat-completions"
        else ChatServer
        if backend in CHAT
        else CompletionsServer
    )
    elsewhere = TRANSPORT | {"base_url"}
    given = {name: value for name, value in arguments.items() if name not in elsewhere and value is not None}
    if max_length:
        given["max_length"] = max_length
    return kind(server, model=model, **given)
