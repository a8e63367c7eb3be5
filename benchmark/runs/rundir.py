"""Writes a run directory: stock lm-eval files, and `run.json`."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmark.runs.staging import staged
from tasks.items import write_text

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


def write_run(
    output: Path, results: dict[str, Any], record: Mapping[str, Any], chat_template: str | None = None
) -> None:
    """Write everything beside `output`, then put the directory in place at once.

    Args:
        results: what lm-eval's evaluation returned; `samples` is taken out of it.
        record: the whole of `run.json`.
        chat_template: the template that prompts were put into, where one was.

    Raises:
        UserError: the files could not be written whole.
    """
    from lm_eval.loggers import EvaluationTracker

    samples = results.pop("samples")
    with staged(output) as folder:
        scratch = folder / "tracker"
        tracker = EvaluationTracker(output_path=str(scratch))
        # Examples become turns of a conversation: `simple_evaluate` does so unless told otherwise.
        tracker.general_config_tracker.log_experiment_args(
            record["system"]["backend"], results["config"]["model_args"], None, chat_template, fewshot_as_multiturn=True
        )
        tracker.save_results_aggregated(results=results, samples=samples)
        # The tracker reports a failed write in its log only.
        written = list(scratch.rglob("results_*.json"))
        if not written or not _is_whole(written[0]):
            raise OSError(0, "the results file is missing or cut short")
        written[0].replace(folder / written[0].name)
        written[0].parent.rmdir()
        scratch.rmdir()
        for task, rows in samples.items():
            write_samples(folder / f"samples_{task}_{tracker.date_id}.jsonl", rows)
        write_text(folder / "run.json", json.dumps(record, ensure_ascii=False, indent=2, default=str) + "\n")


def write_samples(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a sample file byte for byte as lm-eval's `EvaluationTracker.save_results_samples` does.

    That one gives up, in its log only, at an answer with half a surrogate pair (a server's text that was cut within
    an emoji): UTF-8 has no bytes for it. Such a row is written in ASCII with JSON's escapes, and reads back the same.
    """
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(_line(row) + "\n")


def _line(row: Mapping[str, Any]) -> str:
    from lm_eval.utils import handle_non_serializable, sanitize_list

    asked = {
        f"gen_args_{i}": {f"arg_{j}": part for j, part in enumerate(arguments)}
        for i, arguments in enumerate(row["arguments"])
    }
    stock = {
        **row,
        "resps": sanitize_list(row["resps"]),
        "filtered_resps": sanitize_list(row["filtered_resps"]),
        "arguments": asked,
        "target": str(row["target"]),
    }
    return as_json(stock, handle_non_serializable)


def as_json(value: Any, default: Callable[[Any], Any] | None = None) -> str:
    """A value as one line that UTF-8 can write: in ASCII, with escapes, where it holds half a surrogate pair."""
    text = json.dumps(value, default=default, ensure_ascii=False)
    return json.dumps(value, default=default) if _HALF_A_PAIR.search(text) else text


def _is_whole(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True
