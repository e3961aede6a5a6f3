"""The finished run of a machine, brought here without trust in its names, sizes and pages."""

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from visionflow import strict
from visionflow.errors import ArtifactError, ConfigError
from visionflow.jobs.folder import JobFolders, run_prefix
from visionflow.models.drift import REFERENCE_FILE
from visionflow.models.manifest import MANIFEST_NAME, FileEntry, Manifest, read_artifact
from visionflow.models.ref import PLAIN_NAME

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_FILES = 200
MOST_BYTES = 1024**3
MOST_MANIFEST_BYTES = 4 * 1024**2

# What a run consists of. A browser opens none of these but a page as something that runs.
_SUFFIXES = frozenset({".onnx", ".npz", ".json", ".png", ".jpg", ".webp", ".html", ".pt", ".md"})
_PAGE = ".html"
_MOST_FOLDERS = 3
# What the API reads and answers with.
_DOCUMENTS = (MANIFEST_NAME, REFERENCE_FILE, "report.json")
# A browser heeds the first encoding, and each such policy that a page names: what follows cannot
# run scripts, send forms or load anything from elsewhere, whatever it says.
GUARD = (
    b'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="'
    b"default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; "
    b"base-uri 'none'\">\n"
)


def fetch_run(folders: JobFolders, client: "S3Client", reporter: str, folder: Path) -> Manifest:
    """Download the run of ``reporter`` into the empty ``folder``, and verify it.

    Its pages are made harmless, and the manifest names them as they are then. Raises
    `ArtifactError` for a run that is too large or has files that no run has, `ConfigError` for its
    manifest.
    """
    files = folders.run_files(reporter, MOST_FILES, MOST_BYTES)
    sizes = {file.name: file.size for file in files}
    if sizes.get(MANIFEST_NAME, 0) > MOST_MANIFEST_BYTES:
        raise ArtifactError(f"{MANIFEST_NAME} has over {MOST_MANIFEST_BYTES:,} bytes")
    for name in sizes:
        if not _is_plain(name):
            raise ArtifactError(f"{name!r:.100} is not the name of a file that a run has")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(folders.bucket, run_prefix(reporter) + name, str(target))
    for name in _DOCUMENTS:
        if name in sizes:
            _check_document(folder / name)
    manifest = read_artifact(folder)
    paths = [entry.path for entry in manifest.all_files()]
    extra = {entry.path for entry in manifest.extra_files}
    if len(set(paths)) < len(paths) or any(_is_page(path) and path not in extra for path in paths):
        raise ArtifactError(f"{MANIFEST_NAME} names a file twice, or a page as a model")
    return replace(
        manifest,
        extra_files=tuple(
            _guarded(folder, entry.path) if _is_page(entry.path) else entry
            for entry in manifest.extra_files
        ),
    )


def _is_plain(name: str) -> bool:
    parts = name.split("/")
    return (
        len(parts) <= 1 + _MOST_FOLDERS
        and all(map(PLAIN_NAME.fullmatch, parts))
        and PurePosixPath(name).suffix in _SUFFIXES
    )


def _is_page(path: str) -> bool:
    return PurePosixPath(path).suffix == _PAGE


def _check_document(file: Path) -> None:
    """Raise `ArtifactError` for what is not a JSON object, or cannot be written as one again."""
    try:
        document = strict.read_json(file.read_bytes(), file.name)
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ConfigError, ValueError, RecursionError) as error:
        raise ArtifactError(f"{file.name} is not a JSON document ({error})") from error
    if not isinstance(document, dict):
        raise ArtifactError(f"{file.name} is not a JSON object")


def _guarded(folder: Path, path: str) -> FileEntry:
    page = folder / path
    page.write_bytes(GUARD + page.read_bytes())
    return FileEntry.of(folder, path)
