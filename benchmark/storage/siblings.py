"""One system's answers, whichever process of whichever try gave them."""

from pathlib import Path
from typing import Any

from benchmark.storage.store import AnswerStore


class SiblingStores(AnswerStore):
    """The store of one process, which finds the answers of the others too.

    An interrupted run may go on with another number of processes: what a process wrote that is no longer there must
    not be asked again. Only its own process writes into a store; the others are read, also while they are written.
    """

    def __init__(self, folder: Path, system: str, rank: int) -> None:
        """Open this process's store in `folder`, and those that other processes left there.

        Raises:
            UserError: a store cannot be opened.
        """
        super().__init__(folder / f"{system}_rank{rank}.db")
        others = sorted(path for path in folder.glob(f"{system}_rank*.db") if path != self.path)
        self._others = [AnswerStore(path, read_only=True) for path in others]

    def get(self, key: str) -> Any:
        """The answer of any process, or None."""
        found = super().get(key)
        return found if found is not None else next((a for s in self._others if (a := s.get(key)) is not None), None)

    def close(self) -> None:
        """Close all the files."""
        super().close()
        for store in self._others:
            store.close()
