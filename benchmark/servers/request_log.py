"""One line of JSON for each try of each request: when, how long, how it ended.

No prompt, no answer, no key, and nothing that a server says of its own, which may repeat all of these.
"""

import datetime
import json
from pathlib import Path
from typing import Any

from benchmark.errors import UserError


class RequestLog:
    """Appends to a file, or to nothing while no file is named."""

    def __init__(self) -> None:
        self.path: Path | None = None

    def write(self, **facts: Any) -> None:
        """Append a line; facts that are None are left out.

        Raises:
            UserError: the disk is full or the directory was taken away.
        """
        if self.path is None:
            return
        line = {"time": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")}
        line |= {name: value for name, value in facts.items() if value is not None}
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise UserError(f"{self.path}: cannot write the request log ({error.strerror}); free some space") from error
