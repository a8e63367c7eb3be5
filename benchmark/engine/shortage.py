"""Going on after memory ran out."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmark.engine.budget import is_out_of_memory


@contextmanager
def memory_may_run_out() -> Iterator[list[str]]:
    """Gives a list that is empty unless memory ran out in the block; then it holds what torch said.

    The error itself, which holds every tensor of the failed pass, is gone when the block is left.
    """
    shortage: list[str] = []
    try:
        yield shortage
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        shortage.append(str(error).partition("\n")[0])
