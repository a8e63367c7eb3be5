"""The systems: each takes a family and answers its test split."""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmark.cheap import rules
from benchmark.cheap.form import labels, lines, rows
from benchmark.cheap.score import Family, Row
from benchmark.errors import UserError

NUMBER = re.compile(r"[−-]?\d+(?:[ \u00a0\u202f]\d{3})*(?:,\d+)?")
_LINE = re.compile(r"(?m)^([А-ЯЁ][^:\n]{2,80}): (.+)$")
_EMPTY: dict[str, Any] = dict.fromkeys(("metric", "value", "unit", "period", "change", "change_unit", "entity"))


def majority(family: Family) -> Iterator[str]:
    """The most common value of each line in train: the majority label, the most common number."""
    if family.name == "extraction":
        return _every(family, rows([_commonest_row(family.train)]))
    counts: dict[str, Counter[str]] = {}
    for item in family.train:
        for name, value in _LINE.findall(item["output"]):
            # Names of sectors and companies differ from item to item, directions do not.
            counts.setdefault("" if family.name == "market_trends" else name, Counter())[value] += 1
    best = {name: counted.most_common(1)[0][0] for name, counted in counts.items()}
    return (lines(family.name, item, lambda name: best.get(name, best.get("", "0"))) for item in family.test)


def _commonest_row(train: Sequence[Row]) -> dict[str, Any]:
    found = [row for item in train for row in json.loads(item["output"])]
    return {key: Counter(row[key] for row in found).most_common(1)[0][0] for key in _EMPTY}


def _every(family: Family, answer: str) -> Iterator[str]:
    return (answer for _ in family.test)


def last_number(family: Family) -> Iterator[str]:
    """The last number that the prompt prints, on every line."""
    return (_same_number(family.name, item, numbers(item)[-1]) for item in family.test)


def numbers(item: Row) -> list[str]:
    """Every number of a prompt, as printed; one zero if there is none."""
    return NUMBER.findall(item["instruction"]) or ["0"]


def _same_number(family: str, item: Row, number: str) -> str:
    if family == "extraction":
        return rows([_EMPTY | {"metric": "выручка", "value": number}])
    return lines(family, item, lambda _: number)


def copied_prompt(family: Family) -> Iterator[str]:
    """The prompt, word for word."""
    return (item["instruction"] for item in family.test)


def nearest_neighbour(family: Family) -> Iterator[str]:
    """The answer to the training item whose prompt is nearest by TF-IDF, under this item's names."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    known = vectorizer.fit_transform(item["instruction"] for item in family.train)
    wanted = vectorizer.transform(item["instruction"] for item in family.test)
    places = (wanted @ known.T).toarray().argmax(axis=1)
    for item, place in zip(family.test, places, strict=True):
        yield _renamed(family.name, item, family.train[int(place)]["output"])


def _renamed(family: str, item: Row, answer: str) -> str:
    """A market answer names participants that this item has not; its directions are dealt out in turn."""
    if family != "market_trends":
        return answer
    stated = [value for _, value in _LINE.findall(answer)] or ["нейтрально"]
    order = iter(stated * 5)
    return lines(family, item, lambda _: next(order))


def random_guess(family: Family) -> Iterator[str]:
    """A label by lot, a number of the prompt by lot."""
    rng = random.Random(0)
    for item in family.test:
        printed = numbers(item)
        if family.name == "extraction":
            yield rows(_EMPTY | {"metric": "выручка", "value": rng.choice(printed)} for _ in range(3))
        else:
            yield lines(family.name, item, lambda name: rng.choice(labels(family.name, name) or printed))  # noqa: B023


def few_lines_of_regex(family: Family) -> Iterator[str]:
    """What someone writes in half an hour after a look at the prompts.

    Raises:
        UserError: nobody has written it for this family yet.
    """
    rule = rules.RULES.get(family.name)
    if rule is None:
        raise UserError(f"benchmark/cheap/rules.py: RULES has no {family.name!r}; add a function that answers an item")
    return map(rule, family.test)


SYSTEMS: dict[str, Callable[[Family], Iterator[str]]] = {
    "majority": majority,
    "random guess": random_guess,
    "last number": last_number,
    "copy of the prompt": copied_prompt,
    "TF-IDF nearest neighbour": nearest_neighbour,
    "few lines of regex": few_lines_of_regex,
}
"""Name in the data card -> system."""
