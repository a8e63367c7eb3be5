"""What differs between two runs, and so which kind of comparison theirs is."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmark.comparing.verdicts import Reason
from benchmark.runs.provenance import PACKAGES
from benchmark.runs.records import RunRecord, TaskRecord

Kind = Literal["controlled", "system"]

_SYSTEM = (
    *("revision", "commit", "quantization", "dtype", "backend", "backend_args", "backend_args_sha256"),
    "apply_chat_template",
)
_MODEL_ARGS_BESIDE = {"pretrained", "model", "peft", "delta", "lora_local_path"}
ADAPTER_KEYS = {"adapter", "adapter_sha256"}
"""What may differ in a controlled comparison: it is what the comparison is about."""


@dataclass(frozen=True)
class Difference:
    """One recorded fact in which two runs differ."""

    key: str
    task: str
    """Empty for facts about the whole run."""
    baseline: str
    finetuned: str


@dataclass(frozen=True)
class Comparability:
    """Which kind of comparison this is, and what the runs differ in."""

    kind: Kind
    differences: tuple[Difference, ...]
    adapter: tuple[Difference, ...]
    """The adapter's own differences, which a controlled comparison is about."""
    withheld: Mapping[str, Reason]
    """Tasks whose verdicts are withheld, with the reason."""


def comparability(baseline: RunRecord, finetuned: RunRecord) -> Comparability:
    """Compare everything that the two runs recorded about themselves and their shared tasks."""
    found = _differing("", _run_facts(baseline), _run_facts(finetuned))
    withheld: dict[str, Reason] = {}
    for name in sorted(set(baseline.tasks) & set(finetuned.tasks)):
        first, second = baseline.tasks[name], finetuned.tasks[name]
        differing = _differing(name, _task_facts(baseline, first), _task_facts(finetuned, second))
        differing += _prompts(first, second)
        found += differing
        reason = _reason([d for d in found if d.task in ("", name)], first, second)
        if reason:
            withheld[name] = reason
    adapter = tuple(d for d in found if d.key in ADAPTER_KEYS)
    rest = tuple(d for d in found if d.key not in ADAPTER_KEYS)
    return Comparability("system" if rest else "controlled", rest, adapter, withheld)


def _run_facts(run: RunRecord) -> dict[str, Any]:
    system = run.get("system") or {}
    config = run.results.get("config") or {}
    args = run.model_args
    # A model is its bytes where they were hashed; the path it lay under does not matter then.
    model = system.get("pretrained_sha256") or system.get("pretrained") or args.get("pretrained") or args.get("model")
    facts = {"model": model or run.results.get("model_name"), **{key: system.get(key) for key in _SYSTEM}}
    facts |= {key: value for key, value in args.items() if key not in _MODEL_ARGS_BESIDE | set(_SYSTEM)}
    facts["revision"] = facts["revision"] or config.get("model_sha")
    facts["dtype"] = facts["dtype"] or config.get("model_dtype")
    facts["adapter"] = run.adapter
    facts["adapter_sha256"] = system.get("adapter_sha256")
    facts["grader"] = run.get("grader_sha256")
    facts["engine"] = run.get("engine_sha256")
    facts["limit"] = run.limit
    facts["max_length"] = run.get("options", "max_length") or args.get("max_length")
    facts["device"] = run.get("device", "kind")
    facts["gen_kwargs"] = config.get("gen_kwargs") or None
    facts["system_instruction"] = run.results.get("system_instruction_sha")
    facts["chat_template"] = run.results.get("chat_template_sha")
    versions = run.get("versions") or {"lm-eval": run.results.get("lm_eval_version")}
    return facts | {name: versions.get(name) for name in PACKAGES}


def _task_facts(run: RunRecord, task: TaskRecord) -> dict[str, Any]:
    facts = {
        "version": task.version,
        "dataset": task.metadata.get("dataset_sha256"),
        "num_fewshot": task.num_fewshot,
        "generation": task.config.get("generation_kwargs"),
        "metric": task.headline,
    }
    if not run.get("grader_sha256"):
        facts["task_grader"] = _fingerprint(task.config, ("process_results", "metric_list", "filter_list"))
    return facts


def _fingerprint(config: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    text = json.dumps([config.get(key) for key in keys], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _differing(task: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Difference]:
    keys = [key for key in {**first, **second} if _says(first.get(key)) != _says(second.get(key))]
    # Where one run has no run.json, its graders are compared by the tasks' recorded definitions, if at all.
    keys = [key for key in keys if not (key == "task_grader" and (key not in first or key not in second))]
    return [Difference(key, task, _says(first.get(key)), _says(second.get(key))) for key in keys]


def _says(value: Any) -> str:
    if value is None or value == "":
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _prompts(first: TaskRecord, second: TaskRecord) -> list[Difference]:
    shared = first.samples.keys() & second.samples.keys()
    other = sum(first.samples[key].prompt_hash != second.samples[key].prompt_hash for key in shared)
    return [Difference("prompts", first.name, "", str(other))] if other else []


def _reason(differences: Sequence[Difference], first: TaskRecord, second: TaskRecord) -> Reason:
    """Why a task's verdict is withheld: what was asked or how it was graded is not the same."""
    keys = {d.key for d in differences}
    if "dataset" in keys:
        return "other_dataset"
    if "version" in keys:
        return "other_version"
    if keys & {"grader", "task_grader", "metric"}:
        unknown = any(d.key == "grader" and not (d.baseline and d.finetuned) for d in differences)
        return "unknown_grader" if unknown else "other_grader"
    only_first = first.samples.keys() - second.samples.keys()
    only_second = second.samples.keys() - first.samples.keys()
    # Documents missing on one side were cut or failed; documents missing on both sides are other documents.
    return "other_documents" if only_first and only_second else ""
