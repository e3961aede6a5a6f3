"""Groups by what the user knows: folders, names, capture times or a table."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from training.data.grouping.captures import capture_of
from training.data.image_set import decoded
from training.data.listing import Listing
from training.data.table import read_table
from training.errors import DatasetError
from visionflow.labels import composed

Key = str | None
"""Images with the same key belong together; one with None belongs to no other."""
_COLUMNS = ("file", "group")


def keys_by_rule(parts: Mapping[str, Listing], by: str, folder: Path) -> list[Key]:
    """The key of each image by ``folder``, ``prefix:REGEX``, ``exif-minute`` or ``csv:FILE``.

    ``folder``: the dataset's, which holds ``parts``. Raises `DatasetError` where the rule cannot be
    used, or finds nothing to group by.
    """
    name, _, argument = by.partition(":")
    rules: dict[str, Callable[[], list[Key]]] = {
        "folder": lambda: _by_folder(parts),
        "prefix": lambda: _by_prefix(parts, argument),
        "exif-minute": lambda: _by_minute(parts),
        "csv": lambda: _by_table(parts, table_path("group_by", argument, folder), folder),
    }
    keys = rules[name]()
    if not any(key is not None for key in keys):
        raise DatasetError(f"{folder}: group_by = {by}: {_NOTHING[name]}")
    return keys


_NOTHING = {
    "folder": "no image lies in a folder below its class folder; expected <class>/<group>/<image>",
    "prefix": "no file name begins with a match of the expression; it must match from the start",
    "exif-minute": "no image has EXIF data with camera and time; choose another way to group",
    "csv": "the table names no image",
}


def table_path(field: str, name: str, folder: Path) -> Path:
    """The file of ``csv:FILE`` in ``field`` of the config, relative to the dataset's ``folder`` or
    to the working folder.

    Raises `DatasetError` where it is in neither.
    """
    for path in (folder / name, Path(name)):
        if path.is_file():
            return path
    raise DatasetError(
        f"{field} = csv:{name}: there is no such file, neither in {folder} nor in the working "
        "folder"
    )


def _by_folder(parts: Mapping[str, Listing]) -> list[Key]:
    found = [PurePosixPath(file).parts for part in parts.values() for file in part.files]
    return [names[1] if len(names) > 2 else None for names in found]


def _by_prefix(parts: Mapping[str, Listing], expression: str) -> list[Key]:
    pattern = re.compile(expression)

    def key(file: str) -> Key:
        match = pattern.match(PurePosixPath(file).name)
        # A match of nothing says nothing.
        return (match.group(1 if pattern.groups else 0) or None) if match else None

    return [key(file) for part in parts.values() for file in part.files]


def _by_minute(parts: Mapping[str, Listing]) -> list[Key]:
    def key(data: bytes) -> Key:
        capture = capture_of(data)
        if capture is None:
            return None
        return "\0".join((*capture.camera, f"{capture.time:%Y-%m-%d %H:%M}"))

    return [found for part in parts.values() for found in decoded(part, key)]


def _by_table(parts: Mapping[str, Listing], table: Path, folder: Path) -> list[Key]:
    files = [
        composed(path.relative_to(folder).as_posix())
        for part in parts.values()
        for path in map(part.path, range(len(part)))
    ]
    groups: dict[str, str] = {}
    for line, file, group in read_table(table, _COLUMNS):
        if groups.setdefault(file, group) != group:
            raise DatasetError(f"{table}, line {line}: {file} has two groups; leave one")
    if unknown := sorted(groups.keys() - set(files)):
        raise DatasetError(
            f"{table}: names {_some(unknown)}, which is not in {folder}; write each image's path "
            "relative to that folder, with slashes"
        )
    return [groups.get(file) or None for file in files]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    return f"{names[0]}{more}"
