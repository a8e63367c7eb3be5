"""The engine on one GPU and on two: items a second over the same prompts, and the same texts.

    python tests/performance/two_gpus_evaluation.py --output two-gpus-evaluation
    python tests/performance/two_gpus_evaluation.py --cpu --tiny --prompts 24 …      # does it run? two CPU processes

Each process is started by torchrun, as `accelerate launch` does it, loads the model, and takes every n-th prompt, as
lm-eval shares them out; the clock runs from when all are ready to when the last one is done. Writes OUTPUT.json and
OUTPUT.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed as group
from evaluation_speed import questions
from finetuning_quality_common import described, markdown, write

from benchmark.engine import RowwiseHFLM
from benchmark.quiet import quiet_libraries
from benchmark.system import SystemSpec, load_model
from tests.conftest import build_tiny_model


def answer(options: argparse.Namespace) -> None:
    """One process: its share of the prompts; texts and seconds into `options.share`."""
    quiet_libraries()
    group.init_process_group("gloo")
    rank, world = group.get_rank(), group.get_world_size()
    if not options.cpu:
        torch.cuda.set_device(rank)
    model, tokenizer = load_model(SystemSpec(options.model), "cpu" if options.cpu else f"cuda:{rank}")
    requests = questions(options.prompts, options.max_gen_toks)
    lm = RowwiseHFLM(pretrained=model, tokenizer=tokenizer, batch_size=options.batch_size)
    lm.generate_until(requests[:2], disable_tqdm=True)  # the first kernels are compiled
    group.barrier()
    started = time.perf_counter()
    texts = lm.generate_until(requests[rank::world], disable_tqdm=True)
    group.barrier()
    found = {"seconds": time.perf_counter() - started, "texts": texts}
    Path(f"{options.share}.{rank}").write_text(json.dumps(found), encoding="utf-8")


def measure(processes: int, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds of so many processes, and all texts in the prompts' order."""
    with tempfile.TemporaryDirectory() as folder:
        share = Path(folder) / "share"
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
        command += [__file__, *sys.argv[1:], "--model", options.model, "--share", str(share)]
        hidden = {"CUDA_VISIBLE_DEVICES": ""} if options.cpu else {}
        subprocess.run(command, check=True, env=os.environ | hidden)
        shares = [json.loads(Path(f"{share}.{rank}").read_text(encoding="utf-8")) for rank in range(processes)]
    count = sum(len(part["texts"]) for part in shares)
    texts = [shares[place % processes]["texts"][place // processes] for place in range(count)]
    return {"processes": processes, "seconds": max(part["seconds"] for part in shares), "texts": texts}


def main() -> None:
    """Answer twice, compare, write; with --share be one process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--prompts", type=int, default=1740)
    parser.add_argument("--max-gen-toks", type=int, default=256)
    parser.add_argument("--batch-size", default="auto")
    parser.add_argument("--cpu", action="store_true", help="two CPU processes, to see whether the script runs")
    parser.add_argument("--tiny", action="store_true", help="a model of random weights: tries the script only")
    parser.add_argument("--output", type=Path, default=Path("two-gpus-evaluation"), help="path without suffix")
    parser.add_argument("--share", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.share:
        answer(options)
        return
    if options.tiny:
        options.model = str(build_tiny_model(options.output.parent / "tiny"))
    one, two = (measure(processes, options) for processes in (1, 2))
    same = sum(a == b for a, b in zip(one["texts"], two["texts"], strict=True))
    items = len(one["texts"])
    table = markdown(
        ["processes", "items/s", "ratio", "same texts"],
        [
            [
                str(run["processes"]),
                f"{items / run['seconds']:.2f}",
                f"{one['seconds'] / run['seconds']:.2f}×",
                f"{same}/{items}",
            ]
            for run in (one, two)
        ],
    )
    write(options.output, described(" ".join(sys.argv)) | {"runs": [one, two]}, table)
    print(table)


if __name__ == "__main__":
    main()
