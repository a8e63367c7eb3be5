"""Ranks: intervals, ties, who is left out, and that systems do not touch each other's scores."""

from dataclasses import replace

import pytest

from benchmark.leaderboard.ranking import rank
from benchmark.results import load_run
from tests.reports.fixture import Shape, write_run


@pytest.fixture
def runs(tmp_path):
    shapes = [Shape(documents=60, seed=i, skill=0.25 + 0.12 * i, name=f"s{i}") for i in range(4)]
    return [load_run(write_run(tmp_path / shape.name, shape)) for shape in shapes]


def made(tmp_path, **shape):
    return load_run(write_run(tmp_path / "extra", Shape(**{"documents": 60, "seed": 9, "name": "extra"} | shape)))


def test_order_intervals_and_separability(runs):
    found = rank(runs)
    assert [standing.run.name for standing in found.ranked] == ["s3", "s2", "s1", "s0"]
    for standing in found.ranked:
        assert standing.rank_low <= standing.rank <= standing.rank_high
        assert standing.low <= standing.average <= standing.high
    assert found.ranked[-1].separable and not found.ranked[0].separable


def test_another_system_changes_no_score(runs, tmp_path):
    before = {standing.run.name: (standing.average, standing.cells) for standing in rank(runs).ranked}
    after = {s.run.name: (s.average, s.cells) for s in rank([made(tmp_path, skill=0.9), *runs]).ranked}
    assert len(after) == 5
    assert {name: after[name] for name in before} == before


def test_equal_systems_share_a_rank(runs):
    found = rank([runs[0], runs[0], runs[1]])
    assert [standing.rank for standing in found.ranked] == [1, 2, 2]


@pytest.mark.parametrize(
    ("shape", "obstacle"),
    [
        ({"limit": 60}, "limit"),
        ({"tasks": 3}, "missing_task"),
        ({"dataset": "b"}, "other_data"),
        ({"grader": "g2"}, "other_grader"),
        ({"run_json": False}, "unknown_grader"),
    ],
)
def test_what_is_not_whole_is_not_ranked(runs, tmp_path, shape, obstacle):
    found = rank([*runs, made(tmp_path, **shape)])
    assert len(found.ranked) == 4
    (left,) = found.unranked
    assert left.rank is None and left.average is None
    assert obstacle in {name for name, _ in left.obstacles}


@pytest.mark.parametrize("score", [{"higher_is_better": False}, {}])
def test_a_metric_that_is_no_share_is_never_averaged(tmp_path, score):
    run = made(tmp_path, tasks=1)
    ((name, task),) = run.tasks.items()
    scores = {"numeric_match": replace(task.scores["numeric_match"], **score)}
    samples = task.samples
    if not score:
        points = {"numeric_match": 37.5}
        samples = {key: replace(sample, metrics=points) for key, sample in samples.items()}
    run = replace(run, tasks={name: replace(task, scores=scores, samples=samples)})
    (left,) = rank([run]).unranked
    assert left.obstacles == (("no_share", name),) and name in left.cells


def trial(tmp_path, name, **shape):
    shape = {"documents": 20, "limit": 20, "name": name} | shape
    return load_run(write_run(tmp_path / name, Shape(**shape)))


def test_runs_of_the_same_part_stand_in_order_without_a_place(runs, tmp_path):
    weak, strong = trial(tmp_path, "weak", seed=5, skill=0.1), trial(tmp_path, "strong", seed=6, skill=0.9)
    apart = [
        trial(tmp_path, "shorter", documents=15, limit=15),
        trial(tmp_path, "other", dataset="b"),
        trial(tmp_path, "regraded", grader="g2"),
        trial(tmp_path, "lacking", tasks=3),
    ]
    found, alone = rank([*runs, weak, *apart, strong]), rank(runs)
    assert found.ranked == alone.ranked  # to the places of others they do nothing
    (group,) = found.trials
    assert set(group.documents.values()) == {20} and set(group.documents) == set(found.tasks)
    assert [standing.run.name for standing in group.standings] == ["strong", "weak"]
    first, second = group.standings
    for standing in group.standings:
        assert (standing.rank, standing.rank_low, standing.rank_high) == (None, None, None)
        assert ("limit", "") in standing.obstacles
        assert standing.average == pytest.approx(sum(cell.value for cell in standing.cells.values()) / 4)
        assert standing.low < standing.average < standing.high
    assert second.separable and not first.separable
    assert [standing.run.name for standing in found.unranked] == sorted(run.name for run in apart)


def test_a_level_that_all_documents_share_has_an_interval(tmp_path):
    (standing,) = rank([made(tmp_path, documents=8, skill=-1.0)]).ranked
    few = {name: cell for name, cell in standing.cells.items() if cell.value == 0}
    assert few
    for cell in few.values():
        assert cell.low == 0 and cell.high > 0.25


def test_a_system_that_is_always_right_has_an_interval_too(tmp_path):
    (standing,) = rank([made(tmp_path, documents=8, tasks=1, skill=2.0)]).ranked
    assert standing.average == standing.high == 1 and standing.low < 0.75


def test_nothing_to_rank():
    found = rank([])
    assert found.ranked == found.trials == found.unranked == ()
