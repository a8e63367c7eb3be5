"""Reference solutions of a problem, in the words of its split."""

import random

from tasks.calculation.figures import Style, with_unit
from tasks.calculation.frames import FRAMES
from tasks.calculation.problem import Line
from tasks.calculation.prompt import Draft, tidy

LONGEST_WORDS = 100
"""Characters of formulas in words that an answer may carry."""


def references(rng: random.Random, draft: Draft) -> list[str]:
    """Two solutions in the split's own words, both ending with the answer line."""
    frames, lines = FRAMES[draft.split], draft.problem.lines()
    layouts = rng.sample(frames.solution, len(frames.solution))
    # A long formula in words stays out of the answer itself, which must fit the length that a model may write.
    if sum(len(line.words) for line in lines) > LONGEST_WORDS:
        layouts.sort(key=lambda layout: "{words}" in layout)
    opening = [_conversion(rng, draft)] if draft.converted else []
    answer = f"Ответ: {with_unit(draft.problem.answer, draft.problem.unit, draft.problem.decimals)}"
    texts = ["\n".join([*opening, *_solution(layout, lines), answer]) for layout in layouts[:2]]
    return [tidy(Style()(text)) for text in texts]


def _conversion(rng: random.Random, draft: Draft) -> str:
    plain = draft.problem.figure(draft.converted)
    return rng.choice(FRAMES[draft.split].conversion).format(given=draft.figure(draft.converted), converted=plain)


def _solution(layout: str, lines: list[Line]) -> list[str]:
    return [
        layout.format(
            n=n,
            name=line.name,
            Name=line.name[:1].upper() + line.name[1:],
            words=line.words,
            figures=line.figures,
            sign=line.sign,
            value=line.value,
        )
        for n, line in enumerate(lines, 1)
    ]
