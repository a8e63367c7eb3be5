"""The one progress bar of a run: answers given, answers and tokens a second, time left, memory; a line a finished task.

    with Progress() as progress:
        progress.start({"sums": 200, "words": 100}, already={"sums": 120})   # once for each kind of request
        progress.advance(["sums"], tokens=48)                                # at each finished answer

Where stderr is no terminal (CI, a log file) there is no bar but a line about every 30 seconds.
"""

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from benchmark.machine import peak_memory_bytes

LINE_EVERY = 30.0
"""Seconds between two lines where there is no terminal."""
MEASURE_EVERY = 10.0
"""Seconds between two looks at the memory, which walk through all processes of the machine."""


class Progress:
    """Counts the answers of a run and shows how it goes; does nothing visible before `start`."""

    def __init__(
        self,
        processes: int = 1,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        memory: Callable[[], Mapping[str, int]] = peak_memory_bytes,
    ) -> None:
        """Nothing is shown yet.

        Args:
            processes: how many processes answer at once; one of them counts its own answers, and as the work is
                dealt out evenly, each stands for this many until the others' are there.
            stream: where to show it; stderr if not given.
            clock: seconds, from any starting point.
            memory: bytes by kind of memory, `gpu` and `host`.
        """
        self.total = 0
        """Answers that the run needs."""
        self.already = 0
        """Of these, answers that an earlier try left."""
        self.tokens = 0
        """Tokens generated since `start`, as far as the model counts them."""
        self._own = self._others = 0
        self._needed: Counter[str] = Counter()
        self._left: Counter[str] = Counter()
        self._processes = processes
        self._clock, self._memory = clock, memory
        self._started = self._last_line = math.nan
        self._measured, self._bytes = -math.inf, 0
        self._console = Console(file=stream or sys.stderr, highlight=False)
        columns = (SpinnerColumn(), BarColumn(bar_width=24), TextColumn("{task.description}"))
        self._bar = RichProgress(*columns, console=self._console, transient=True) if self._console.is_terminal else None
        self._task = self._bar.add_task("") if self._bar else None

    @property
    def fresh(self) -> int:
        """Answers given since `start`; with several processes estimated while they are at it."""
        return min(max(self._own * self._processes, self._own + self._others), self.total - self.already)

    def start(self, needed: Mapping[str, int], already: Mapping[str, int] | None = None) -> None:
        """Announce answers that are needed; call it again when more turn out to be.

        Args:
            needed: task -> how many, those that are on disk included.
            already: how many of them are on disk from an earlier try.
        """
        already = already or {}
        if math.isnan(self._started):
            self._started = self._last_line = self._clock()
            if self._bar:
                self._bar.start()
        self.total += sum(needed.values())
        self.already += sum(already.values())
        self._needed.update(needed)
        self._left.update({task: count - already.get(task, 0) for task, count in needed.items()})
        self._tell(needed)
        self._show()

    def advance(self, tasks: Iterable[str], tokens: int = 0, *, own: bool = True) -> None:
        """Count finished answers; call it when they are on disk.

        Args:
            tasks: the task of each.
            tokens: how many tokens were generated for them all, 0 where that is not known.
            own: whether this process gave them, and not another of the run.
        """
        counts = Counter(tasks)
        if own:
            self._own += counts.total()
            self.tokens += tokens * self._processes
        else:
            self._others += counts.total()
        self._left.subtract(counts)
        self._tell(counts)
        self._show()

    def stop(self) -> None:
        """Take the bar away; calling it twice is harmless."""
        if self._bar:
            self._bar.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def counts(self) -> dict[str, int] | None:
        """What `run.json` keeps; None if nothing was announced."""
        known = {"asked": self.total, "from_before": self.already, "given": self.fresh, "tokens": self.tokens}
        return known if self.total else None

    def __str__(self) -> str:
        """`168/300 answers (120 from before) · 3.4 answers/s · 163 tokens/s · 0:00:39 left · 5.1 GiB`."""
        parts = [f"{self.already + self.fresh}/{self.total} answers"]
        if self.already:
            parts[0] += f" ({self.already} from before)"
        seconds = self._clock() - self._started
        if self.fresh and seconds > 0:
            rate = self.fresh / seconds
            parts.append(f"{rate:.3g} answers/s")
            if self.tokens:
                parts.append(f"{self.tokens / seconds:.0f} tokens/s")
            left = (self.total - self.already - self.fresh) / rate
            parts.append(f"{timedelta(seconds=round(left))} left")
        return " · ".join([*parts, f"{self._bytes / 2**30:.1f} GiB"])

    def _tell(self, tasks: Iterable[str]) -> None:
        """A line above the bar for each of these tasks that is finished."""
        for task in tasks:
            if self._bar and not self._left[task]:
                name = "".join(letter if letter.isprintable() else "�" for letter in task)
                passed = timedelta(seconds=round(self._clock() - self._started))
                self._console.print(Text(f"{name}: {self._needed[task]} answers after {passed}"))

    def _show(self) -> None:
        if self._clock() - self._measured >= MEASURE_EVERY:
            self._measured, peaks = self._clock(), self._memory()
            self._bytes = peaks.get("gpu", peaks["host"])
        if self._bar and self._task is not None:
            done = self.already + self.fresh
            self._bar.update(self._task, total=self.total, completed=done, description=str(self))
        elif self._clock() - self._last_line >= LINE_EVERY:
            self._last_line = self._clock()
            self._console.print(str(self), soft_wrap=True)
