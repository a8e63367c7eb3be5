"""Commands that need no model of yours: the demo, the tasks' items, the gates on tasks and data."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    output: Annotated[Path, typer.Option(help="Where runs, adapter and report go.")] = Path("demo"),
    limit: Annotated[int, typer.Option(min=1, max=10**9, help="Documents of each task.")] = 6,
) -> None:
    """Everything once, on the embedded model: score, fine-tune, score again, compare, report.

    Example:

        rufinbench demo
    """
    from benchmark.demo import run_demo

    run_demo(output, limit)


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


def check(
    data: Annotated[Path | None, typer.Option(help="A JSONL file of your own to validate instead.")] = None,
    graders: Annotated[bool, typer.Option("--graders", help="Put the numeric grader on trial against others.")] = False,
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
