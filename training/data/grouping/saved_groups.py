"""The groups of a run, kept beside it: every process and every machine divides alike, also where
another processor computes features a little differently."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.cache import alone, not_writable
from training.data.grouping.by_rule import table_path
from training.data.grouping.group_images import group_images
from training.data.listing import Listing, read_bytes
from training.data.split import Groups
from visionflow import strict
from visionflow.errors import ConfigError
from visionflow.whole_file import whole_file

GROUPS_FILE = "groups.json"
# Not that of the cache, which may be the same folder: features are kept while this one is held.
_LOCK = ".groups.lock"


@dataclass(frozen=True)
class _Saved:
    """``key``: of the images and the rule that the ``numbers`` belong to."""

    key: str
    numbers: tuple[int, ...]


def load_groups(
    parts: Mapping[str, Listing],
    by: str,
    folder: Path,
    run: Path | None = None,
    cache: Path | None = None,
) -> Groups:
    """`group_images`, as `GROUPS_FILE` in the folder ``run`` has it or will have it.

    Of several processes one computes while the others wait. Raises what `group_images` does, and
    `DatasetError` where the file cannot be written.
    """
    if run is None:
        return Groups(by, group_images(parts, by, folder, cache))
    key = _key(parts, by, folder)
    file = run / GROUPS_FILE
    try:
        run.mkdir(parents=True, exist_ok=True)
        with alone(run, _LOCK):
            saved = _read(file)
            if saved is not None and saved.key == key:
                return Groups(by, np.array(saved.numbers, np.int64))
            numbers = group_images(parts, by, folder, cache)
            content = {"key": key, "numbers": numbers.tolist()}
            with whole_file(file) as partial:
                partial.write_text(json.dumps(content, separators=(",", ":")) + "\n")
    except OSError as error:
        raise not_writable(run, error) from error
    return Groups(by, numbers)


def _key(parts: Mapping[str, Listing], by: str, folder: Path) -> str:
    digest = hashlib.sha256(by.encode())
    for name, part in parts.items():
        digest.update(f" {name} {part.sha256}".encode())
    if by.startswith("csv:"):
        digest.update(read_bytes(table_path("group_by", by.removeprefix("csv:"), folder)))
    return digest.hexdigest()


def _read(file: Path) -> _Saved | None:
    """None where there is no file, or a damaged one."""
    try:
        return strict.parse_json(_Saved, file.read_bytes(), file.name)
    except (FileNotFoundError, ConfigError):
        return None
