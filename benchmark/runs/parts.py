"""The parts that a run is merged from: read, compared in everything that changes a number, summed up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.runs.request import NO_ANSWER_CHANGES, options_sha256
from benchmark.runs.runfiles import read_record, read_results

_PLACES = {"include_paths", "tasks", *NO_ANSWER_CHANGES}
"""Options in which parts may differ: each has its own tasks, and each machine its own paths."""
_ADDRESSES = {"base_url"}
"""Arguments of a backend that say where it is reached."""


@dataclass(frozen=True)
class Part:
    """One run directory of `rufinbench run`."""

    folder: Path
    record: Mapping[str, Any]
    """`run.json`."""
    results: Mapping[str, Any]
    """The results file."""
    stamp: str
    """The time in the files' names."""

    def samples(self, task: str) -> Path:
        """A task's sample file."""
        return self.folder / f"samples_{task}_{self.stamp}.jsonl"

    @property
    def seconds(self) -> float:
        """lm-eval's own count, which it writes as text; 0 where there is none."""
        try:
            return float(self.results.get("total_evaluation_time_seconds") or 0)
        except (TypeError, ValueError, OverflowError):
            return 0.0


def read_part(folder: Path) -> Part:
    """Read a run directory.

    Raises:
        UserError: not a finished run of `rufinbench run`, or one that lacks a file.
    """
    found = sorted(folder.glob("results_*.json"))
    if not (folder / "run.json").is_file() or not found:
        raise UserError(
            f"{folder}: no run.json with a results file there; only runs of `rufinbench run` say enough of themselves "
            "to be merged (lm_eval's own do not)"
        )
    record, results = read_record(folder / "run.json"), read_results(found[-1])
    part = Part(folder, record, results, found[-1].stem.removeprefix("results_"))
    known = record.get("request", {}).get("tasks", {}).keys() & record.get("tasks", {}).keys()
    if "options" not in record or not known.issuperset(results["configs"]):
        raise UserError(f"{folder}: run.json is of an older format; give the run's own command again, elsewhere")
    missing = [
        name for name in results["configs"] if not part.samples(name).is_file() or name not in results["results"]
    ]
    if missing:
        raise UserError(f"{folder}: lacks the results or samples of {', '.join(missing)}; run it again")
    return part


def check_parts(parts: Sequence[Part]) -> None:
    """Refuse parts that could not come from one run.

    Raises:
        UserError: names the two runs and each fact in which they differ, with both values where they are short.
    """
    first = parts[0]
    for part in parts[1:]:
        one, other = _facts(first), _facts(part)
        unequal = [key for key in sorted({*one, *other}) if one.get(key) != other.get(key)]
        if unequal:
            told = "; ".join(f"{key}: {_short(one.get(key))} and {_short(other.get(key))}" for key in unequal)
            raise UserError(f"{first.folder} and {part.folder} are not parts of one run: {told}")


def _facts(part: Part) -> dict[str, Any]:
    """Everything recorded that can change a number, under the names by which a user knows it."""
    system, options = dict(part.record.get("system") or {}), part.record.get("options") or {}
    located = {"adapter"} | ({"pretrained"} if system.get("pretrained_sha256") else set())
    system["backend_args"] = {k: v for k, v in (system.get("backend_args") or {}).items() if k not in _ADDRESSES}
    facts = {key: value for key, value in system.items() if key not in located}
    facts |= {key: value for key, value in options.items() if key not in _PLACES}
    facts |= {f"version of {name}": of for name, of in (part.record.get("versions") or {}).items() if name != "python"}
    facts |= {key: part.results.get(key) for key in ("chat_template_sha", "system_instruction_sha")}
    return facts | {"graders": part.record.get("grader_sha256"), "seeds": part.record.get("seeds")}


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:12]}…"


def merged_record(parts: Sequence[Part], origins: Mapping[str, Part], groups: Sequence[str]) -> dict[str, Any]:
    """The merged run's `run.json`.

    Args:
        origins: task -> the part that it comes from.
        groups: the groups that are complete.
    """
    first, records = parts[0].record, [part.record for part in parts]
    options = dict(first["options"]) | {"tasks": list(groups) or sorted(origins)}
    asked = {name: part.record["request"]["tasks"][name] for name, part in origins.items()}
    return dict(first) | {
        "tasks": {name: part.record["tasks"][name] for name, part in origins.items()},
        "request": dict(first["request"]) | {"options_sha256": options_sha256(options), "tasks": asked},
        "options": options,
        "device": _device([record.get("device") or {} for record in records]),
        "seconds": round(sum(record.get("seconds") or 0 for record in records), 1),
        "tokens": _tokens([record.get("tokens") for record in records]),
        "answers": _sums([record.get("answers") or {} for record in records]),
        "peak_memory_bytes": _highest([record.get("peak_memory_bytes") or {} for record in records]),
        "finished": max(str(record.get("finished") or "") for record in records),
        "parts": [_summary(part) for part in parts],
    }


def _summary(part: Part) -> dict[str, Any]:
    kept = ("device", "processes", "seconds", "peak_memory_bytes", "finished")
    return {"run": part.folder.name, "tasks": sorted(part.results["configs"])} | {
        key: part.record.get(key) for key in kept
    }


def _device(devices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The parts' device, with the names of all where they are several."""
    names = dict.fromkeys(str(device.get("name")) for device in devices)
    return dict(devices[0]) | {"name": ", ".join(names)}


def _tokens(counts: Sequence[Mapping[str, Any] | None]) -> dict[str, Any] | None:
    """Sums; a median cannot be had from medians. None where a part did not count."""
    if not all(counts):
        return None
    keys = ("prompt", "generated", "truncated_answers", "repeating_answers", "too_long_prompts")
    return {key: sum((count or {}).get(key) or 0 for count in counts) for key in keys} | {"median_answer": None}


def _sums(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {
        key: sum(count.get(key, 0) for count in counts) for key in sorted({key for count in counts for key in count})
    }


def _highest(peaks: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {key: max(peak.get(key, 0) for peak in peaks) for key in sorted({key for peak in peaks for key in peak})}
