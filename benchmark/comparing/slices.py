"""Named parts of a task (slice, topic, difficulty): where a change sits. Explored in bulk, so Benjamini-Hochberg."""

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark import statistics
from benchmark.comparing.measures import Measure
from benchmark.runs.records import SampleResult
from benchmark.statistics import Floats

SMALLEST = 5
"""Parts with fewer documents are not looked at."""


@dataclass(frozen=True)
class SliceDelta:
    """The mean of documents' own headline scores in one part of one task."""

    task: str
    dimension: str
    """`slice`, `topic` or `difficulty`."""
    value: str
    n: int
    baseline: float
    finetuned: float
    difference: float
    p_value: float
    higher_is_better: bool
    share: bool
    p_adjusted: float | None = None


def slice_deltas(
    task: str, samples: Sequence[SampleResult], measure: Measure, *, higher_is_better: bool, seed: int
) -> list[SliceDelta]:
    """Each part's difference with the p-value of a sign-flip test over its clusters."""
    positions: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position, sample in enumerate(samples):
        for dimension, value in sample.slices.items():
            positions[dimension, value].append(position)
    found = []
    for (dimension, value), where in sorted(positions.items()):
        if len(where) < SMALLEST or len(where) == len(samples):
            continue
        first, second = measure.baseline_items[where], measure.finetuned_items[where]
        sums = _by_template(second - first, [samples[i].template for i in where])
        label = zlib.crc32(f"{task}\0{dimension}\0{value}".encode("utf-8", "surrogatepass"))
        p_value = statistics.sign_flip_p(sums, (seed, label))
        levels = float(first.mean()), float(second.mean())
        difference = float((second - first).mean())
        part = (task, dimension, value, len(where), *levels, difference, p_value, higher_is_better, measure.share)
        found.append(SliceDelta(*part))
    return found


def _by_template(differences: Floats, templates: Sequence[str]) -> Floats:
    sums: dict[str | int, float] = defaultdict(float)
    for position, (difference, template) in enumerate(zip(differences, templates, strict=True)):
        sums[template or position] += float(difference)
    return np.array(list(sums.values()))
