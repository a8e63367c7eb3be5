"""The pages' own words, one catalogue a language; an unknown key is an error, never a blank."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from babel import Locale

Entry = str | dict[str, str]


class Texts:
    """Looks up a language's texts: `texts("cost.seconds")`, `texts("of_tasks", n=6)`."""

    def __init__(self, lang: str) -> None:
        self.entries = _flat(_catalogue(lang))
        self.locale = Locale.parse(lang)

    def __call__(self, key: str, **values: Any) -> str:
        entry = self.entries[key]
        if isinstance(entry, dict):
            # Russian's form `one` is also for 21 and 31, where a text about exactly one would be wrong.
            n = values["n"]
            entry = entry.get(f"={n}") or entry.get(str(self.locale.plural_form(n))) or entry["other"]
        return entry.format(**values) if values else entry

    def has(self, key: str) -> bool:
        """Whether the catalogue knows a key: for names that come from tasks, such as outcomes and metrics."""
        return key in self.entries

    def name(self, group: str, key: str) -> str:
        """A known name in the language, else the name itself."""
        return self(f"{group}.{key}") if self.has(f"{group}.{key}") else key

    def part(self, dimension: str, value: str) -> str:
        """`тема: облигации`."""
        return f"{self('dimension.' + dimension)}: {self.name(dimension, value)}"


@cache
def _catalogue(lang: str) -> dict[str, Any]:
    return yaml.safe_load((files("reports") / "assets" / f"{lang}.yaml").read_text(encoding="utf-8"))


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Entry]:
    flat: dict[str, Entry] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and "other" not in value:
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
