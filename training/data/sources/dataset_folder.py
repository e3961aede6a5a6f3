"""What ``--data`` names, as a folder of class folders on this disk."""

import hashlib
import json
import sys
from pathlib import Path, PurePosixPath

from training.data.cache import alone, not_writable
from training.data.sources.forms.archives import ARCHIVE_SUFFIXES, is_archive
from training.data.sources.forms.documents import SUFFIXES
from training.data.sources.forms.registry import documents_in
from training.data.sources.imports import (
    Imported,
    content_digest,
    import_images,
    labelled_images,
    write_images,
)
from training.data.sources.remote import local_document, local_file, local_folder
from training.data.sources.whole_folder import SOURCE_FILE, write_file
from training.errors import DatasetError
from training.texts.terminal import printable
from visionflow.addresses import SCHEME

_MOST_OF_NAME = 40
"""Letters of the source's name that its import is called by: file systems take 255 bytes."""


def dataset_folder(source: str, cache: Path) -> Path:
    """The folder that ``source`` is: a folder of class folders itself, ``s3://bucket/prefix``, or
    any of the `forms`, which is written as class folders into ``cache``.

    Says on stderr what was left out. Raises `DatasetError` for what cannot be read.
    """
    path = local_source(source, cache)
    if not path.exists():
        raise DatasetError(f"{path}: no such folder; expected one folder of images per class")
    return _read_as(path, cache)


def local_source(source: str, cache: Path) -> Path:
    """``source`` on this disk, in the form that it has; what lies in S3 is brought into ``cache``.
    Raises `DatasetError`."""
    if source.startswith(SCHEME):
        # Behind a slash nothing but a prefix ends.
        suffix = "" if source.endswith("/") else PurePosixPath(source).suffix.lower()
        if suffix in ARCHIVE_SUFFIXES:
            return local_file(source, cache)
        return (local_document if suffix in SUFFIXES else local_folder)(source, cache)
    if not source.strip():
        # Such as a variable of the shell that is not set; a path would be the current folder.
        raise DatasetError("the name of the data is empty; name a folder, or . for this one")
    return Path(source)


def _read_as(path: Path, cache: Path) -> Path:
    if path.is_dir() and not documents_in(path):
        return path
    imports = cache / "imported"
    try:
        imports.mkdir(parents=True, exist_ok=True)
        packed = path.is_file() and is_archive(path)
        out, notes = (_unpacked if packed else _listed)(path, imports)
    except OSError as error:
        raise not_writable(imports, error) from error
    for note in notes:
        print(printable(note), file=sys.stderr)
    return out


def _unpacked(archive: Path, imports: Path) -> tuple[Path, tuple[str, ...]]:
    """The import of an archive, which is unpacked once, by one of torchrun's processes."""
    out = imports / _name(archive, content_digest(archive))
    said = out.with_name(f"{out.name}.notes.json")
    with alone(imports):
        if not (said.exists() and (out / SOURCE_FILE).exists()):
            notes = _notes(import_images(archive, out))
            write_file(said, json.dumps(notes).encode())
        return out, tuple(json.loads(said.read_bytes()))


def _listed(path: Path, imports: Path) -> tuple[Path, tuple[str, ...]]:
    """The import of a table, or of a folder with one, as both are now."""
    found = labelled_images(path, imports)
    out = imports / _name(path, found.made_from["listing"])
    with alone(imports):
        return out, _notes(write_images(found, out))


def _name(path: Path, content: str) -> str:
    """Another one for other content: what an import is used by stays as it was."""
    said = f"{path.name}\0{content}".encode(errors="surrogateescape")
    return f"{path.stem[:_MOST_OF_NAME]}-{hashlib.sha256(said).hexdigest()[:16]}"


def _notes(imported: Imported) -> tuple[str, ...]:
    if not imported.unlabelled:
        return imported.notes
    return (*imported.notes, f"{imported.unlabelled:,} images have no label and were left out.")
