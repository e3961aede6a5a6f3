"""A dataset's folder that is either whole or not there, and knows what it was made from."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training.errors import DatasetError
from visionflow.whole_file import whole_file

SOURCE_FILE = ".source.json"


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole. Raises `DatasetError` where the disk refuses it."""
    try:
        with whole_file(path) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be written ({error.strerror})") from error


def already_made(folder: Path, source: Mapping[str, Any]) -> bool:
    """Whether ``folder`` holds the whole dataset that ``source`` describes.

    Raises `DatasetError` when it holds anything else: nothing of the user's is overwritten.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        found = json.loads((folder / SOURCE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if found == dict(source):
        return True
    holds = "other files" if found is None else _words(found)
    raise DatasetError(
        f"{folder}: holds {holds}, not {_words(source)}. Name another folder or delete this one."
    )


@contextmanager
def whole_folder(folder: Path, source: Mapping[str, Any]) -> Iterator[Path]:
    """A folder to fill, which becomes ``folder`` once the block is through.

    After an error nothing of it is left, and what a killed process left is removed. Raises
    `DatasetError` where nothing can be written.
    """
    partial = folder.with_name(f"{folder.name}.partial")
    try:
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(parents=True)
        yield partial
        (partial / SOURCE_FILE).write_text(json.dumps(dict(source)), encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        partial.rename(folder)
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be written ({error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _words(source: Mapping[str, Any]) -> str:
    details = ", ".join(f"{key} {value}" for key, value in source.items() if key != "name")
    return f"{source.get('name', 'another set')} ({details})" if details else str(source["name"])
