"""`rufinbench` that is killed in the middle: `python -m tests.benchmark.crashing RANK AFTER run …`.

The process of that rank ends when it has kept so many answers.
"""

import os
import signal
import sys

from benchmark.cli import main
from benchmark.storage.store import AnswerStore


def crash(rank: str, after: int) -> None:
    """Let this process end so, if it is the one."""
    put, kept = AnswerStore.put, []

    def crashing(self: AnswerStore, key: str, answer: object) -> None:
        put(self, key, answer)
        kept.append(key)
        if os.environ.get("RANK", "0") == rank and len(kept) == after:
            os.kill(os.getpid(), signal.SIGKILL)

    AnswerStore.put = crashing  # type: ignore[method-assign]


if __name__ == "__main__":
    crash(sys.argv[1], int(sys.argv[2]))
    del sys.argv[1:3]
    main()
