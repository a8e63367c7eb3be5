"""Synthetic run directories in lm-eval's own format: small ones for ordinary tests, a large hostile one for the pages."""

import hashlib
import json
import random
from dataclasses import dataclass, field
from pathlib import Path

PAYLOADS = (
    "<script>window.__pwned=1</script>",
    '"><img src=x onerror="window.__pwned=2">',
    "</script><script>window.__pwned=3</script>",
    "<!--<script>",
    "{{ 7*7 }}{% raw %}",
    "javascript:window.__pwned=4",
    '=HYPERLINK("http://evil")',
    "\u202eтекст наоборот\u202c",
    "нуль\x00внутри",
    "zero\u200bwidth\ufeff",
    "\ud800 одинокий",
    "'; alert(1); //",
    "<svg onload=window.__pwned=5>",
    "]]><style>*{display:none}</style>",
)
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
    limit: int | None = None
    adapter: str | None = None
    name: str = "system"
    run_json: bool = True
    changes: dict = field(default_factory=dict)
    """Replaces keys of run.json."""


KINDS = ("binary", "macro", "micro", "rouge")


def write_run(folder: Path, shape: Shape) -> Path:
    """Write one run directory and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"rufin_{kind(i)}_{i}" for i in range(shape.tasks)]
    results = {"results": {}, "configs": {}, "versions": {}, "n-shot": {}, "higher_is_better": {}, "n-samples": {}}
    for position, name in enumerate(names):
        rows = [_row(name, position, i, shape) for i in range(shape.documents)]
        _summarize(results, name, position, rows, shape)
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"samples_{name}_{DATE}.jsonl").write_text(text, encoding="utf-8")
    results |= {
        "config": {
            "model": "hf",
            "model_args": {"pretrained": "base", **({"peft": shape.adapter} if shape.adapter else {})},
            "limit": shape.limit,
        },
        "date": 1768471200.0,
        "lm_eval_version": "0.4.13",
        "model_name": shape.name,
    }
    (folder / f"results_{DATE}.json").write_text(json.dumps(results), encoding="utf-8")
    if shape.run_json:
        (folder / "run.json").write_text(json.dumps(_run_json(names, shape)), encoding="utf-8")
    return folder


def kind(position: int) -> str:
    return KINDS[position % len(KINDS)]


def _run_json(names: list[str], shape: Shape) -> dict:
    hostile = PAYLOADS[0] if shape.hostile else ""
    return {
        "format": 1,
        "name": shape.name + hostile,
        "system": {"pretrained": "base" + hostile, "quantization": "nf4", "adapter": shape.adapter, "backend": "hf"},
        "model": {"parameters": 268_000_000, "license": "gemma" + hostile},
        "grader_sha256": shape.grader,
        "versions": {"rufinbench": "0.1.0", "lm-eval": "0.4.13"},
        "seeds": {"random_seed": 0},
        "device": {"kind": "cpu", "name": "Test CPU" + hostile, "cores": 2},
        "seconds": 1234.5 + shape.seed,
        "tokens": {"prompt": 123_456, "generated": 23_456, "truncated_answers": 3},
        "peak_memory_bytes": {"host": 3_221_225_472},
        "limit": shape.limit,
        "finished": "2026-01-15T10:00:00+00:00",
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
    outcome = "correct" if right else answer.choice(OUTCOMES[1:])
    prompt = f"### Задание\nРассчитайте показатель № {i} компании «Сигма» {payload}\n\n### Ответ\n"
    doc = {
        "id": f"{task}-{i:05d}{payload}",
        "topic": ("ликвидность", "облигации", "рентабельность")[i % 3] + (payload if i < 30 else ""),
        "slice": "handwritten" if i % 10 == 0 else "generated",
        "difficulty": ("one_step", "multi_step")[i % 2],
        "template_id": f"{task}-t{i // shape.cluster}",
        "instruction": prompt,
    }
    label = question.choice(["низкий", "средний", "высокий"])
    values = _values(kind(position), right, label, answer)
    values |= {f"outcome_{name}": float(name == outcome) for name in OUTCOMES}
    return {
        "doc_id": i,
        "doc": doc,
        "target": gold + payload,
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {"until": ["### Задание"]}}},
        "resps": [[text]],
        "filtered_resps": [text],
        "filter": "none",
        "metrics": list(values),
        "doc_hash": _digest(f"{task}{i}{shape.dataset}"),
        "prompt_hash": _digest(prompt),
        "target_hash": _digest(gold),
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


_HEADLINES = {"binary": "numeric_match", "macro": "macro_f1", "micro": "micro_f1", "rouge": "rougeL"}
_SOURCES = {"macro_f1": "def macro_f1(items):\n    ...\n", "micro_f1": "def micro_f1(items):\n    ...\n"}


def _summarize(results: dict, name: str, position: int, rows: list[dict], shape: Shape) -> None:
    from tasks.scoring import aggregate

    metrics = rows[0]["metrics"]
    values = {}
    for metric in metrics:
        column = [row[metric] for row in rows]
        custom = getattr(aggregate, metric, None) if metric in _SOURCES else None
        values[f"{metric},none"] = custom(column) if custom else sum(column) / len(column)
        values[f"{metric}_stderr,none"] = "N/A" if custom else 0.01
    results["results"][name] = {"alias": name, "sample_len": len(rows), **values}
    title = PAYLOADS[position % len(PAYLOADS)] if shape.hostile else ""
    titles = ("Расчёты", "Кредитный риск", "Извлечение данных", "Анализ отчётности")
    english = ("Calculation", "Credit risk", "Extraction", "Statement analysis")
    suffix = f" {position}" if position >= len(titles) else ""
    results["configs"][name] = {
        "task": name,
        "metric_list": [{"metric": metric, "aggregation": _SOURCES.get(metric, "mean")} for metric in metrics],
        "generation_kwargs": {"until": ["### Задание"], "do_sample": False},
        "metadata": {
            "version": 1.0,
            "headline": _HEADLINES[kind(position)],
            "dataset_sha256": _digest(f"{name}{shape.dataset}"),
            "title": {"ru": titles[position % 4] + suffix + title, "en": english[position % 4] + suffix + title},
        },
    }
    results["versions"][name] = 1.0
    results["n-shot"][name] = 0
    results["higher_is_better"][name] = dict.fromkeys(metrics, True)
    results["n-samples"][name] = {"original": len(rows), "effective": len(rows)}
