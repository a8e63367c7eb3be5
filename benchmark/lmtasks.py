"""lm-eval's tasks, a user's own among them: finding them, loading them, and saying in a line what is wrong with one."""

import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from benchmark.errors import UserError
from benchmark.quiet import quiet_libraries
from tasks import ROOT
from tasks.items import DataError

GROUP = "rufin"


def task_manager(
    include_paths: Sequence[str] = (), names: Sequence[str] | None = None, named: str = "--include-path"
) -> Any:
    """lm-eval's task manager, with the benchmark's tasks and those in `include_paths`.

    Args:
        include_paths: folders of YAML files.
        names: the tasks that will be loaded. If the benchmark and these folders have them all, lm-eval's own
            thousands of YAML files are not read: that takes seconds.
        named: the option or key that names the folders, for the message.

    Raises:
        UserError: a path is no directory.
    """
    quiet_libraries()
    from lm_eval.tasks import TaskManager

    for folder in include_paths:
        if not Path(folder).is_dir():
            raise UserError(f"{named} {folder}: no such directory")
    folders = [str(ROOT), *include_paths]
    ours = TaskManager(include_path=folders, include_defaults=False)
    needed = {*(names or ()), *_members(ours)}
    return ours if names is not None and needed <= set(ours.all_tasks) else TaskManager(include_path=folders)


def _members(manager: Any) -> Iterator[str]:
    """Names that the groups of a task manager refer to."""
    for entry in manager.task_index.values():
        listed = (entry.cfg or {}).get("task")
        yield from (name for name in (listed if isinstance(listed, list) else ()) if isinstance(name, str))


def check_tasks(manager: Any, names: Sequence[str], named: str = "--tasks") -> None:
    """Refuse names that lm-eval does not know, before a model is loaded.

    Args:
        named: the option, key or run that names them, for the message.

    Raises:
        UserError: no names; unknown names; where a YAML file of the user's cannot be read, which and why.
    """
    if not names:
        raise UserError(f"{named}: none are named; give tasks or groups, or leave it out for {GROUP}")
    unknown = [name for name in names if name not in set(manager.all_tasks)]
    if unknown:
        broken = next(_unreadable(manager.include_path[1:]), None)
        ours = ", ".join(sorted(name for name in manager.all_tasks if name.startswith(GROUP)))
        option = "--include-path" if named.startswith("--") else {"data.tasks": "data.include_paths"}.get(named)
        folder = f"; a folder with others is named by {option}" if option else ""
        known = f"the benchmark’s own are {ours}{folder}"
        raise UserError(f"{named} {', '.join(unknown)}: unknown; {broken or known}")


def _unreadable(folders: Sequence[str]) -> Iterator[str]:
    """What is wrong with each YAML file that lm-eval passed over in silence."""
    import yaml
    from lm_eval.tasks.manager import load_yaml

    for path in sorted(path for folder in folders for path in Path(folder).rglob("*.yaml")):
        try:
            load_yaml(path, resolve_func=False, recursive=True)
        except (yaml.YAMLError, ValueError, OSError) as error:
            yield f"{path} cannot be read: {_one_line(error)}; mend the file"


class LoadedTasks:
    """Tasks and groups in memory; lm-eval takes it for its task manager and loads nothing a second time."""

    def __init__(self, manager: Any, names: Sequence[str]) -> None:
        """Load `names`.

        Raises:
            UserError: a task's code fails, its data cannot be read, or it needs what is not offered here.
        """
        self._manager = manager
        try:
            self._loaded = manager.load(list(names))
        except Exception as error:  # a task's own code runs here, and may raise anything
            raise blame(error, ", ".join(names)) from error
        self.tasks: dict[str, Any] = self._loaded["tasks"]
        self.groups: dict[str, Any] = self._loaded["groups"]
        for name, task in self.tasks.items():
            if getattr(task, "UNSAFE_CODE", False):
                raise UserError(f"--tasks {name}: it runs code that a model wrote; use lm_eval in a sandbox for it")
            if getattr(task, "MULTIMODAL", False):
                raise UserError(f"--tasks {name}: it shows pictures, which no backend is asked to read here")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    def load(self, _names: Any) -> dict[str, Any]:
        """What was loaded."""
        return self._loaded


def task_at_fault(error: Exception) -> tuple[str, int | None] | None:
    """The task whose code raised an error during an evaluation, and the document; None if it was not a task's.

    lm-eval calls tasks from its one loop without saying which failed; the frames on the way to the error know.
    """
    from lm_eval.api.model import LM
    from lm_eval.api.task import Task

    document = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        known, owner = frame.f_locals, frame.f_locals.get("self")
        if isinstance(owner, LM):
            return None
        if isinstance(owner, Task):
            return _name(owner), known.get("doc_id", document)
        if frame.f_code.co_name == "_compute_task_aggregations":
            return _name(known["task"]), None
        document = known.get("doc_id", document)
    return None


def blame(error: Exception, name: str, document: int | None = None) -> UserError:
    """What to tell of an error in a task's own code or data: task, document, place, remedy."""
    from datasets.exceptions import DatasetsError

    if isinstance(error, DataError):
        return UserError(str(error))
    found = task_at_fault(error)
    task, document = (found[0] or name, found[1]) if found else (name, document)
    where = f"task {task}" + ("" if document is None else f", document {document}")
    said = f"{type(error).__name__}: {_one_line(error)}{_place(error)}"
    if isinstance(error, DatasetsError | OSError):
        return UserError(f"{where}: its data cannot be read: {said}; check dataset_path and data_files, or the network")
    return UserError(f"{where}: {said}; mend the task and give the same command again: every answer is kept")


def _name(task: Any) -> str:
    return str(getattr(getattr(task, "_config", None), "task", None) or "")


def _place(error: Exception) -> str:
    """` (file:line)` of the last line of a user's file on the way to the error, if there is one."""
    installed = tuple(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib"))
    places = ((frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if _is_file(frame))
    own = [(path, line) for frame, line in places if not (path := frame.f_code.co_filename).startswith(installed)]
    ours = str(Path(__file__).parent)
    last = next(((path, line) for path, line in reversed(own) if not path.startswith(ours)), None)
    return f" ({last[0]}:{last[1]})" if last else ""


def _is_file(frame: FrameType) -> bool:
    return not frame.f_code.co_filename.startswith("<")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or "no message"
