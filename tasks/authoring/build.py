"""Writes a family's data files and keeps its version record honest; every generator's `main` ends here."""

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence

from tasks import ROOT
from tasks.dataset import SPLITS, data_sha256
from tasks.items import DataError, Item, jsonl, read_jsonl, validate, write_text


def handwritten(family: str) -> list[Item]:
    """The family's items that no template wrote: `tasks/<family>/handwritten.jsonl`, in file order."""
    path = ROOT / family / "handwritten.jsonl"
    return validate(read_jsonl(path), str(path))


def write_family(family: str, splits: Mapping[str, Sequence[Item]]) -> str:
    """Write `tasks/<family>/data/*.jsonl` and return their SHA-256."""
    for split in SPLITS:
        rows = (item.model_dump() for item in splits[split])
        write_text(ROOT / family / "data" / f"{split}.jsonl", jsonl(rows))
    return data_sha256(family)


def record(family: str, sha256: str) -> None:
    """Enter the hash under the YAML's `metadata.version`, in `versions.json` and in the YAML.

    A version from 1.0 on is released: its data may never change under the same number.

    Raises:
        DataError: the version is released and its recorded hash is another one, or the YAML lacks a key.
    """
    config = ROOT / family / f"{family}.yaml"
    text = config.read_text(encoding="utf-8")
    version = _field(text, "version", config.name)
    ledger = ROOT / family / "versions.json"
    versions = json.loads(ledger.read_text(encoding="utf-8")) if ledger.exists() else {}
    if versions.get(version, sha256) != sha256 and not version.startswith("0."):
        raise DataError(
            f"{config}: metadata.version {version} was released with data {versions[version][:12]}…, these are "
            f"{sha256[:12]}…; bump metadata.version, say why in tasks/{family}/README.md, then rebuild"
        )
    named, found = re.subn(r"(?m)^(\s+dataset_sha256:).*$", rf'\1 "{sha256}"', text)
    if not found:
        raise DataError(f'{config}: metadata.dataset_sha256 is missing; add the line dataset_sha256: ""')
    versions[version] = sha256
    write_text(ledger, json.dumps(versions, indent=2) + "\n")
    write_text(config, named)


def _field(text: str, key: str, name: str) -> str:
    match = re.search(rf"(?m)^\s+{key}:\s*[\"']?([^\s\"'#]+)", text)
    if match is None:
        raise DataError(f"{name}: metadata.{key} is missing; add it")
    return match.group(1)


def main(family: str, build: Callable[[], Mapping[str, Sequence[Item]]]) -> None:
    """Command line of a generator: rebuild the data; with `--check`, only compare."""
    parser = argparse.ArgumentParser(description=f"Rebuild tasks/{family}/data, deterministically.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the data would change")
    arguments = parser.parse_args()
    splits = build()
    if arguments.check:
        stale = [split for split in SPLITS if _differs(family, split, splits[split])]
        if stale:
            raise SystemExit(f"tasks/{family}/data: {', '.join(stale)} would change")
        return
    sha256 = write_family(family, splits)
    record(family, sha256)
    counts = ", ".join(f"{split} {len(splits[split])}" for split in SPLITS)
    print(f"tasks/{family}/data: {counts}; SHA-256 {sha256}")


def _differs(family: str, split: str, items: Sequence[Item]) -> bool:
    path = ROOT / family / "data" / f"{split}.jsonl"
    return not path.exists() or path.read_text(encoding="utf-8") != jsonl(item.model_dump() for item in items)
