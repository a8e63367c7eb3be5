"""The parts that a run is merged from: compared in everything that changes a number, and summed up."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.runs.finished import FinishedRun, read_finished
from benchmark.runs.request import NO_ANSWER_CHANGES

_OWN = {"tasks", *NO_ANSWER_CHANGES}
"""Options in which parts may differ: each has its own tasks, and each machine its own paths."""
_ADDRESSES = {"base_url"}
"""Arguments of a backend that say where it is reached."""
_CODE = {"engine_sha256": "this package's code that asks", "grader_sha256": "graders"}
"""Hashes of our own code -> what a user may call it."""


def read_part(folder: Path) -> FinishedRun:
    """Read a run directory that is to be merged.

    Raises:
        UserError: a run of the stock command line, or one that is not whole.
    """
    if not (folder / "run.json").is_file():
        raise UserError(
            f"{folder}: no run.json there; only runs of `rufinbench run` say enough of themselves to be merged "
            "(lm_eval's own do not)"
        )
    return read_finished(folder)


def check_parts(parts: Sequence[FinishedRun]) -> None:
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


def _facts(part: FinishedRun) -> dict[str, Any]:
    """Everything recorded that can change a number, under the names by which a user knows it."""
    system, options = dict(part.record.get("system") or {}), part.record.get("options") or {}
    located = {"adapter"} | ({"pretrained"} if system.get("pretrained_sha256") else set())
    system["backend_args"] = {k: v for k, v in (system.get("backend_args") or {}).items() if k not in _ADDRESSES}
    facts = {key: value for key, value in system.items() if key not in located}
    facts |= {key: value for key, value in options.items() if key not in _OWN}
    facts |= {f"version of {name}": of for name, of in (part.record.get("versions") or {}).items() if name != "python"}
    facts |= {key: part.results.get(key) for key in ("chat_template_sha", "system_instruction_sha")}
    return facts | {of: part.record.get(key) for key, of in _CODE.items()} | {"seeds": part.record.get("seeds")}


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:12]}…"


def merged_record(
    parts: Sequence[FinishedRun], origins: Mapping[str, FinishedRun], groups: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """The merged run's `run.json`.

    Args:
        origins: task -> the part that it comes from.
        groups: each group that is complete -> its tasks and groups.
    """
    first, records = parts[0].record, [part.record for part in parts]
    options = dict(first["options"]) | {"tasks": _names(origins, groups), "include_paths": _include_paths(records)}
    asked = {name: part.record["request"]["tasks"][name] for name, part in origins.items()}
    return dict(first) | {
        "tasks": {name: part.record["tasks"][name] for name, part in origins.items()},
        "request": dict(first["request"]) | {"tasks": asked},
        "options": options,
        "device": _device([record.get("device") or {} for record in records]),
        "seconds": round(sum(record.get("seconds") or 0 for record in records), 1),
        "tokens": _tokens([record.get("tokens") for record in records]),
        "answers": _sums([record.get("answers") or {} for record in records]),
        "peak_memory_bytes": _highest([record.get("peak_memory_bytes") or {} for record in records]),
        "finished": max(str(record.get("finished") or "") for record in records),
        "parts": [_summary(part) for part in parts],
    }


def _names(origins: Mapping[str, FinishedRun], groups: Mapping[str, Sequence[str]]) -> list[str]:
    """What `--tasks` would have to name to ask for all of this at once: groups, and the tasks that are in none."""
    members = {name for of_group in groups.values() for name in of_group}
    return sorted({*groups, *origins} - members)


def _include_paths(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """The parts' folders of tasks that are folders here too: one of another machine would keep a run from starting."""
    named = dict.fromkeys(path for record in records for path in record["options"].get("include_paths") or ())
    return [path for path in named if Path(path).is_dir()]


def _summary(part: FinishedRun) -> dict[str, Any]:
    kept = ("device", "processes", "seconds", "peak_memory_bytes", "finished")
    return {"run": part.folder.name, "tasks": sorted(part.results["configs"])} | {
        key: part.record.get(key) for key in kept
    }


def _device(devices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The parts' device, with the names of all where they are several."""
    names = dict.fromkeys(str(device.get("name")) for device in devices)
    return dict(devices[0]) | {"name": ", ".join(names)}


def _tokens(counts: Sequence[Mapping[str, Any] | None]) -> dict[str, Any] | None:
    """Sums of what every part counted, None if one counted nothing; a median cannot be had from medians."""
    counted = [count or {} for count in counts]
    keys = ("prompt", "generated", "truncated_answers", "repeating_answers", "too_long_prompts")
    sums = {key: sum(count[key] or 0 for count in counted) for key in keys if all(key in count for count in counted)}
    return sums | {"median_answer": None} if sums else None


def _sums(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {
        key: sum(count.get(key, 0) for count in counts) for key in sorted({key for count in counts for key in count})
    }


def _highest(peaks: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {key: max(peak.get(key, 0) for peak in peaks) for key in sorted({key for peak in peaks for key in peak})}
