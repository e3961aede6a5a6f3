"""What ``--data`` names, as a folder of class folders on this disk."""

import hashlib
import sys
from pathlib import Path, PurePosixPath

from training.data.sources.forms.documents import SUFFIXES
from training.data.sources.forms.registry import documents_in
from training.data.sources.imports import import_images
from training.data.sources.remote import SCHEME, local_file, local_folder
from training.errors import DatasetError
from training.texts.terminal import printable

_ARCHIVES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz")


def dataset_folder(source: str, cache: Path) -> Path:
    """The folder that ``source`` is: a folder of class folders itself, ``s3://bucket/prefix``, or
    any of the `forms`, which is written as class folders into ``cache``.

    Says on stderr what was left out. Raises `DatasetError` for what cannot be read.
    """
    if source.startswith(SCHEME):
        if PurePosixPath(source).suffix.lower() not in (*_ARCHIVES, *SUFFIXES):
            return _read_as(local_folder(source, cache), cache)
        return _read_as(local_file(source, cache), cache)
    path = Path(source)
    if not path.exists():
        raise DatasetError(f"{path}: no such folder; expected one folder of images per class")
    return _read_as(path, cache)


def _read_as(path: Path, cache: Path) -> Path:
    if path.is_dir() and not documents_in(path):
        return path
    # Told apart by their place, and by what changes when they do.
    about = path.stat()
    said = f"{path.resolve()}\0{about.st_mtime_ns}\0{about.st_size}"
    digest = hashlib.sha256(said.encode(errors="surrogateescape")).hexdigest()[:16]
    out = cache / "imported" / f"{path.stem}-{digest}"
    out.parent.mkdir(parents=True, exist_ok=True)
    imported = import_images(path, out)
    notes = imported.notes
    if imported.unlabelled:
        notes = (*notes, f"{imported.unlabelled:,} images have no label and were left out.")
    for note in notes:
        print(printable(note), file=sys.stderr)
    return out
