"""How long a text on a page may be, so that a page opens whatever the models wrote."""

from collections.abc import Iterable

import numpy as np

LONGEST = 20_000
"""Characters of one text."""
PAGE = 40_000_000
"""Characters of all texts of a page: some tens of megabytes after compression."""


def common_limit(lengths: Iterable[int], longest: int = LONGEST, page: int = PAGE) -> int:
    """The largest limit, the same for every text, under which all texts together fit into a page.

    Args:
        lengths: characters of each text.
        longest: what no limit exceeds.
        page: characters that fit.
    """
    ordered = np.sort(np.fromiter(lengths, dtype=np.int64))
    left = np.arange(len(ordered), 0, -1)
    # If the i-th shortest text were the limit: what is shorter stands whole, the rest is as long as the limit.
    totals = np.cumsum(ordered) - ordered + ordered * left
    over = np.flatnonzero(totals > page)
    if not over.size:
        return longest
    first = int(over[0])
    return min(longest, int((page - ordered[:first].sum()) // left[first]))


def shorten(text: str, limit: int, note: str) -> str:
    """The text, or its beginning with a note of how much is missing.

    Args:
        note: says so in the page's language; `{n}` is the number of missing characters.
    """
    return text if len(text) <= limit else f"{text[:limit]}… ⟨{note.format(n=len(text) - limit)}⟩"
