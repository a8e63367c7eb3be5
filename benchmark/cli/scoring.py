"""Commands that make run directories: score a system, grade its answers again, join runs."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmark.cli import options
from benchmark.errors import UserError
from benchmark.systems.dtype import Dtype


def run(
    model: Annotated[str, typer.Option(help="Hub id, directory, GGUF file, or `embedded`.")],
    adapter: Annotated[str | None, typer.Option(help="PEFT adapter directory on top of the model.")] = None,
    revision: options.Revision = None,
    quantization: Annotated[Literal["none", "nf4", "int8"], typer.Option(help="Of the weights.")] = "none",
    dtype: Annotated[Dtype, typer.Option(help="Of weights and activations.")] = "auto",
    backend: Annotated[str, typer.Option(help="hf, or any lm-eval backend: vllm, local-completions, …")] = "hf",
    backend_arg: Annotated[list[str] | None, typer.Option(help="key=value for the backend; repeatable.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    num_concurrent: Annotated[
        int | None, typer.Option(min=1, help="Requests that a server gets at once; 8 if not given.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0.001, help="Seconds that a server has for one answer; 300 if not given.")
    ] = None,
    api_key_env: Annotated[
        str | None, typer.Option(help="Environment variable with the server's key; OPENAI_API_KEY if not given.")
    ] = None,
    tasks: Annotated[str, typer.Option(help="Comma-separated lm-eval tasks or groups.")] = "rufin",
    include_path: options.IncludePath = None,
    num_fewshot: Annotated[int | None, typer.Option(min=0, help="Examples shown before each question.")] = None,
    limit: options.Limit = None,
    batch_size: Annotated[str, typer.Option(help="Rows generated together; auto: as many as memory holds.")] = "auto",
    max_gen_toks: Annotated[int | None, typer.Option(min=1, help="Replaces the tasks' limit on answer tokens.")] = None,
    max_length: Annotated[int | None, typer.Option(min=16, help="Context length, if the model's config lies.")] = None,
    on_long_prompt: Annotated[
        Literal["truncate", "refuse"],
        typer.Option(help="Prompts longer than the context: cut from the left and count, or stop."),
    ] = "truncate",
    apply_chat_template: Annotated[
        bool, typer.Option("--apply-chat-template", help="Ask through the tokenizer's chat template.")
    ] = False,
    trust_remote_code: options.TrustRemoteCode = False,
    device: options.Device = "auto",
    output: Annotated[Path | None, typer.Option(help="Run directory; results/MODEL if not given.")] = None,
) -> None:
    """Score a system on the benchmark.

    Examples:

        rufinbench run --model google/gemma-3-1b-it --apply-chat-template

        rufinbench run --model embedded --adapter adapters/mine --limit 50

        rufinbench run --model my-model --backend local-chat-completions --base-url http://localhost:8000
    """
    from benchmark.run import RunOptions
    from benchmark.run import run as run_system
    from benchmark.runs.processes import is_first
    from benchmark.runs.summary import print_run
    from benchmark.servers.endpoint import CHAT
    from benchmark.system import SystemSpec
    from benchmark.systems.arguments import command_line_arguments

    asking = {"base_url": base_url, "num_concurrent": num_concurrent, "timeout": timeout, "api_key_env": api_key_env}
    spec = SystemSpec(
        pretrained=model,
        revision=revision,
        quantization=quantization,
        dtype=dtype,
        adapter=adapter,
        backend=backend,
        backend_args=command_line_arguments(backend, backend_arg or [], asking),
        apply_chat_template=apply_chat_template or backend in CHAT,
        num_fewshot=num_fewshot,
        trust_remote_code=trust_remote_code,
    )
    run_options = RunOptions(
        tasks=tuple(name.strip() for name in tasks.split(",") if name.strip()),
        include_paths=tuple(include_path or ()),
        limit=limit,
        batch_size=_batch_size(batch_size),
        max_gen_toks=max_gen_toks,
        max_length=max_length,
        on_long_prompt=on_long_prompt,
        device=device,
    )
    finished = run_system(spec, output or Path("results") / slug(spec.name), run_options)
    if is_first():
        print_run(finished)


def rescore(
    run: Annotated[Path, typer.Argument(help="Run directory.")],
    output: Annotated[Path | None, typer.Option(help="New run directory; RUN-rescored if not given.")] = None,
    include_path: options.IncludePath = None,
) -> None:
    """Grade a finished run's saved answers again, without a model; the run itself is not touched.

    Example:

        rufinbench rescore results/base
    """
    from benchmark.rescore import rescore as rescore_run
    from benchmark.runs.summary import print_run

    # Of `.` and `..` only the resolved path has a name.
    named = run if run.name.strip(".") else run.resolve()
    target = output or named.with_name(f"{named.name}-rescored")
    print_run(rescore_run(run, target, include_paths=tuple(include_path or ())))


def merge(
    runs: options.Runs,
    output: Annotated[Path, typer.Option(help="New run directory.")],
    group: Annotated[
        list[str] | None, typer.Option(help="Further lm-eval group to average, beside the benchmark's own; repeatable.")
    ] = None,
    include_path: Annotated[
        list[str] | None, typer.Option(help="Folder with that group's definition; repeatable.")
    ] = None,
) -> None:
    """Make one run of several that asked one system different tasks, on one machine or on many.

    Example:

        rufinbench merge results/part-1 results/part-2 --output results/whole
    """
    from benchmark.merge import merge as merge_runs
    from benchmark.runs.summary import print_run

    print_run(merge_runs(runs, output, groups=group or (), include_paths=include_path or ()))


def slug(name: str) -> str:
    """A directory name for a system's name: letters, digits and `._+-`; never a path, a dot file or empty."""
    kept = "".join(letter if letter.isalnum() or letter in "._+-" else "-" for letter in name)
    return kept.strip(".-")[:120] or "run"


def _batch_size(text: str) -> int | str:
    """`auto`, lm-eval's `auto:N`, or rows."""
    if re.fullmatch(r"auto(:[1-9]\d*)?", text, re.ASCII):
        return text
    if not re.fullmatch(r"0*[1-9]\d{0,8}", text, re.ASCII):
        raise UserError(f"--batch-size {text}: give a number of rows, or auto")
    return int(text)
