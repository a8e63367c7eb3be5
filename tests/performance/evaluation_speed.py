"""How fast a model is asked: this engine beside lm-eval's own `hf` backend and transformers' continuous batching.

    python tests/performance/evaluation_speed.py --prompts 504 --output speed        # all of it
    python tests/performance/evaluation_speed.py --only rows,stock:32 --prompts 48   # a look

The benchmark's own prompts, zero-shot, each family's share; greedy; model loading is not counted. Each variant loads
its own model, on a CPU in a process of its own, so that its peak of memory is its own. `stock:N` is lm-eval's backend
with a fixed batch of N, `stock:N:unplanned` the same without cuDNN's attention (torch prefers it on an H100, and plans
each new shape for some tenths of a second), `rows` this engine, `continuous` transformers' `generate_batch`;
`likelihood:…` scores three labels after each prompt. Texts are compared with those of the first stock variant, and
graded: the mean score is the families' mean.
"""

import argparse
import functools
import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from benchmark.engine import RowwiseHFLM
from benchmark.families import families
from benchmark.machine import device
from benchmark.quiet import quiet_libraries
from benchmark.run import task_manager
from benchmark.system import SystemSpec, load_model
from benchmark.systems.kernels import cudnn_attention
from tests.conftest import build_tiny_model

UNPLANNED = ":unplanned"
LABELS = ("Уровень риска: низкий", "Уровень риска: средний", "Уровень риска: высокий")


@functools.cache
def benchmark_tasks() -> dict[str, Any]:
    """The families' tasks by name."""
    names = [f"rufin_{family}" for family in families()]
    loaded = task_manager(names=names).load(names)["tasks"]
    return {name: loaded[name] for name in names}


