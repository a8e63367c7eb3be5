"""The command line, thin: every command reads its options, calls one function, prints what came of it.

Heavy libraries are imported inside the commands, so that `rufinbench --help` answers at once.
"""

import errno
import sys
import traceback
from collections.abc import Callable
from typing import Annotated

import typer

from benchmark.cli import exploring, publishing, scoring, tuning
from benchmark.errors import UserError

__all__ = ["app", "main"]

app = typer.Typer(
    name="rufinbench",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
_STATE = {"debug": False}
_INTERRUPTED = 130


@app.callback()
def _root(debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False) -> None:
    """How well does a language model know Russian finance, and did fine-tuning help?"""
    _STATE["debug"] = debug


_PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Score and train": (scoring.run, tuning.finetune, tuning.export),
    "Read the results": (publishing.compare, publishing.report, publishing.leaderboard),
    "Mend runs": (scoring.rescore, scoring.merge),
    "Look around": (exploring.demo, exploring.show, exploring.check),
}
for _panel, _commands in _PANELS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)


def main() -> None:
    """Entry point: what the user can mend is one line on stderr and exit code 2.

    That is a `UserError`, a wrong option, a full disk or a missing right.
    """
    from tasks.items import DataError

    try:
        code = app(prog_name="rufinbench", standalone_mode=False)
    except typer.TyperException as error:
        # Without a command, its help has been shown, and there is nothing to say.
        code = error.exit_code
        if said := error.format_message():
            _tell(f"{said.rstrip('.')}; see {_command_path(error)} --help")
    except (UserError, DataError, OSError) as error:
        code = 2
        if _STATE["debug"]:
            traceback.print_exc()
        _tell(_of_file(error) if isinstance(error, OSError) else str(error))
    if code == _INTERRUPTED:
        _tell("interrupted; give the same command again to go on")
    sys.exit(code or 0)


def _command_path(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "rufinbench"


def _of_file(error: OSError) -> str:
    """What the system refused, on which file; of a replacement, the file that was to be replaced.

    A full disk names no file where the output is redirected into one.
    """
    path = error.filename2 or error.filename or (error.errno == errno.ENOSPC and "the output")
    return f"{path}: {error.strerror}; mend that, or choose another place" if path and error.strerror else str(error)


def _tell(message: str) -> None:
    """One line, whatever the message quotes."""
    line = " ".join(message.split())
    print(f"rufinbench: {''.join(c if c.isprintable() else '�' for c in line)}", file=sys.stderr)
