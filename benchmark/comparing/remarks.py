"""What is said of a comparison in sentences: the verdicts in one line, and what a reader of the numbers must know."""

from collections.abc import Iterator

from benchmark.comparing.comparison import Comparison

_REASONS = {
    "few_differences": "too few documents differ",
    "one_cluster": "one document or one template",
    "no_pairs": "no common documents",
    "other_documents": "other documents",
    "other_dataset": "other data",
    "other_version": "other task version",
    "other_grader": "other grader or metric; rufinbench rescore grades a run by today's",
    "unknown_grader": "not recorded which code graded one of the runs; rufinbench rescore grades it again",
    "not_recomputable": "computed over all answers by a function not known here: no interval, no test",
    "": "",
}


def verdict_line(comparison: Comparison) -> str:
    """The comparison in one sentence."""
    counts = comparison.counts
    parts = [f"{count} {verdict}" for verdict, count in counts.items() if count or verdict in ("improved", "worsened")]
    rules = f"Holm over {comparison.family}, α={comparison.alpha:g}, δ={100 * comparison.margin:g} pp"
    tasks = f"{len(comparison.deltas)} task{'s' * (len(comparison.deltas) != 1)}"
    return f"{', '.join(parts)} of {tasks} ({rules})"


def remarks(comparison: Comparison) -> Iterator[str]:
    """Why verdicts are missing, which kind of comparison it is, what was left out. Names in it are as recorded."""
    state = comparison.comparability
    for verdict, reason in dict.fromkeys((delta.verdict, delta.reason) for delta in comparison.deltas if delta.reason):
        alike = [delta for delta in comparison.deltas if (delta.verdict, delta.reason) == (verdict, reason)]
        which = "All" if len(alike) == len(comparison.deltas) > 1 else ", ".join(delta.title["en"] for delta in alike)
        yield f"{which}: {verdict}, {_REASONS[reason]}."
    if state.kind == "controlled":
        what = "the adapter alone" if state.adapter else "nothing that was recorded"
        yield f"Controlled comparison: the runs differ in {what}."
    else:
        keys = dict.fromkeys(difference.key for difference in state.differences)
        yield f"System comparison: the runs also differ in {', '.join(keys)}."
    limits = [run.limit for run in (comparison.baseline, comparison.finetuned)]
    if limits[0] == limits[1] is not None:
        yield f"Both runs have --limit {limits[0]}: the verdicts are about this part of the documents alone."
    if limits[0] != limits[1]:
        lengths = ("all documents" if limit is None else f"--limit {limit}" for limit in limits)
        yield f"The runs differ in length ({', '.join(lengths)}): only common documents are compared."
    for found in comparison.matching:
        left = found.only_baseline + found.only_finetuned + found.failed
        if left:
            yield f"{found.task}: documents left out (no counterpart or no value): {left}."
    for side, problem in comparison.notes:
        facts = " ".join(str(part) for part in (problem.task, problem.count or "", problem.detail) if part)
        yield f"{side}: {problem.kind.replace('_', ' ')}{': ' + facts if facts else ''}"
    for side, names in zip(("baseline", "finetuned"), comparison.unshared, strict=True):
        if names:
            yield f"Only in the {side} run: {', '.join(names)}."
