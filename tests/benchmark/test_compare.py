"""Verdicts, comparability, symmetry, degenerate runs, and the terminal's and JSON's account of them."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmark.compare import compare
from benchmark.comparing import translation
from benchmark.comparing.export import as_dict, as_json
from benchmark.comparing.measures import measure
from benchmark.comparing.remarks import verdict_line
from benchmark.comparing.terminal import as_markdown, print_comparison
from benchmark.comparing.verdicts import MARKS, judge
from benchmark.errors import UserError
from benchmark.results import load_run
from tasks.scoring import aggregate
from tests.reports.fixture import Shape, write_run
from tests.reports.payloads import PAYLOADS
from tests.reports.reading import printed

ADAPTED = {"adapter": "adapters/lora"}


def pair(tmp_path, first=None, second=None, **shared):
    shapes = (
        Shape(**{"seed": 1, "skill": 0.4} | shared | (first or {})),
        Shape(**{"seed": 2, "skill": 0.55} | shared | (second or {})),
    )
    return [load_run(write_run(tmp_path / name, shape)) for name, shape in zip("ab", shapes, strict=True)]


def test_a_clear_gain_is_found_in_a_controlled_comparison(tmp_path):
    found = compare(*pair(tmp_path, second=ADAPTED, documents=200))
    assert found.comparability.kind == "controlled"
    assert found.family == 4
    assert {delta.verdict for delta in found.deltas} <= {"improved", "inconclusive"}
    assert found.counts["improved"] >= 2
    assert found.average is not None and found.average.ci_low > 0
    for delta in found.deltas:
        assert delta.ci_low <= delta.difference <= delta.ci_high
        assert delta.improved + delta.worsened <= delta.n_pairs == 200


@pytest.mark.parametrize("cluster", [1, 4])
def test_swapping_the_runs_flips_every_sign_exactly(tmp_path, cluster):
    a, b = pair(tmp_path, documents=80, cluster=cluster)
    there, back = compare(a, b), compare(b, a)
    opposite = {"improved": "worsened", "worsened": "improved"}
    for one, other in zip(there.deltas + there.secondary, back.deltas + back.secondary, strict=True):
        assert one.difference == -other.difference
        assert (one.ci_low, one.ci_high) == (-other.ci_high, -other.ci_low)
        assert one.p_adjusted == other.p_adjusted
        assert one.verdict == opposite.get(other.verdict, other.verdict)
        assert (one.improved, one.worsened) == (other.worsened, other.improved)


def test_clusters_change_the_method(tmp_path):
    (alone, *_), (clustered, *_) = (
        compare(*pair(tmp_path / str(size), documents=80, cluster=size)).deltas for size in (1, 4)
    )
    assert (alone.method, alone.clusters) == ("tango_mcnemar", 80)
    assert (clustered.method, clustered.clusters) == ("bootstrap_signflip", 20)


def test_a_mean_of_tasks_without_any_difference_has_an_interval(tmp_path):
    found = compare(*pair(tmp_path, documents=8, second={"seed": 1, "skill": 0.0}, first={"seed": 1, "skill": 0.0}))
    assert found.average is not None
    lows = [delta.ci_low for delta in found.deltas]
    assert found.average.difference == 0
    assert found.average.ci_low == pytest.approx(sum(lows) / len(lows))
    assert found.average.ci_low < -0.1


@pytest.mark.slow
def test_two_runs_of_one_system_rarely_get_a_verdict(tmp_path):
    """A/A: the same skill, other luck. At most α of the families may hold any improved or worsened."""
    false = 0
    families = 25
    for turn in range(families):
        seeds = {"first": {"seed": 2 * turn, "skill": 0.5}, "second": {"seed": 2 * turn + 1, "skill": 0.5}}
        counts = compare(*pair(tmp_path / str(turn), documents=60, **seeds)).counts
        false += counts["improved"] + counts["worsened"] > 0
    assert false <= 4  # with α = 0.05 five or more of 25 come about in 0.7% of such tests


@pytest.mark.parametrize(
    ("second", "key", "kind"),
    [
        (
            {"changes": {"system": {"pretrained": "base", "quantization": "int8", "backend": "hf"}}},
            "quantization",
            "system",
        ),
        (
            {
                "changes": {
                    "system": {
                        "pretrained": "base",
                        "quantization": "nf4",
                        "backend": "hf",
                        "backend_args_sha256": "a",
                    }
                }
            },
            "backend_args_sha256",
            "system",
        ),
        ({"changes": {"device": {"kind": "cuda"}}}, "device", "system"),
        ({"changes": {"options": {"max_length": 512}}}, "max_length", "system"),
        ({"changes": {"engine_sha256": "e"}}, "engine", "system"),
        (
            {"changes": {"versions": {"rufinbench": "0.1.0", "lm-eval": "0.4.13", "pymorphy3": "2.0.4"}}},
            "pymorphy3",
            "system",
        ),
        (ADAPTED, None, "controlled"),
        ({}, None, "controlled"),
    ],
)
def test_what_differs_decides_the_kind(tmp_path, second, key, kind):
    state = compare(*pair(tmp_path, documents=12, second=second)).comparability
    assert state.kind == kind
    assert [difference.key for difference in state.differences] == ([key] if key else [])


@pytest.mark.parametrize(
    ("second", "reason"),
    [({"dataset": "b"}, "other_dataset"), ({"grader": "g2"}, "other_grader"), ({"run_json": False}, "unknown_grader")],
)
def test_other_data_or_grader_withholds_every_verdict(tmp_path, second, reason):
    found = compare(*pair(tmp_path, documents=40, second=second))
    assert {(delta.verdict, delta.reason) for delta in found.deltas} == {("withheld", reason)}
    assert found.family == 0 and found.average is None and not found.slices


def test_one_task_of_another_version_withholds_that_task(tmp_path):
    a, b = pair(tmp_path, documents=20)
    name = next(iter(b.tasks))
    b = replace(b, tasks={**b.tasks, name: replace(b.tasks[name], version="2.0")})
    found = compare(a, b)
    assert [delta.task for delta in found.deltas if delta.verdict == "withheld"] == [name]
    assert found.family == 3


@pytest.mark.parametrize("documents", [1, 2, 5])
def test_tiny_runs_give_no_verdict_and_no_nan(tmp_path, documents):
    found = compare(*pair(tmp_path, documents=documents))
    assert {delta.verdict for delta in found.deltas} <= {"inconclusive"}
    assert "NaN" not in as_json(found)
    for delta in found.deltas:
        assert delta.ci_high - delta.ci_low > 0.5  # so few documents say next to nothing


@pytest.mark.parametrize("skill", [0.0, 2.0])
def test_no_discordance_is_not_equality_until_there_is_enough_of_it(tmp_path, skill):
    shape = {"skill": skill, "tasks": 1}
    small = compare(*pair(tmp_path / "small", shape, shape, documents=20)).deltas[0]
    large = compare(*pair(tmp_path / "large", shape, shape, documents=500)).deltas[0]
    assert (small.verdict, small.reason) == ("inconclusive", "few_differences")
    assert (large.verdict, large.difference) == ("equivalent", 0)


def test_runs_without_common_documents_or_tasks(tmp_path):
    a, b = pair(tmp_path, documents=10)
    name = next(iter(a.tasks))
    moved = {f"x{key}": sample for key, sample in b.tasks[name].samples.items()}
    apart = compare(a, replace(b, tasks={name: replace(b.tasks[name], samples=moved)}))
    assert [(delta.verdict, delta.reason) for delta in apart.deltas] == [("withheld", "other_documents")]
    assert apart.unshared[0] == tuple(list(a.tasks)[1:])
    assert compare(a, replace(b, tasks={})).deltas == ()


def test_a_missing_part_is_compared_on_the_rest_and_counted(tmp_path):
    a, b = pair(tmp_path, documents=40, tasks=1)
    ((name, task),) = b.tasks.items()
    kept = dict(list(task.samples.items())[:30])
    found = compare(a, replace(b, tasks={name: replace(task, samples=kept)}))
    assert (found.matching[0].pairs, found.matching[0].only_baseline) == (30, 10)
    assert found.deltas[0].verdict != "withheld"


def test_an_aggregate_that_its_samples_do_not_bear_out_is_noted(tmp_path):
    a, b = pair(tmp_path, documents=20, tasks=1)
    ((name, task),) = a.tasks.items()
    scores = {"numeric_match": replace(task.scores["numeric_match"], value=0.99)}
    found = compare(replace(a, tasks={name: replace(task, scores=scores)}), b)
    assert [(side, note.kind) for side, note in found.notes] == [("baseline", "disagrees")]


@pytest.mark.parametrize("metric", ["macro_f1", "micro_f1"])
def test_measures_agree_with_the_tasks_aggregates(metric):
    rng = np.random.default_rng(4)
    labels = ["низкий", "средний", "высокий", None]
    rows = (
        [[labels[rng.integers(3)], labels[rng.integers(4)]] for _ in range(50)]
        if metric == "macro_f1"
        else [[int(x) for x in rng.integers(0, 6, 3)] for _ in range(50)]
    )
    found = measure(metric, rows, rows)
    assert float(found.value(found.baseline.sum(0))) == pytest.approx(getattr(aggregate, metric)(rows), abs=1e-12)


@pytest.mark.parametrize("name", ["weighted_perplexity", "bits_per_byte", "perplexity"])
def test_likelihood_measures_agree_with_lm_evals(name):
    from lm_eval.api.registry import get_aggregation

    rng = np.random.default_rng(5)
    rows = [[float(-rng.uniform(1, 90)), int(rng.integers(1, 20))] for _ in range(40)]
    rows = [row[0] for row in rows] if name == "perplexity" else rows
    found = measure(name, rows, rows)
    assert float(found.value(found.baseline.sum(0))) == pytest.approx(get_aggregation(name)(rows), rel=1e-12)


@pytest.mark.parametrize("name", ["f1", "matthews_corrcoef"])
def test_label_measures_agree_with_lm_evals(name):
    from lm_eval.api.registry import get_aggregation

    rng = np.random.default_rng(6)
    rows = [[int(gold), bool(said)] for gold, said in rng.integers(0, 2, (40, 2))]
    if name == "matthews_corrcoef":
        rows += [[2, 0], [2, 2], [0, 3]]
    found = measure(name, rows, rows)
    assert float(found.value(found.baseline.sum(0))) == pytest.approx(get_aggregation(name)(rows), abs=1e-12)


@pytest.mark.parametrize("name", translation.NAMES)
@pytest.mark.parametrize("references", [1, 2])
def test_translation_measures_agree_with_lm_evals(name, references):
    from lm_eval.api.registry import get_aggregation

    rng = np.random.default_rng(7)
    words = ["ставка", "выросла", "до", "16 %,", "банк", "снизил", "прогноз."]
    rows = [
        [[" ".join(rng.choice(words, 9)) for _ in range(references)], " ".join(rng.choice(words, 8))] for _ in range(30)
    ]
    rows = [[gold if references > 1 else gold[0], said] for gold, said in rows]
    counts = [translation.counts(name, row) for row in rows]
    found = measure(name, counts, counts)
    assert float(found.value(found.baseline.sum(0))) == pytest.approx(get_aggregation(name)(rows), rel=1e-9)


@pytest.mark.parametrize(
    "value", [None, "text", [], ["a"], [["a"], []], [[], "b"], ["a", 3], ["a", "b" * 30_000], ["a", ["b", "c"]]]
)
def test_what_is_no_pair_of_texts_has_no_counts(value):
    assert translation.counts("bleu", value) is None


def test_an_unknown_aggregation_is_shown_but_not_judged(tmp_path):
    a, b = pair(tmp_path, documents=10, tasks=1)
    runs = []
    for run in (a, b):
        ((name, task),) = run.tasks.items()
        config = {**task.config, "metric_list": [{"metric": "numeric_match", "aggregation": "median"}]}
        runs.append(replace(run, tasks={name: replace(task, config=config)}))
    delta = compare(*runs).deltas[0]
    assert (delta.verdict, delta.reason, delta.difference) == ("withheld", "not_recomputable", None)
    assert delta.baseline is not None


def test_lower_is_better_turns_the_verdict_not_the_sign(tmp_path):
    a, b = pair(tmp_path, documents=200, tasks=1)
    runs = []
    for run in (a, b):
        ((name, task),) = run.tasks.items()
        scores = {"numeric_match": replace(task.scores["numeric_match"], higher_is_better=False)}
        runs.append(replace(run, tasks={name: replace(task, scores=scores)}))
    delta = compare(*runs).deltas[0]
    assert delta.difference > 0 and delta.verdict == "worsened" and delta.worsened > delta.improved


@pytest.mark.parametrize(
    ("difference", "interval", "p", "expected"),
    [
        (0.1, (0.02, 0.18), 0.01, "improved"),
        (-0.1, (-0.18, -0.02), 0.01, "worsened"),
        (0.1, (0.02, 0.18), 0.2, "inconclusive"),
        (0.1, (-0.01, 0.21), 0.01, "inconclusive"),
        (0.0, (-0.009, 0.009), 1.0, "equivalent"),
        (0.0, (-0.02, 0.009), 1.0, "inconclusive"),
    ],
)
def test_verdict_needs_both_p_and_interval(difference, interval, p, expected):
    assert judge(difference, interval, p, alpha=0.05, margin=0.01) == expected


def test_terminal_markdown_and_json_say_the_same(tmp_path, capsys):
    found = compare(*pair(tmp_path, documents=60, hostile=True))
    print_comparison(found)
    printed, markdown, data = capsys.readouterr().out, as_markdown(found), json.loads(as_json(found))
    assert verdict_line(found) in markdown
    assert printed
    assert data["verdicts"] == found.counts == as_dict(found)["verdicts"]
    assert PAYLOADS[0] not in markdown
    first = found.deltas[0]
    assert f"[{100 * first.ci_low:+.1f}; {100 * first.difference:+.1f}; {100 * first.ci_high:+.1f}] pp" in printed


def test_the_terminal_says_that_both_runs_are_partial(tmp_path):
    found = compare(*pair(tmp_path, documents=8, limit=8))
    remarks = as_markdown(found)
    assert "Both runs have --limit 8" in remarks
    assert remarks.count("too few documents differ") <= 1  # said once for all tasks
    assert "--limit" not in as_markdown(compare(*pair(tmp_path / "whole", documents=8)))


def test_runs_of_one_name_are_told_apart_by_their_directories(tmp_path):
    a, b = pair(tmp_path, documents=8, tasks=1)
    found = compare(a, b)
    assert printed(found).startswith("system (a) → system (b)\n") and as_markdown(found).startswith("**system (a) → ")
    assert [as_dict(found)[side]["name"] for side in ("baseline", "finetuned")] == ["system (a)", "system (b)"]
    elsewhere = replace(b, path=tmp_path / "later" / "a")
    assert printed(compare(a, elsewhere)).startswith(f"system ({tmp_path.name}/a) → system (later/a)\n")
    # Where names differ, or it is one run, nothing is added; a difference that no reader sees is none.
    assert printed(compare(a, replace(b, name="tuned"))).startswith("system → tuned\n")
    assert printed(compare(a, a)).startswith("system → system\n")
    assert printed(compare(a, replace(b, name="system\n"))).startswith("system (a) → system (b)\n")


def test_a_narrow_terminal_cuts_no_name(tmp_path):
    a, b = pair(tmp_path, documents=8, tasks=1)
    ((name, task),) = a.tasks.items()
    metadata = {**task.metadata, "title": {"en": "Calculations indistinguishable"}}
    named = replace(task, config={**task.config, "metadata": metadata})
    table = printed(compare(replace(a, tasks={name: named}), b), width=80)
    lines = [line.split() for line in table.splitlines()]
    assert "…" not in table
    assert "Calculationsindistinguishable" in "".join(line[0] for line in lines if line)


def test_no_width_of_a_terminal_cuts_a_figure_or_a_verdict(tmp_path):
    found = compare(*pair(tmp_path, documents=60, second={"skill": 0.9}))
    told = [verdict_line(found)]
    for delta in found.deltas:
        change = "; ".join(f"{100 * value:+.1f}" for value in (delta.ci_low, delta.difference, delta.ci_high))
        told += [f"{MARKS[delta.verdict]} {delta.verdict}", f"[{change}] pp"]
        told += [f"{100 * level:.1f}%" for level in (delta.baseline, delta.finetuned)]
    for width in range(26, 121):
        lines = printed(found, width).splitlines()
        assert max(map(len, lines)) <= width
        text = " ".join(" ".join(lines).split())
        assert not [part for part in told if part not in text], width


@pytest.mark.parametrize("wrong", [{"alpha": 0}, {"alpha": 5}, {"margin": -0.1}, {"margin": 1}])
def test_settings_that_are_no_shares_are_refused(tmp_path, wrong):
    with pytest.raises(UserError, match=next(iter(wrong))):
        compare(*pair(tmp_path, documents=2, tasks=1), **wrong)
