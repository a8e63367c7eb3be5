"""What a server's reply says: the answer, or that there is none. Nothing unreadable passes for an empty answer."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lm_eval.models.openai_completions import LocalCompletionsAPI

from benchmark.errors import UserError
from benchmark.servers.words import said
from benchmark.systems.thinking import THINK
from tasks.items import DataError, json_object

_BROKEN_OFF = {"abort", "error"}
"""Reasons for an answer's end that are no end of it: the server gave it up."""
_LONGEST_REASON = 40
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Malformed(Exception):
    """A reply that holds no answer; the message says what kind of wrong that is."""

    def __init__(self, message: str, words: str = "") -> None:
        super().__init__(message)
        self.words = words
        """What is particular to this one, the server's own words too: for the terminal."""


@dataclass(frozen=True)
class Reply:
    """One answer and what the server says of it."""

    answer: Any
    """A text, or (log-likelihood, whether greedy decoding would give the same tokens)."""
    finish_reason: str | None = None
    """`stop`, `length` where the token limit cut the answer off, …"""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


Reader = Callable[[Mapping[str, Any]], Any]
"""From a reply's JSON to the answer in it; raises Malformed."""


def read(body: bytes, reader: Reader) -> Reply:
    """The reply in a response's body.

    Bytes that are not UTF-8 become U+FFFD, as they do where a tokenizer decodes half a character.

    Raises:
        Malformed: not JSON, an error in place of a reply or an answer, or no answer where one belongs.
    """
    try:
        data = json_object(body.decode("utf-8", errors="replace"))
    except DataError as error:
        raise Malformed("the reply is not a JSON object", f"{len(body)} bytes") from error
    _refuse_error(data)
    _refuse_error(choice(data))
    finish = _finish(choice(data))
    if finish and finish.lower() in _BROKEN_OFF:
        raise Malformed(f"the server gave the answer up (finish_reason {finish})")
    answer = reader(data)
    usage = data["usage"] if isinstance(data.get("usage"), dict) else {}
    return Reply(answer, finish, _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))


def _refuse_error(part: Mapping[str, Any]) -> None:
    if part.get("error"):
        raise Malformed("the reply is an error", said(part["error"]))


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def choice(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one choice of a reply."""
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Malformed("the reply has no choices")
    return choices[0]


def _finish(chosen: Mapping[str, Any]) -> str | None:
    reason = chosen.get("finish_reason")
    return _clean(reason)[:_LONGEST_REASON] if isinstance(reason, str) else None


def completion_text(data: Mapping[str, Any]) -> str:
    """The text of a completion, as the server sent it."""
    return _text(choice(data), choice(data).get("text"))


def chat_text(data: Mapping[str, Any]) -> str:
    """The text of a chat reply: its content, else a refusal, else the beginning of a thought that never ended.

    A server that splits thoughts off leaves the content empty when the token limit falls into the thought; the
    thought is then returned behind an open `<think>`, which graders know as cut off, not as an empty answer.
    """
    chosen = choice(data)
    message = chosen.get("message")
    if not isinstance(message, dict):
        raise Malformed("the reply has no message")
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(
            part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    thought, finish = message.get("reasoning_content") or message.get("reasoning"), _finish(chosen)
    if not content and isinstance(message.get("refusal"), str):
        return _clean(message["refusal"])
    if not content and isinstance(thought, str) and finish and (content is None or finish == "length"):
        return _clean(f"{THINK}\n{thought}")
    return _text(chosen, content)


def _text(chosen: Mapping[str, Any], text: object) -> str:
    """A text as it is; none is an answer only where the server says that the model has finished, with nothing to say."""
    if not isinstance(text, str | None):
        raise Malformed("the reply has a broken text")
    if not text and not _finish(chosen):
        raise Malformed("the reply has no text and no reason for it")
    return _clean(text or "")


def _clean(text: str) -> str:
    """Text that can be written as UTF-8: JSON may smuggle in half of a surrogate pair."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def log_likelihood(data: Mapping[str, Any], tokens: Sequence[int], context: int) -> tuple[float, bool]:
    """The log-likelihood of `tokens[context:]` in a reply that echoes its prompt.

    Raises:
        UserError: the server does not give the prompt's log-probabilities, or counts other tokens than were sent:
            the sum would be over the wrong ones, or over none.
    """
    logprobs = choice(data).get("logprobs") or {}
    given = logprobs.get("token_logprobs") if isinstance(logprobs, dict) else None
    if not isinstance(given, list) or len(given) != len(tokens) + 1:
        raise UserError(
            f"the server gave log-probabilities for {len(given) if isinstance(given, list) else 0} tokens of "
            f"{len(tokens) + 1}; log-likelihood tasks need one that echoes prompts (vLLM does), and its own tokenizer"
        )
    try:
        value, greedy = LocalCompletionsAPI.parse_logprobs(dict(data), [list(tokens)], [context])[0]
        if math.isnan(value):
            raise ValueError("not a number")
    except (KeyError, TypeError, IndexError, ValueError, AttributeError, OverflowError) as error:
        raise Malformed("the reply's log-probabilities cannot be read") from error
    return float(value), greedy
