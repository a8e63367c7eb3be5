"""The command line, thin: every command reads its options, calls one function, prints what came of it.

Heavy libraries are imported inside the commands, so that `rufinbench --help` answers at once.
"""

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from benchmark.errors import UserError

app = typer.Typer(
    name="rufinbench",
    help="How well does a language model know Russian finance, and did fine-tuning help?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

_Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@app.callback()
def _root(debug: _Debug = False) -> None:
    """How well does a language model know Russian finance, and did fine-tuning help?"""
    _STATE["debug"] = debug


_STATE = {"debug": False}


@app.command()
def run(
    model: Annotated[str, typer.Option(help="Hub id, directory, GGUF file, or `embedded`.")],
    adapter: Annotated[str | None, typer.Option(help="PEFT adapter directory on top of the model.")] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of a Hub model.")] = None,
    quantization: Annotated[str, typer.Option(help="none, nf4 or int8.")] = "none",
    dtype: Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")] = "auto",
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
    include_path: Annotated[
        list[str] | None, typer.Option(help="Folder with further lm-eval tasks; repeatable.")
    ] = None,
    num_fewshot: Annotated[int | None, typer.Option(help="Examples shown before each question.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N documents of each task.")] = None,
    batch_size: Annotated[str, typer.Option(help="Rows generated together; auto: as many as memory holds.")] = "auto",
    max_gen_toks: Annotated[int | None, typer.Option(min=1, help="Replaces the tasks' limit on answer tokens.")] = None,
    max_length: Annotated[int | None, typer.Option(min=16, help="Context length, if the model's config lies.")] = None,
    on_long_prompt: Annotated[
        str, typer.Option(help="Prompts longer than the context: truncate (from the left, and count) or refuse.")
    ] = "truncate",
    apply_chat_template: Annotated[bool, typer.Option(help="Ask through the tokenizer's chat template.")] = False,
    trust_remote_code: Annotated[bool, typer.Option(help="Let code from the model's repository run.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, …")] = "auto",
    output: Annotated[Path | None, typer.Option(help="Run directory; results/<name> if not given.")] = None,
) -> None:
    """Score a system on the benchmark.

    Examples:

        rufinbench run --model google/gemma-3-1b-it --apply-chat-template

        rufinbench run --model embedded --adapter adapters/mine --limit 50

        rufinbench run --model my-model --backend local-chat-completions --base-url http://localhost:8000
    """
    from benchmark.backends import command_line_arguments
    from benchmark.processes import is_first
    from benchmark.run import RunOptions
    from benchmark.run import run as run_system
    from benchmark.servers.endpoint import CHAT
    from benchmark.summary import print_run
    from benchmark.system import SystemSpec

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
    options = RunOptions(
        tasks=tuple(name.strip() for name in tasks.split(",") if name.strip()),
        include_paths=tuple(include_path or ()),
        limit=limit,
        batch_size=_batch_size(batch_size),
        max_gen_toks=max_gen_toks,
        max_length=max_length,
        on_long_prompt=on_long_prompt,
        device=device,
    )
    finished = run_system(spec, output or Path("results") / slug(spec.name), options)
    if is_first():
        print_run(finished)


@app.command()
def finetune(
    config: Annotated[Path, typer.Option(help="YAML configuration; see finetune/configs/.")],
    output: Annotated[
        Path | None, typer.Option(help="Adapter directory; adapters/<config's name> if not given.")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="key=value over the file; repeatable.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, …")] = "auto",
    dry_run: Annotated[bool, typer.Option(help="Say what would be trained, and stop.")] = False,
    then_run: Annotated[
        Path | None, typer.Option(help="A baseline's run directory: score the adapter as it was scored, and compare.")
    ] = None,
) -> None:
    """Train a QLoRA adapter.

    Examples:

        rufinbench finetune --config finetune/configs/rufin.yaml --set model.pretrained=mistralai/Mistral-7B-v0.1

        rufinbench finetune --config finetune/configs/rufin.yaml --then-run results/base

        accelerate launch -m benchmark.cli finetune --config finetune/configs/rufin.yaml
    """
    import json

    from benchmark.processes import is_first
    from finetune import pipeline
    from finetune.config import load_config

    loaded = load_config(config, set_)
    if dry_run:
        typer.echo(json.dumps(pipeline.dry_run(loaded, device), ensure_ascii=False, indent=2))
        return
    if then_run:
        from benchmark import again

        again.check(then_run, loaded.model.pretrained)
    adapter = pipeline.finetune(loaded, output or Path("adapters") / config.stem, device)
    finished = [adapter, again.run_and_compare(then_run, adapter)] if then_run else [adapter]
    if is_first():
        typer.echo("\n".join(map(str, finished)))


