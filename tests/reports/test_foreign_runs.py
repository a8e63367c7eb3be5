"""Runs of stock lm-eval with tasks that are not ours: read, compared and shown like any other."""

import json
import random

import pytest

from benchmark.compare import compare
from benchmark.results import load_run
from benchmark.runs.samplefile import read_texts
from reports import site

CHOICE = """
task: toy_choice
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: choices
doc_to_target: gold
metric_list: [{metric: acc_norm}, {metric: acc}, {metric: f1}, {metric: mcc}]
"""
TRANSLATION = """
task: toy_translation
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["."]}
metric_list: [{metric: bleu}, {metric: chrf}, {metric: ter}]
"""
PERPLEXITY = """
task: toy_perplexity
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{question}}"
metric_list: [{metric: word_perplexity}, {metric: bits_per_byte}]
"""
WORDS = "сумма двух чисел на единицу больше первого и равна"
DATA = """
dataset_path: json
dataset_kwargs: {data_files: {test: "%s"}}
test_split: test
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two runs of a model that answers by lot, written by lm-eval itself."""
    from lm_eval import simple_evaluate
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.models.dummy import DummyLM
    from lm_eval.tasks import TaskManager

    class Babbler(DummyLM):
        def generate_until(self, requests, disable_tqdm=False):
            return [" ".join(random.sample(WORDS.split(), 6)) for _ in requests]

    folder = tmp_path_factory.mktemp("foreign")
    data = folder / "data.jsonl"
    rows = [
        {"question": f"{n} + 1 = ?", "choices": [str(n + 1), str(n)], "gold": n % 2, "answer": f"{WORDS} {n + 1}"}
        for n in range(40)
    ]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for name, text in (("choice", CHOICE), ("perplexity", PERPLEXITY), ("translation", TRANSLATION)):
        (folder / f"{name}.yaml").write_text(text + DATA % data, encoding="utf-8")
    written = []
    for seed in (1, 2):
        random.seed(seed)
        tracker = EvaluationTracker(output_path=str(folder / f"run{seed}"))
        manager = TaskManager(include_path=str(folder), include_defaults=False)
        results = simple_evaluate(
            Babbler(),
            tasks=["toy_choice", "toy_perplexity", "toy_translation"],
            task_manager=manager,
            evaluation_tracker=tracker,
            random_seed=seed,
            bootstrap_iters=0,
        )
        samples = results.pop("samples")
        tracker.save_results_aggregated(results=results, samples=samples)
        for task, found in samples.items():
            tracker.save_results_samples(task_name=task, samples=found)
        written.append(folder / f"run{seed}")
    return written


def test_they_are_compared(folders):
    found = compare(*map(load_run, folders))
    assert {delta.task: (delta.metric, delta.n_pairs, delta.share) for delta in found.deltas} == {
        "toy_choice": ("acc", 40, True),
        "toy_perplexity": ("word_perplexity", 40, False),
        "toy_translation": ("bleu", 40, False),
    }
    assert not found.notes
    # The aggregates that lm-eval wrote are the ones that the samples give, of other metrics too.
    for delta in (*found.deltas, *found.secondary):
        stated = [run.tasks[delta.task].scores[delta.metric].value for run in (found.baseline, found.finetuned)]
        assert [delta.baseline, delta.finetuned] == pytest.approx(stated, rel=1e-9), delta.metric
        assert delta.ci_low < delta.ci_high
    assert {delta.metric for delta in found.secondary} >= {"acc_norm", "f1", "mcc", "chrf", "ter", "bits_per_byte"}
    lower = {delta.metric for delta in (*found.deltas, *found.secondary) if not delta.higher_is_better}
    assert lower == {"word_perplexity", "bits_per_byte", "ter"}
    assert sum(found.outcomes["toy_choice"].values()) == 40
    texts = read_texts(found.pairs("toy_choice")[3][0])
    assert texts.response.count("→") == 1 and "4 (" in texts.response
    assert texts.target == "1: 3"


def test_their_site_says_what_it_cannot_rank(folders, tmp_path):
    index = site.write(list(map(load_run, folders)), tmp_path / "site", publish_samples=True)
    text = (index.parent / "leaderboard.html").read_text(encoding="utf-8")
    assert "Рейтинга нет" in text and "не доля верного" in text and "Ориентиры не измерены" in text
    assert "run1--run2.html" in index.read_text(encoding="utf-8")
    pair = next(index.parent.rglob("run1--run2.html")).read_text(encoding="utf-8")
    assert "не записано, какими версиями библиотек" in pair