def questions(count: int, limit: int) -> list[Instance]:
    """The first test prompts of each family, in equal shares, with their own stop strings."""
    tasks, requests = benchmark_tasks().values(), []
    for task in tasks:
        settings = task.config.generation_kwargs | {"max_gen_toks": limit}
        for doc in list(task.test_docs())[: count // len(tasks)]:
            requests.append(Instance("generate_until", doc, (task.doc_to_text(doc), settings), len(requests)))
    return requests


def mean_score(requests: list[Instance], texts: list[str]) -> float:
    """The benchmark's headline over these texts: each family's score as its task has it, and their mean."""
    tasks = list(benchmark_tasks().values())
    of_one = len(requests) // len(tasks)
    scores = []
    for place, task in enumerate(tasks):
        part = slice(place * of_one, (place + 1) * of_one)
        graded = [
            task.process_results(request.doc, [text])["score"]
            for request, text in zip(requests[part], texts[part], strict=True)
        ]
        scores.append(task.aggregation()["score"](graded))
    return statistics.mean(scores)


class CountingHFLM(HFLM):
    """lm-eval's backend, counting the decode steps of its batches."""

    steps = row_steps = 0

    def _model_generate(self, context: torch.Tensor, *arguments: Any, **settings: Any) -> torch.Tensor:
        generated = super()._model_generate(context, *arguments, **settings)
        steps = generated.shape[1] - context.shape[1] - 1  # the first token comes with the prompt
        self.steps += steps
        self.row_steps += steps * len(context)
        return generated


def generate(kind: str, rows: str, model: Any, tokenizer: Any, requests: list[Instance]) -> dict[str, Any]:
    """Answer all requests in one way; seconds, steps and texts."""
    if kind == "continuous":
        return continuous(model, tokenizer, requests)
    lm: Any = (RowwiseHFLM if kind == "rows" else CountingHFLM)(
        pretrained=model, tokenizer=tokenizer, batch_size=rows if kind == "rows" else int(rows)
    )
    started = time.perf_counter()
    texts = lm.generate_until(requests, disable_tqdm=True)
    seconds = time.perf_counter() - started
    counts = lm.counts if kind == "rows" else lm
    needed = lm.counts.row_steps - lm.counts.wasted if kind == "rows" else None
    phases = {"phases": counts.seconds, "graphs": counts.graphs} if kind == "rows" else {}
    return phases | {
        "seconds": seconds,
        "texts": texts,
        "steps": counts.steps,
        "row_steps": counts.row_steps,
        "needed": needed,
    }


def continuous(model: Any, tokenizer: Any, requests: list[Instance]) -> dict[str, Any]:
    """transformers' continuous batching; it takes no stop strings, so each row runs to its limit or its end."""
    from transformers import GenerationConfig

    limit = requests[0].args[1]["max_gen_toks"]
    ends = model.generation_config.eos_token_id
    config = GenerationConfig(max_new_tokens=limit, do_sample=False, eos_token_id=ends, pad_token_id=0)
    prompts = [tokenizer(request.args[0])["input_ids"] for request in requests]
    started = time.perf_counter()
    given = model.generate_batch(inputs=prompts, generation_config=config, progress_bar=False)
    seconds = time.perf_counter() - started
    texts = [
        tokenizer.decode(given[key].generated_tokens, skip_special_tokens=True) for key in sorted(given, key=_number)
    ]
    for place, request in enumerate(requests):
        for stop in request.args[1]["until"]:
            texts[place] = texts[place].split(stop)[0]
    return {"seconds": seconds, "texts": texts}


def _number(key: str) -> int:
    return int(key.rpartition("_")[2])


def score(kind: str, rows: str, model: Any, tokenizer: Any, requests: list[Instance]) -> dict[str, Any]:
    """Log-likelihoods of three labels after each prompt."""
    asked = [
        Instance("loglikelihood", {}, (request.args[0], label), place)
        for place, request in enumerate(requests)
        for label in LABELS
    ]
    lm: Any = (RowwiseHFLM if kind == "rows" else HFLM)(
        pretrained=model, tokenizer=tokenizer, batch_size=rows if kind == "rows" else int(rows)
    )
    started = time.perf_counter()
    values = lm.loglikelihood(asked, disable_tqdm=True)
    return {"seconds": time.perf_counter() - started, "values": [value for value, _ in values]}


def variant(arguments: argparse.Namespace) -> dict[str, Any]:
    """One variant, in this process."""
    quiet_libraries()
    what, _, rest = arguments.variant.partition("likelihood:")
    name = rest or what
    kind, _, rows = name.removesuffix(UNPLANNED).partition(":")
    spec = SystemSpec(
        arguments.model, dtype=arguments.dtype, adapter=arguments.adapter, quantization=arguments.quantization
    )
    model, tokenizer = load_model(spec)
    requests = questions(arguments.prompts, arguments.max_gen_toks)
    on_gpu = torch.cuda.is_available()
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ask = cudnn_attention(allowed=not name.endswith(UNPLANNED))(score if rest else generate)
    if on_gpu:
        few = questions(len(families()), 8)
        ask(kind, rows or "auto", model, tokenizer, few)  # the first kernels are compiled
        torch.cuda.reset_peak_memory_stats()
    before = time.process_time()
    found = ask(kind, rows or "auto", model, tokenizer, requests)
    found["processor"] = time.process_time() - before
    if "texts" in found:
        found["score"] = mean_score(requests, found["texts"])
    peak = torch.cuda.max_memory_allocated() if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return found | {"variant": arguments.variant, "items": len(requests), "peak_bytes": peak, "loaded_kib": loaded}


def measured(name: str, arguments: argparse.Namespace) -> dict[str, Any] | None:
    """One variant; None if it failed. A GPU's peak can be set back, a process's on a CPU cannot."""
    if torch.cuda.is_available():
        try:
            return variant(argparse.Namespace(**vars(arguments) | {"variant": name}))
        except Exception as error:  # whatever a backend raises, the other variants' figures stay
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            return None
        finally:
            gc.collect()
            torch.cuda.empty_cache()
    command = [sys.executable, __file__, "--variant", name, "--model", arguments.model, "--dtype", arguments.dtype]
    command += ["--prompts", str(arguments.prompts), "--max-gen-toks", str(arguments.max_gen_toks)]
    command += ["--adapter", arguments.adapter] if arguments.adapter else []
    command += ["--quantization", arguments.quantization]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def table(rows: list[dict[str, Any]]) -> str:
    """The measurements as Markdown: ratios against the fastest stock variant of the same kind."""
    lines = [
        "| variant | items/s | against stock | processor seconds | decode steps | wasted row-steps | same texts | mean score | memory |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    needed = next((row["needed"] for row in rows if row.get("needed")), None)
    for row in rows:
        kind = "likelihood:" if row["variant"].startswith("likelihood:") else ""
        stock = [other for other in rows if other["variant"].startswith(f"{kind}stock")]
        fastest = min((other["seconds"] for other in stock), default=None)
        ratio = f"{fastest / row['seconds']:.2f}×" if fastest else "—"
        score = f"{row['score']:.2%}" if "score" in row else "—"
        wasted = f"{1 - needed / row['row_steps']:.0%}" if needed and row.get("row_steps") else "—"
        lines.append(
            f"| {row['variant']} | {row['items'] / row['seconds']:.2f} | {ratio} | {row['processor']:.0f} | {row.get('steps') or '—'} | {wasted} "
            f"| {_same(row, stock)} | {score} | {row['peak_bytes'] / 2**30:.2f} GiB |"
        )
    return "\n".join(lines)


def _same(row: dict[str, Any], stock: list[dict[str, Any]]) -> str:
    """Texts equal to the first stock variant's, or the largest difference of a log-likelihood."""
    if not stock:
        return "—"
    if "values" in row:
        apart = max(abs(mine - theirs) for mine, theirs in zip(row["values"], stock[0]["values"], strict=True))
        return f"± {apart:.1e}"
    equal = sum(mine == theirs for mine, theirs in zip(row["texts"], stock[0]["texts"], strict=True))
    return f"{equal}/{len(row['texts'])}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--adapter")
    parser.add_argument("--quantization", default="none", choices=["none", "nf4", "int8"])
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--prompts", type=int, default=504)
    parser.add_argument("--max-gen-toks", type=int, default=256)
    parser.add_argument("--only", default="stock:16,stock:32,stock:64,rows,likelihood:stock:16,likelihood:rows")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--tiny", action="store_true", help="a model of random weights: tries the script only")
    parser.add_argument("--variant", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.variant:
        print(json.dumps(variant(arguments)))
        return
    if arguments.tiny:
        arguments.model = str(build_tiny_model(Path(arguments.output.parent) / "tiny"))
    rows = []
    for name in arguments.only.split(","):
        if (row := measured(name, arguments)) is None:
            continue
        rows.append(row)
        phases = "".join(f", {phase} {seconds:.1f} s" for phase, seconds in row.get("phases", {}).items())
        graphs = f", {row['graphs']} graphs" if row.get("graphs") else ""
        print(f"{name}: {row['seconds']:.1f} s{phases}{graphs}", file=sys.stderr)
    where = device()
    heading = f"`{' '.join(['python', *sys.argv])}` on {where['name']}, {where['count']} × {where['kind']}, {where['cores']} cores"
    text = f"{heading}\n\n{table(rows)}\n"
    print(text)
    if arguments.output:
        arguments.output.with_suffix(".md").write_text(text, encoding="utf-8")
        arguments.output.with_suffix(".json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
