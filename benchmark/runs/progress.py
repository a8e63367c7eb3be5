"""The one progress bar of a run: answers given, answers and tokens a second, time left.

    with Progress() as progress:
        progress.start(total=300, already=120)   # once for each kind of request; the numbers add up
        progress.advance(tokens=48)              # at each finished answer

Where stderr is no terminal (CI, a log file) there is no bar but a line about every 30 seconds.
"""

import math
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as RichProgress

LINE_EVERY = 30.0
"""Seconds between two lines where there is no terminal."""


class Progress:
    """Counts the answers of a run and shows how it goes; does nothing visible before `start`."""

    def __init__(
        self,
        processes: int = 1,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is shown yet.

        Args:
            processes: how many processes answer at once; one of them counts its own answers, and as the work is
                dealt out evenly, each stands for this many.
            stream: where to show it; stderr if not given.
            clock: seconds, from any starting point.
        """
        self.total = 0
        """Answers that the run needs."""
        self.already = 0
        """Of these, answers that an earlier try left."""
        self.fresh = 0
        """Answers given since `start`."""
        self.tokens = 0
        """Tokens generated since `start`, as far as the model counts them."""
        self._processes = processes
        self._clock = clock
        self._started = self._last_line = math.nan
        self._console = Console(file=stream or sys.stderr, highlight=False)
        columns = (SpinnerColumn(), BarColumn(bar_width=24), TextColumn("{task.description}"))
        self._bar = RichProgress(*columns, console=self._console, transient=True) if self._console.is_terminal else None
        self._task = self._bar.add_task("") if self._bar else None

    def start(self, total: int, already: int = 0) -> None:
        """Announce answers that are needed; call it again when more turn out to be.

        Args:
            total: how many, those that are on disk included.
            already: how many of them are on disk from an earlier try.
        """
        if math.isnan(self._started):
            self._started = self._last_line = self._clock()
            if self._bar:
                self._bar.start()
        self.total += total
        self.already += already
        self._show()

    def advance(self, n: int = 1, tokens: int = 0) -> None:
        """Count finished answers; call it when they are on disk.

        Args:
            n: how many.
            tokens: how many tokens were generated for them, 0 where that is not known.
        """
        self.fresh = min(self.fresh + n * self._processes, self.total - self.already)
        self.tokens += tokens * self._processes
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
        """`168/300 answers (120 from before) · 3.4 answers/s · 163 tokens/s · 0:00:39 left`."""
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
        return " · ".join(parts)

    def _show(self) -> None:
        if self._bar and self._task is not None:
            done = self.already + self.fresh
            self._bar.update(self._task, total=self.total, completed=done, description=str(self))
        elif self._clock() - self._last_line >= LINE_EVERY:
            self._last_line = self._clock()
            self._console.print(str(self), soft_wrap=True)
