"""What a comparison of two runs says, as the terminal, the JSON and the pages read it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.comparing.comparability import Comparability
from benchmark.comparing.slices import SliceDelta
from benchmark.comparing.verdicts import VERDICTS, Reason, Verdict
from benchmark.runs.records import Problem, RunRecord, SampleResult, TaskRecord

Pair = tuple[SampleResult, SampleResult]


@dataclass(frozen=True)
class Delta:
    """One metric of one task in both runs. Values that could not be computed are None."""

    task: str
    title: Mapping[str, str]
    metric: str
    headline: bool
    """Whether this is the task's one tested metric; others are shown with intervals and without verdicts."""
    higher_is_better: bool
    share: bool
    """Whether values are shares of one (shown as per cent, differences in points)."""
    baseline: float | None
    finetuned: float | None
    verdict: Verdict
    reason: Reason
    """Why there is no verdict, or none but *inconclusive*."""
    baseline_low: float | None = None
    baseline_high: float | None = None
    finetuned_low: float | None = None
    finetuned_high: float | None = None
    difference: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    n_pairs: int = 0
    clusters: int = 0
    improved: int = 0
    """Documents that got better."""
    worsened: int = 0
    detectable: float | None = None
    """Smallest difference found with 80% power at this size."""
    method: str = ""


@dataclass(frozen=True)
class Matching:
    """How a task's documents were matched."""

    task: str
    pairs: int
    only_baseline: int
    only_finetuned: int
    failed: int
    """Pairs without a number from both runs."""


@dataclass(frozen=True)
class Average:
    """The plain mean of the tasks' headline metrics; described, not tested."""

    tasks: int
    baseline: float
    finetuned: float
    difference: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Comparison:
    """Everything that the reports and the terminal say about two runs."""

    baseline: RunRecord
    finetuned: RunRecord
    alpha: float
    margin: float
    seed: int
    comparability: Comparability
    deltas: tuple[Delta, ...]
    """One headline per shared task, in the tasks' order."""
    secondary: tuple[Delta, ...]
    average: Average | None
    slices: tuple[SliceDelta, ...]
    outcomes: Mapping[str, Mapping[tuple[str, str], int]]
    """Per task: (outcome before, outcome after) → documents."""
    matching: tuple[Matching, ...]
    unshared: tuple[tuple[str, ...], tuple[str, ...]]
    """Tasks that only the baseline, only the fine-tuned run has."""
    notes: tuple[tuple[str, Problem], ...]
    """("baseline" or "finetuned", what was left out there)."""

    @property
    def family(self) -> int:
        """How many headline metrics were tested together."""
        return sum(delta.p_adjusted is not None for delta in self.deltas)

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many tasks got each verdict."""
        found = Counter(delta.verdict for delta in self.deltas)
        return {verdict: found[verdict] for verdict in VERDICTS}

    def pairs(self, task: str) -> list[Pair]:
        """The matched samples of a task, in the baseline's order."""
        return pairs(self.baseline.tasks[task], self.finetuned.tasks[task])


def pairs(baseline: TaskRecord, finetuned: TaskRecord) -> list[Pair]:
    """Samples of the same document in both runs."""
    return [(sample, finetuned.samples[key]) for key, sample in baseline.samples.items() if key in finetuned.samples]