@app.command()
def export(
    model: Annotated[str, typer.Option(help="The base model, as in `run`.")],
    adapter: Annotated[Path, typer.Option(help="PEFT adapter directory to merge into it.")],
    output: Annotated[Path, typer.Option(help="Directory of the new checkpoint.")],
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of a Hub model.")] = None,
    quantization: Annotated[
        str | None, typer.Option(help="What the adapter was trained on: none, nf4, int8; its manifest's if not given.")
    ] = None,
    trust_remote_code: Annotated[bool, typer.Option(help="Let code from the model's repository run.")] = False,
    examples: Annotated[int, typer.Option(min=1, help="Validation examples to compare both on.")] = 16,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, …")] = "auto",
) -> None:
    """Merge an adapter into its dequantized base, save bfloat16 safetensors, measure the difference.

    Example:

        rufinbench export --model mistralai/Mistral-7B-v0.1 --adapter adapters/rufin --output models/mine
    """
    import json

    from benchmark.system import SystemSpec
    from finetune import export as exporting

    spec = SystemSpec(
        model,
        revision=revision,
        quantization=quantization or exporting.trained_quantization(adapter),
        adapter=str(adapter),
        trust_remote_code=trust_remote_code,
    )
    report = exporting.export(spec, output, examples=examples, device=device)
    typer.echo(json.dumps(report["difference"], indent=2))


@app.command()
def compare(
    baseline: Path,
    finetuned: Path,
    html: Annotated[Path | None, typer.Option(help="Write the comparison page here.")] = None,
    lang: Annotated[str, typer.Option(help="Language of the page: ru or en.")] = "ru",
    output_format: Annotated[str, typer.Option("--format", help="table, markdown or json.")] = "table",
    alpha: Annotated[float, typer.Option(help="Probability of a false verdict, over all tasks together.")] = 0.05,
    margin: Annotated[float, typer.Option(help="Differences this small count as none, where shown.")] = 0.01,
    fail_on_regression: Annotated[
        bool, typer.Option(help="Exit with 1 if a task got worse, or if none has a verdict.")
    ] = False,
) -> None:
    """Compare two runs, sample by sample: differences, intervals, verdicts.

    Examples:

        rufinbench compare results/base results/tuned --html comparison.html

        rufinbench compare results/base results/tuned --format markdown --fail-on-regression
    """
    from benchmark import terminal
    from benchmark.compare import compare as compare_runs
    from benchmark.results import load_run

    writers = {"markdown": terminal.as_markdown, "json": terminal.as_json}
    if output_format not in ("table", *writers):
        raise UserError(f"--format {output_format}: choose table, markdown or json")
    _check_language(lang)
    compared = compare_runs(load_run(baseline), load_run(finetuned), alpha=alpha, margin=margin)
    if output_format == "table":
        terminal.print_comparison(compared)
    else:
        typer.echo(writers[output_format](compared))
    if html:
        from reports.comparison import write

        write(compared, html, lang=lang)
        typer.echo(html, err=output_format != "table")
    if fail_on_regression:
        verdicts = {delta.verdict for delta in compared.deltas}
        if verdicts <= {"withheld"}:
            typer.echo(
                "rufinbench: --fail-on-regression: no task has a verdict, so none is known not to be worse", err=True
            )
        if verdicts <= {"withheld"} or "worsened" in verdicts:
            raise typer.Exit(1)


@app.command()
def report(
    runs: list[Path],
    output: Annotated[Path, typer.Option(help="Directory of the site.")] = Path("site"),
    publish_samples: Annotated[bool, typer.Option(help="Put prompts and answers into the pages.")] = False,
    lang: Annotated[list[str] | None, typer.Option(help="ru or en; repeatable, the main one first. Both.")] = None,
    alpha: Annotated[float, typer.Option(help="Probability of a false verdict, over all tasks of a pair.")] = 0.05,
    margin: Annotated[float, typer.Option(help="Differences this small count as none, where shown.")] = 0.01,
) -> None:
    """Build the site: index, leaderboard, and comparison pages of adapters with their bases and of the best systems.

    Example:

        rufinbench report results/* --output site/
    """
    from benchmark.results import load_run
    from reports.numbers import LANGUAGES
    from reports.site import write

    for language in lang or ():
        _check_language(language)
    records = [load_run(path) for path in runs]
    typer.echo(write(records, output, lang or LANGUAGES, publish_samples, alpha=alpha, margin=margin))


