"""Options that several commands share, each declared once: its type, its range, its help."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Lang(StrEnum):
    """Languages of the pages."""

    RU = "ru"
    EN = "en"


Alpha = Annotated[float, typer.Option(help="Probability of a false verdict, over all tasks of a pair together.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, …")]
IncludePath = Annotated[list[str] | None, typer.Option(help="Folder with further lm-eval tasks; repeatable.")]
Language = Annotated[Lang, typer.Option("--lang", help="Language of the page.")]
Limit = Annotated[int | None, typer.Option(min=1, max=10**9, help="Only the first N documents of each task.")]
Margin = Annotated[float, typer.Option(help="Differences this small count as none, where shown.")]
Revision = Annotated[str | None, typer.Option(help="Branch, tag or commit of a Hub model.")]
Runs = Annotated[list[Path], typer.Argument(help="Run directories.")]
TrustRemoteCode = Annotated[bool, typer.Option("--trust-remote-code", help="Let code from the model's repository run.")]
