"""Which requests a backend is asked at once."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from lm_eval.api.instance import Instance

from benchmark.storage.requestkey import is_sampled, request_key

SLICE = 128
"""Requests that a backend is given at once if it does not tell of each answer as it comes."""
PORTIONS = {"loglikelihood": 256, "loglikelihood_rolling": 1 << 18}
"""Questions, and characters of whole texts, that a process scores in one portion.

The last bits of a log-likelihood depend on what shares its batch. So portions follow from the requests of a run alone,
and one with anything missing is asked again whole: a run that was interrupted ends with the numbers of one that was not.
"""

Portion = list[list[int]]
"""What is asked at once: for each request the positions that it stands in."""


def tells_answers(lm: Any) -> bool:
    """Whether a backend calls the hook with each answer, under the very arguments that were asked.

    lm-eval's own do so with settings that they changed (vllm), or with another request's (sglang), so that only a
    backend that promises to be exact is listened to.
    """
    return bool(getattr(lm, "tells_answers", False))


def portions(lm: Any, method: str, requests: Sequence[Instance], missing: Sequence[bool]) -> list[Portion]:
    """Requests with a missing answer, and what must be asked again with them."""
    told = tells_answers(lm)
    if method in PORTIONS and told and not getattr(lm, "answers_alone", False):
        same = _same(method, requests, range(len(requests)))
        of_run = _of_run(method, requests, same, getattr(lm, "processes", 1))
        return [portion for portion in of_run if any(missing[p] for positions in portion for p in positions)]
    same = _same(method, requests, [position for position, needed in enumerate(missing) if needed])
    # A backend that tells of each answer loses none; of any other only the slice under way can be lost.
    size = max(1, len(same) if told else SLICE)
    return [same[start : start + size] for start in range(0, len(same), size)]


def _of_run(method: str, requests: Sequence[Instance], same: Iterable[list[int]], processes: int) -> list[Portion]:
    """All requests in portions; those with one context together, so that it is read once, and the longest first."""
    questions: dict[str, Portion] = {}
    for positions in same:
        questions.setdefault(requests[positions[0]].args[0], []).append(positions)
    found: list[Portion] = []
    size = math.inf
    for text in sorted(questions, key=lambda text: (-len(text), text)):
        if size >= PORTIONS[method] * processes:
            found.append([])
            size = 0
        found[-1] += questions[text]
        size += 1 if method == "loglikelihood" else len(text)
    return found


def _same(method: str, requests: Sequence[Instance], among: Iterable[int]) -> list[list[int]]:
    """Positions of equal greedy requests together, to be asked once; each sampled one alone."""
    groups: dict[Any, list[int]] = {}
    for position in among:
        arguments = requests[position].args
        group = position if is_sampled(arguments[-1]) else request_key(method, arguments)
        groups.setdefault(group, []).append(position)
    return list(groups.values())
