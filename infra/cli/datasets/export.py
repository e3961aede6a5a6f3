"""``visionflow datasets export``: a version as a zip of its images by class, with its manifest."""

import csv
import gzip
import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

from infra.client.datasets import DatasetClient
from infra.errors import CommandError
from infra.local_cloud.progress import TransferBar
from training.data.table import safe_cell
from visionflow import strict
from visionflow.datasets.record import VersionImage
from visionflow.errors import UnreadableImageError
from visionflow.images.containers import media_type

_READERS = 8
_AHEAD = 64
_SECONDS = 60
_SUFFIXES = {"image/jpeg": ".jpg", "image/tiff": ".tif"}


def read_manifest(url: str) -> tuple[VersionImage, ...]:
    """The lines of a version's manifest. Raises `CommandError`, `ConfigError`."""
    lines = gzip.decompress(_fetch(url)).decode().splitlines()
    return tuple(strict.parse_json(VersionImage, line, "manifest") for line in lines)


def write_zip(dataset: DatasetClient, images: Sequence[VersionImage], out: Path) -> None:
    """Write ``out``: ``<class>/<sha256>.<suffix>`` for each image, or
    ``<part>/<class>/...`` where every image has a part, ``manifest.csv`` and ``manifest.jsonl``.

    The file is whole or not there. Raises `CommandError`.
    """
    unfinished = out.with_name(f"{out.name}.part")
    divided = all(image.part is not None for image in images)
    bar = TransferBar(len(images), f"exported: {len(images)} images")
    try:
        with (
            zipfile.ZipFile(unfinished, "w") as archive,
            ThreadPoolExecutor(_READERS) as readers,
        ):
            for start in range(0, len(images), _AHEAD):
                some = images[start : start + _AHEAD]
                contents = readers.map(lambda image: _content(dataset, image.sha256), some)
                for image, data in zip(some, contents, strict=True):
                    archive.writestr(_path(image, data, divided=divided), data)
                    bar.add(1)
            archive.writestr("manifest.csv", csv_lines(images))
            archive.writestr("manifest.jsonl", json_lines(images))
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def json_lines(images: Sequence[VersionImage]) -> str:
    """The manifest as it is kept."""
    lines = (json.dumps(strict.to_dict(image), ensure_ascii=False) for image in images)
    return "".join(f"{line}\n" for line in lines)


def csv_lines(images: Sequence[VersionImage]) -> str:
    """The manifest as a table, with a header; no text is one that a spreadsheet runs."""
    text = io.StringIO()
    writer = csv.writer(text)
    names = [field.name for field in fields(VersionImage)]
    writer.writerow(names)
    for image in images:
        writer.writerow([safe_cell(str(getattr(image, name) or "")) for name in names])
    return text.getvalue()


def _path(image: VersionImage, data: bytes, *, divided: bool) -> str:
    try:
        kind = media_type(data)
    except UnreadableImageError as error:
        raise CommandError(f"Image {image.sha256} is not one any more: {error}") from error
    suffix = _SUFFIXES.get(kind, f".{kind.removeprefix('image/')}")
    folder = f"{image.part}/{image.label}" if divided else image.label
    return f"{folder}/{image.sha256}{suffix}"


def _content(dataset: DatasetClient, sha256: str) -> bytes:
    return _fetch(dataset.image(sha256)["url"])


def _fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as response:  # noqa: S310  signed by the API
            data: bytes = response.read()
            return data
    except (urllib.error.URLError, OSError) as error:
        raise CommandError(f"The bucket does not give the file ({error}).") from error
