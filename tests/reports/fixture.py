"""Synthetic run directories in lm-eval's own format: small ones for ordinary tests, a large hostile one for the pages."""

import hashlib
import json
import random
from dataclasses import dataclass, field
from pathlib import Path

from tests.reports.payloads import NAMES, PAYLOADS, Poison

OUTCOMES = ("correct", "wrong", "hedged", "unparsed", "truncated", "refusal")
DATE = "2026-01-15T10-00-00.000000"


@dataclass(frozen=True)
class Shape:
    """What a synthetic run looks like."""

    tasks: int = 4
    documents: int = 60
    cluster: int = 1
    """Documents per template."""
    skill: float = 0.5
    """Chance that an answer is right."""
    skills: tuple[float, ...] = ()
    """The same for each task, where they differ."""
    seed: int = 0
    hostile: bool = False
    dataset: str = "a"
    grader: str = "g1"
    limit: int | str | None = None
    adapter: str | None = None
    name: str = "system"
    run_json: bool = True
    changes: dict = field(default_factory=dict)
    """Replaces keys of run.json."""

    @property
    def poison(self) -> Poison:
        """The hostile text that the run's fields hold beside the honest one."""
        return Poison(self.hostile, self.seed)


KINDS = ("binary", "macro", "micro", "rouge")


