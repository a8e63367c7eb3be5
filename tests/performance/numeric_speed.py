"""How fast the numeric grader is: against Math-Verify on the labelled answers, and on inputs made to be slow.

    python tests/performance/numeric_speed.py

Both graders run in one process on the same answers; what is reported is their ratio. The long inputs are 200,000
characters each; the growth is the time of 16,000 characters over that of 8,000 (below the 20,000 that are read).
"""

import platform
import time
from collections.abc import Callable
from statistics import mean, median

from benchmark.judge import SETS, math_verify, ours, read_triples
from tasks.scoring.numeric import grade

LENGTH = 200_000
LONG = {
    "digits": "9",
    "thousands groups": "999 ",
    "anchors": "Ответ: ",
    "anchored answers": "Ответ: 5% ",
    "open brackets": "(1+",
    "powers": "9^",
    "boxes": r"\boxed{5}",
    "open boxes": r"\boxed{",
    "LaTeX fractions": r"\frac{1}{",
    "dollars": "$a",
    "stars": "*",
    "spaces": " ",
    "equals signs": "5=",
    "minus signs": "-",
    "glued minuses": "−5",
    "number words": "двадцать ",
    "compounds": "1 млн 2 тыс. 3 руб. ",
    "or": "5 или ",
    "derivations": "Рентабельность равна 295 / 1340 × 100% = 22,01%.\n",
    "commas": "1,",
    "vulgar fractions": "½",
    "entities": "&amp;",
    "tags": "<b>",
    "thoughts": "<think>",
    "slashes": "1/",
    "roots": "√9",
    "years": "в 2023 ",
    "letters": "а",
}


def _seconds(function: Callable[[], object], repeats: int = 3) -> float:
    """The best of a few runs: what else the machine does only ever adds time."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    """Measure and print."""
    triples = read_triples(SETS["development"])
    for triple in triples[:20]:
        ours(triple), math_verify(triple)
    own = [_seconds(lambda triple=triple: ours(triple)) for triple in triples]
    other = [_seconds(lambda triple=triple: math_verify(triple), repeats=1) for triple in triples]
    print(f"Python {platform.python_version()}, {platform.machine()}")
    print(f"{len(triples)} labelled answers: mean {mean(own) * 1e6:.0f} µs, median {median(own) * 1e6:.0f} µs")
    print(
        f"Math-Verify takes {mean(other) / mean(own):.0f} times the mean and {median(other) / median(own):.0f} times the median"
    )
    print(f"{'200,000 characters of':24}{'seconds':>9}{'growth':>9}")
    for name, piece in LONG.items():
        long, short, half = (piece * (length // len(piece)) for length in (LENGTH, 16_000, 8_000))
        seconds = _seconds(lambda text=long: grade(text, "15", "%", decimals=2))
        growth = _seconds(lambda text=short: grade(text, "15", "%")) / _seconds(
            lambda text=half: grade(text, "15", "%")
        )
        print(f"{name:24}{seconds:9.3f}{growth:9.1f}")


if __name__ == "__main__":
    main()
