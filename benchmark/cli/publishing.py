"""Commands that read runs and say what came of them: verdicts, pages, a site."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmark.cli import options


def compare(
    baseline: Annotated[Path, typer.Argument(help="Run directory.")],
    finetuned: Annotated[Path, typer.Argument(help="Run directory of what is held against it.")],
    html: Annotated[Path | None, typer.Option(help="Write the comparison page here.")] = None,
    lang: options.Language = options.Lang.RU,
    output_format: Annotated[
        Literal["table", "markdown", "json"], typer.Option("--format", help="What is printed.")
    ] = "table",
    alpha: options.Alpha = 0.05,
    margin: options.Margin = 0.01,
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="Exit with 1 if a task got worse, or if none has a verdict.")
    ] = False,
) -> None:
    """Compare two runs, sample by sample: differences, intervals, verdicts.

    Examples:

        rufinbench compare results/base results/tuned --html comparison.html

        rufinbench compare results/base results/tuned --format markdown --fail-on-regression
    """
    from benchmark.compare import compare as compare_runs
    from benchmark.comparing import terminal
    from benchmark.results import load_run

    writers = {"markdown": terminal.as_markdown, "json": terminal.as_json}
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


def report(
    runs: options.Runs,
    output: Annotated[Path, typer.Option(help="Directory of the site.")] = Path("site"),
    publish_samples: Annotated[
        bool, typer.Option("--publish-samples", help="Put prompts and answers into the pages.")
    ] = False,
    lang: Annotated[
        list[options.Lang] | None, typer.Option(help="Repeatable, the main one first; both if not given.")
    ] = None,
    alpha: options.Alpha = 0.05,
    margin: options.Margin = 0.01,
) -> None:
    """Build the site: index, leaderboard, and comparison pages of adapters with their bases and of the best systems.

    Example:

        rufinbench report results/* --output site/
    """
    from benchmark.results import load_run
    from reports.numbers import LANGUAGES
    from reports.site import write

    records = [load_run(path) for path in runs]
    typer.echo(write(records, output, lang or LANGUAGES, publish_samples, alpha=alpha, margin=margin))


def leaderboard(
    runs: options.Runs,
    output: Annotated[Path, typer.Option(help="HTML file.")] = Path("leaderboard.html"),
    lang: options.Language = options.Lang.RU,
) -> None:
    """Write the leaderboard page alone.

    Example:

        rufinbench leaderboard results/* --output leaderboard.html
    """
    from benchmark.results import load_run
    from reports.leaderboard import write

    typer.echo(write([load_run(path) for path in runs], output, lang))
