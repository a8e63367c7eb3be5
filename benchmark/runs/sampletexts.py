"""What a line of a sample file says in words: the prompt, the answer, the reference, whatever the kind of task."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Texts(NamedTuple):
    """What was asked, what was answered, what was expected."""

    prompt: str
    response: str
    target: str


def texts_of(row: Mapping[str, Any]) -> Texts:
    """The texts of one line; of a multiple-choice question its options, the likeliest marked."""
    arguments, responses = row.get("arguments"), row.get("filtered_resps")
    target = _text(row.get("target"))
    options = _options(arguments, responses)
    if not options:
        return Texts(_prompt(arguments), _response(responses), target)
    likeliest = max(score for _, score in options)
    lines = (f"{'→' if score == likeliest else ' '} {option} ({score:.2f})" for option, score in options)
    names = [option for option, _ in options]
    if target not in names and target.isdecimal() and int(target) < len(names):
        target = f"{target}: {names[int(target)]}"
    return Texts(_prompt(arguments), "\n".join(lines), target)


def _options(arguments: Any, responses: Any) -> list[tuple[str, float]]:
    """A multiple-choice question's options with their log-likelihoods; lm-eval logs these as text."""
    if not (isinstance(arguments, Mapping) and isinstance(responses, list) and 1 < len(arguments) == len(responses)):
        return []
    options = [_text(request.get("arg_1")).strip() for request in arguments.values() if isinstance(request, Mapping)]
    try:
        return [(option, float(pair[0])) for option, pair in zip(options, responses, strict=True)]
    except (TypeError, ValueError, LookupError):
        return []


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _prompt(arguments: Any) -> str:
    first = next(iter(arguments.values()), None) if isinstance(arguments, Mapping) else arguments
    while isinstance(first, list | Mapping):
        first = first.get("arg_0") if isinstance(first, Mapping) else next(iter(first), None)
    return _said(_text(first))


def _said(prompt: str) -> str:
    """What the messages say that a chat server was asked with, each under its role; any other prompt as it is."""
    if not prompt.startswith('[{"role"'):
        return prompt
    try:
        messages = [(message["role"], message["content"]) for message in json.loads(prompt)]
    except (ValueError, TypeError, LookupError, RecursionError):
        return prompt
    if len(messages) == 1:
        return _text(messages[0][1])
    return "\n\n".join(f"{role}:\n{content}" for role, content in messages)


def _response(responses: Any) -> str:
    """The first answer; anything else as it was recorded."""
    while isinstance(responses, list) and len(responses) == 1:
        responses = responses[0]
    return json.dumps(responses, ensure_ascii=False) if isinstance(responses, list) else _text(responses)
