"""Seconds to grade a whole run: 2,000 answers through every family's `process_results`.

    python tests/performance/grading_speed.py

Answers are the test items' references, other items' references and both together: as long as real answers, right and wrong.
"""

import platform
import time
from importlib import import_module
from itertools import cycle, islice
from typing import Any

from tasks.dataset import read_split

FAMILIES = ("calculation", "credit_risk", "esg_risk", "extraction", "market_trends", "statement_analysis")
ANSWERS = 2_000


def answers(family: str, count: int) -> list[tuple[dict[str, Any], str]]:
    """Items of the test split with an answer each."""
    pairs = []
    for turn, doc in enumerate(islice(cycle(read_split(family, "test")), count)):
        own, other = doc["output"], doc["floor_reference"]
        pairs.append((doc, (own, other, f"{other}\n\n{own}", f"**{own}**")[turn % 4]))
    return pairs


def main() -> None:
    """Grade and print."""
    print(f"Python {platform.python_version()}, {platform.machine()}, empty caches")
    print(f"{'':24}{'answers':>9}{'seconds':>9}{'ms each':>9}")
    total = 0.0
    for position, family in enumerate(FAMILIES):
        count = ANSWERS // len(FAMILIES) + (position < ANSWERS % len(FAMILIES))
        task = import_module(f"tasks.{family}.task")
        pairs = answers(family, count)
        start = time.process_time()
        for doc, answer in pairs:
            task.process_results(doc, [answer])
        seconds = time.process_time() - start
        total += seconds
        print(f"{family:24}{count:9}{seconds:9.2f}{seconds / count * 1000:9.2f}")
    print(f"{'all':24}{ANSWERS:9}{total:9.2f}{total / ANSWERS * 1000:9.2f}")


if __name__ == "__main__":
    main()