def write_run(folder: Path, shape: Shape) -> Path:
    """Write one run directory and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"rufin_{kind(i)}_{i}{shape.poison(i, texts=NAMES)}" for i in range(shape.tasks)]
    results = {"results": {}, "configs": {}, "versions": {}, "n-shot": {}, "higher_is_better": {}, "n-samples": {}}
    for position, name in enumerate(names):
        rows = [_row(name, position, i, shape) for i in range(shape.documents)]
        _summarize(results, name, position, rows, shape)
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"samples_{name}_{DATE}.jsonl").write_text(text, encoding="utf-8")
    results |= _header(shape)
    (folder / f"results_{DATE}.json").write_text(json.dumps(results), encoding="utf-8")
    if shape.run_json:
        (folder / "run.json").write_text(json.dumps(_run_json(names, shape)), encoding="utf-8")
    return folder


def kind(position: int) -> str:
    return KINDS[position % len(KINDS)]


def _header(shape: Shape) -> dict:
    poison = shape.poison
    args = {"pretrained": "base" + poison(1, own=True), **({"peft": shape.adapter} if shape.adapter else {})}
    config = {"model": "hf", "model_args": args, "limit": shape.limit}
    if shape.hostile:
        args |= {f"key{poison(2)}": poison(3, own=True)}
        config |= {"gen_kwargs": {poison(4): poison(5, own=True)}, "model_dtype": poison(6), "model_sha": poison(7)}
    return {
        "config": config,
        "date": poison(8) or 1768471200.0,
        "lm_eval_version": "0.4.13" + poison(9),
        "model_name": shape.name + poison(10, own=True),
        "system_instruction_sha": poison(11, own=True) or None,
        "chat_template_sha": poison(12, own=True) or None,
        "total_evaluation_time_seconds": "12" + poison(13),
    }


def _run_json(names: list[str], shape: Shape) -> dict:
    poison = shape.poison
    system = {
        "pretrained": "base" + poison(0),
        "quantization": "nf4" + poison(1, own=True),
        "backend": "hf" + poison(2, own=True),
    }
    system |= {"adapter": shape.adapter and shape.adapter + poison(3)}
    if shape.hostile:
        system |= {"revision": poison(4), "dtype": poison(5, own=True), "commit": poison(6, own=True)}
        system |= {"backend_args": {poison(7): poison(8, own=True)}, "adapter_sha256": poison(9, own=True)}
    return {
        "format": 1,
        "name": shape.name + poison(shape.seed),
        "system": system,
        "model": {"parameters": 268_000_000, "license": "gemma" + poison(1)},
        "grader_sha256": shape.grader + poison(11),
        "versions": {"rufinbench": "0.1.0" + poison(12), "lm-eval": "0.4.13"}
        | ({f"package{poison(13)}": "1" + poison(14, own=True)} if shape.hostile else {}),
        "seeds": {"random_seed": poison(15) or 0},
        "options": {"max_length": poison(16, own=True)} if shape.hostile else {},
        "device": {"kind": "cpu" + poison(17), "name": "Test CPU" + poison(18), "cores": 2},
        "seconds": 1234.5 + shape.seed,
        "tokens": {"prompt": 123_456, "generated": 23_456, "truncated_answers": 3},
        "peak_memory_bytes": {"host": 3_221_225_472},
        "limit": shape.limit,
        "finished": poison(3) or "2026-01-15T10:00:00+00:00",
        "tasks": {name: {"version": 1.0} for name in names},
        "finetuning": {"loss_curve": [[10, 2.5, None], [20, 2.0, 2.2], [30, 1.7, 1.9]]} if shape.adapter else None,
    } | shape.changes


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _row(task: str, position: int, i: int, shape: Shape) -> dict:
    # The document is the same whatever the system; the answer depends on the system's seed.
    question = random.Random(f"{task}-{i}-{shape.dataset}")
    answer = random.Random(f"{task}-{i}-{shape.seed}")
    common = random.Random(f"{task}-{i // shape.cluster}").random()
    skill = shape.skills[position % len(shape.skills)] if shape.skills else shape.skill
    right = 0.6 * common + 0.4 * answer.random() < skill
    payload = PAYLOADS[i % len(PAYLOADS)] if shape.hostile else ""
    gold = f"{question.randint(10, 999)},{question.randint(0, 9)} млн руб."
    text = f"Выручка составила {gold}{payload}" if right else f"Выручка составила {answer.randint(1, 9)},5 %. {payload}"
    own = shape.poison(position)
    outcomes = (*OUTCOMES, f"odd{own}") if own else OUTCOMES
    outcome = "correct" if right else answer.choice(outcomes[1:])
    prompt = f"### Задание\nРассчитайте показатель № {i} компании «Сигма» {payload}\n\n### Ответ\n"
    doc = {
        "id": f"{task}-{i:05d}{payload}",
        "topic": ("ликвидность", "облигации", "рентабельность")[i % 3] + (payload if i < 30 else ""),
        "slice": "handwritten" if i % 10 == 0 else "generated" + own,
        "difficulty": ("one_step", f"{own}multi_step")[i % 2],
        "template_id": f"{task}-t{i // shape.cluster}{own}",
        "instruction": prompt,
    }
    label = question.choice(["низкий", "средний", "высокий"])
    values = {_metric(m, position, shape): v for m, v in _values(kind(position), right, label, answer).items()}
    values |= {f"outcome_{name}": float(name == outcome) for name in outcomes}
    return {
        "doc_id": i,
        "doc": doc,
        "target": gold + payload,
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {"until": ["### Задание"]}}},
        "resps": [[text]],
        "filtered_resps": [text],
        "filter": "none" + shape.poison(0),
        "metrics": list(values),
        "doc_hash": _digest(f"{task}{i}{shape.dataset}")[: 9 if i % 5 else None] + own,
        "prompt_hash": _digest(prompt) + own,
        "target_hash": _digest(gold) + own,
        **values,
    }


def _values(kind_name: str, right: bool, label: str, rng: random.Random) -> dict:
    if kind_name == "macro":
        said = label if right else rng.choice(["низкий", "средний", "высокий", None])
        return {"macro_f1": [label, said]}
    if kind_name == "micro":
        return {"micro_f1": [4 if right else rng.randint(0, 3), 4, 5], "valid_json": float(right or rng.random() < 0.5)}
    if kind_name == "rouge":
        value = round(rng.uniform(0.4, 0.9) if right else rng.uniform(0.1, 0.5), 4)
        return {"rougeL": value, "rougeL_floor": round(value * 0.4, 4)}
    return {"numeric_match": float(right), "formula_match": float(right or rng.random() < 0.3)}


def _metric(name: str, position: int, shape: Shape) -> str:
    # A spreadsheet would take a name that begins so for a formula. The floors find their metric by its name.
    return name if name.startswith("rouge") else shape.poison(position + 6) + name


_HEADLINES = {"binary": "numeric_match", "macro": "macro_f1", "micro": "micro_f1", "rouge": "rougeL"}
_SOURCES = {"macro_f1": "def macro_f1(items):\n    ...\n", "micro_f1": "def micro_f1(items):\n    ...\n"}


def _summarize(results: dict, name: str, position: int, rows: list[dict], shape: Shape) -> None:
    from tasks.scoring import aggregate

    metrics = rows[0]["metrics"]
    values = {}
    for metric in metrics:
        column = [row[metric] for row in rows]
        custom = next((getattr(aggregate, known) for known in _SOURCES if metric.endswith(known)), None)
        value = custom(column) if custom else sum(column) / len(column)
        values[f"{metric},{rows[0]['filter']}"] = value
        values[f"{metric}_stderr,{rows[0]['filter']}"] = "N/A" if custom else 0.01
    results["results"][name] = {"alias": name, "sample_len": len(rows), **values}
    title = shape.poison(position)
    titles = ("Расчёты", "Кредитный риск", "Извлечение данных", "Анализ отчётности")
    english = ("Calculation", "Credit risk", "Extraction", "Statement analysis")
    suffix = f" {position}" if position >= len(titles) else ""
    results["configs"][name] = {
        "task": name,
        "metric_list": [
            {"metric": metric, "aggregation": next((_SOURCES[m] for m in _SOURCES if metric.endswith(m)), "mean")}
            for metric in metrics
        ],
        "generation_kwargs": {"until": ["### Задание", *filter(None, [shape.poison(4, own=True)])], "do_sample": False},
        "metadata": {
            "version": 1.0,
            "headline": _metric(_HEADLINES[kind(position)], position, shape),
            "dataset_sha256": shape.poison(position)[:6] + _digest(f"{name}{shape.dataset}"),
            "title": {"ru": titles[position % 4] + suffix + title, "en": english[position % 4] + suffix + title},
        },
    }
    results["versions"][name] = "1.0" + shape.poison(position) if shape.hostile else 1.0
    results["n-shot"][name] = 0
    results["higher_is_better"][name] = dict.fromkeys(metrics, True)
    results["n-samples"][name] = {"original": len(rows), "effective": len(rows)}
