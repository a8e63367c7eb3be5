"""What a run directory holds, as the statistics and the reports see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

ProblemKind = Literal[
    "truncated_lines", "duplicate_documents", "no_samples", "no_value", "odd_record", "other_sets", "disagrees"
]


_DEFAULTS = {
    "word_perplexity": "weighted_perplexity",
    "byte_perplexity": "weighted_perplexity",
    "bits_per_byte": "bits_per_byte",
    "perplexity": "perplexity",
    "bleu": "bleu",
    "chrf": "chrf",
    "chrf++": "chrf++",
    "ter": "ter",
    "f1": "f1",
    "mcc": "matthews_corrcoef",
}
"""lm-eval's aggregations of metrics that are not plain means (`lm_eval.api.metrics`)."""


@dataclass(frozen=True)
class Problem:
    """Something that was left out or does not add up, said in view wherever the run is shown."""

    kind: ProblemKind
    task: str = ""
    count: int = 0
    detail: str = ""


@dataclass(frozen=True)
class Score:
    """One aggregated metric of one task, as the results file states it."""

    task: str
    metric: str
    filter: str
    value: float
    stderr: float | None
    n: int
    higher_is_better: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sample's line lies. Its texts stay there until a page needs them: a run may be larger than memory."""

    path: Path
    offset: int
    """Bytes from the beginning of the file."""
    prompt: int
    """Characters of the prompt, as of the other two texts."""
    response: int
    target: int


@dataclass(frozen=True, slots=True)
class SampleResult:
    """What the grader made of one document's answer."""

    task: str
    doc_id: int
    doc_hash: str
    prompt_hash: str
    place: Place
    metrics: Mapping[str, Any]
    """Each metric's value for this document: a number; for metrics over the corpus a list, or the counts of a text."""
    outcome: str
    """The typed outcome; empty where the task has none."""
    item_id: str = ""
    template: str = ""
    """Documents with one template are one cluster; empty where each document stands for itself."""
    slices: Mapping[str, str] = field(default_factory=dict)
    """`slice`, `topic` and `difficulty`, where the document has them."""


@dataclass(frozen=True)
class TaskRecord:
    """One task of a run: its definition's identity, its scores and its samples."""

    name: str
    config: Mapping[str, Any]
    """The task's YAML as lm-eval recorded it."""
    version: str
    num_fewshot: int
    n_original: int
    n_effective: int
    headline: str
    """The one metric that is tested."""
    filter: str
    scores: Mapping[str, Score]
    samples: Mapping[str, SampleResult]
    """By document hash, in the order of the file."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The `metadata` of the task's YAML."""
        found = self.config.get("metadata")
        return found if isinstance(found, Mapping) else {}

    def title(self, lang: str) -> str:
        """The task's name in a language, else its lm-eval name."""
        titles = self.metadata.get("title")
        return str(titles.get(lang) or self.name) if isinstance(titles, Mapping) else self.name

    def aggregation(self, metric: str) -> str:
        """Name of the metric's aggregation function; lm-eval's own default where the YAML names none.

        lm-eval records a custom function by its source text; only its name is read, nothing is executed.
        """
        return aggregation(self.config, metric)


def aggregation(config: Mapping[str, Any], metric: str) -> str:
    """`TaskRecord.aggregation` of a task's recorded YAML."""
    listed = config.get("metric_list")
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, Mapping) and entry.get("metric") == metric:
            text = str(entry.get("aggregation") or _DEFAULTS.get(metric, "mean")).strip()
            return text.removeprefix("def ").partition("(")[0].strip() if text.startswith("def ") else text
    return _DEFAULTS.get(metric, "mean")


@dataclass(frozen=True)
class RunRecord:
    """A parsed view of a run directory: stock lm-eval files, and `run.json` where there is one."""

    path: Path
    name: str
    tasks: Mapping[str, TaskRecord]
    results: Mapping[str, Any]
    """The results file without its samples, configs and per-task values."""
    provenance: Mapping[str, Any]
    """`run.json`; empty for a run of the stock command line."""
    problems: tuple[Problem, ...]

    def get(self, *keys: str) -> Any:
        """A value of `run.json` by its path of keys, None where it is not there."""
        value: Any = self.provenance
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    @cached_property
    def model_args(self) -> dict[str, str]:
        """lm-eval's model arguments as text, whether recorded as a mapping or as `a=1,b=2`."""
        config = self.results.get("config")
        args = config.get("model_args") if isinstance(config, Mapping) else None
        if isinstance(args, Mapping):
            return {str(key): str(value) for key, value in args.items()}
        pairs = (part.partition("=") for part in str(args or "").split(","))
        return {key.strip(): value for key, _, value in pairs if key.strip()}

    @property
    def limit(self) -> Any:
        """The `--limit` of the run, None where all documents were asked."""
        config = self.results.get("config")
        stated = config.get("limit") if isinstance(config, Mapping) else None
        return stated if stated is not None else self.get("limit")

    @property
    def model(self) -> str | None:
        """The model as it was asked for; of a directory known by its content the name alone: a path tells of a machine."""
        stated = self.model_args.get("pretrained") or self.results.get("model_name")
        return _name(self.get("system", "pretrained") or stated, self.get("system", "pretrained_sha256"))

    @property
    def adapter(self) -> str | None:
        """The adapter, likewise; None where there is none."""
        args = self.model_args
        stated = args.get("peft") or args.get("delta") or args.get("lora_local_path")
        return _name(self.get("system", "adapter") or stated, self.get("system", "adapter_sha256"))

    @property
    def finished(self) -> str:
        """The day the run finished, `YYYY-MM-DD`; empty where it is not known."""
        return str(self.get("finished") or self.results.get("finished") or "")[:10]


def _name(place: Any, content: Any) -> str | None:
    """Without its hash, two directories of one name could not be told apart."""
    return (Path(str(place)).name if content else str(place)) if place else None