@app.command()
def leaderboard(
    runs: list[Path],
    output: Annotated[Path, typer.Option(help="HTML file.")] = Path("leaderboard.html"),
    lang: Annotated[str, typer.Option(help="Language of the page: ru or en.")] = "ru",
) -> None:
    """Write the leaderboard page alone.

    Example:

        rufinbench leaderboard results/* --output leaderboard.html
    """
    from benchmark.results import load_run
    from reports.leaderboard import write

    _check_language(lang)
    typer.echo(write([load_run(path) for path in runs], output, lang))


@app.command()
def rescore(
    run: Path,
    output: Annotated[Path | None, typer.Option(help="New run directory; <run>-rescored if not given.")] = None,
    include_path: Annotated[
        list[str] | None, typer.Option(help="Folder with further lm-eval tasks; repeatable.")
    ] = None,
) -> None:
    """Grade a finished run's saved answers again, without a model; the run itself is not touched.

    Example:

        rufinbench rescore results/base
    """
    from benchmark.rescore import rescore as rescore_run
    from benchmark.summary import print_run

    target = output or run.with_name(f"{run.name}-rescored")
    print_run(rescore_run(run, target, include_paths=tuple(include_path or ())))


@app.command()
def merge(
    runs: list[Path],
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
    from benchmark.summary import print_run

    print_run(merge_runs(runs, output, groups=group or (), include_paths=include_path or ()))


@app.command()
def check(
    data: Annotated[Path | None, typer.Option(help="A JSONL file of your own to validate instead.")] = None,
    graders: Annotated[bool, typer.Option(help="Put the numeric grader on trial against others.")] = False,
    tasks: Annotated[str, typer.Option(help="Comma-separated families; all if not given.")] = "",
) -> None:
    """Validate the tasks and their data, your own data, or the graders.

    Examples:

        rufinbench check

        rufinbench check --data my.jsonl

        rufinbench check --graders
    """
    from benchmark import check as checks

    if graders:
        from benchmark import judge

        judge.main()
    elif data:
        checks.check_file(data)
    else:
        checks.check_families([name for name in tasks.split(",") if name])


@app.command()
def show(
    task: Annotated[str, typer.Argument(help="Task or family: rufin_calculation, calculation.")],
    slice_: Annotated[str, typer.Option("--slice", help="Only items of this slice.")] = "",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    n: Annotated[int, typer.Option("-n", "--n", min=1, help="How many.")] = 3,
    seed: Annotated[int, typer.Option(help="Which ones.")] = 0,
) -> None:
    """Print items of a task, readably.

    Example:

        rufinbench show calculation --slice unseen -n 5
    """
    from benchmark.show import show_items

    show_items(task.removeprefix("rufin_"), split, slice_, n, seed)


@app.command()
def demo(
    output: Annotated[Path, typer.Option(help="Where runs, adapter and report go.")] = Path("demo"),
    limit: Annotated[int, typer.Option(min=1, help="Documents of each task.")] = 6,
) -> None:
    """Everything once, on the embedded model: score, fine-tune, score again, compare, report.

    Example:

        rufinbench demo
    """
    from benchmark.demo import run_demo

    run_demo(output, limit)


def slug(name: str) -> str:
    """A directory name for a system's name: letters, digits and `._+-`; never a path, a dot file or empty."""
    kept = "".join(letter if letter.isalnum() or letter in "._+-" else "-" for letter in name)
    return kept.strip(".-")[:120] or "run"


def _batch_size(text: str) -> int | str:
    """`auto`, lm-eval's `auto:N`, or rows."""
    if text.partition(":")[0] == "auto":
        return text
    if not text.isdecimal() or int(text) == 0:
        raise UserError(f"--batch-size {text}: give a number of rows, or auto")
    return int(text)


def _check_language(lang: str) -> None:
    if lang not in ("ru", "en"):
        raise UserError(f"--lang {lang}: choose ru or en")


def main() -> None:
    """Entry point: a `UserError` is one line on stderr and exit code 2; so is a full disk or a missing right."""
    from tasks.items import DataError

    try:
        app()
    except (UserError, DataError, OSError) as error:
        if _STATE["debug"]:
            traceback.print_exc()
        message = " ".join(str(error).split())
        print(f"rufinbench: {''.join(c if c.isprintable() else '�' for c in message)}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("rufinbench: interrupted; give the same command again to go on", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
