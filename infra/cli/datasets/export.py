"""``visionflow datasets export``: a version as a zip of its images by class, with its manifest."""

import csv
import gzip
import hashlib
import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.errors import CommandError
from training.data.table import safe_cell
from training.texts.progress import Bar
from visionflow import strict
from visionflow.client.errors import NotFoundError
from visionflow.client.routes.datasets import Dataset
from visionflow.datasets.record import VersionImage
from visionflow.errors import UnreadableImageError
from visionflow.images.formats import suffix_of

_READERS = 8
_AHEAD = 64
_SECONDS = 60


def read_manifest(url: str) -> tuple[VersionImage, ...]:
    """The lines of a version's manifest. Raises `CommandError`, `ConfigError`."""
    lines = gzip.decompress(_fetch(url)).decode().splitlines()
    return tuple(strict.parse_json(VersionImage, line, "manifest") for line in lines)


def write_zip(dataset: Dataset, images: Sequence[VersionImage], out: Path) -> int:
    """Write ``out``: ``<class>/<sha256>.<suffix>`` for each image, or
    ``<part>/<class>/...`` where every image has a part, ``manifest.csv`` and ``manifest.jsonl``.

    Images that were erased since are left out; returns how many. The file is whole or not there:
    until then it is called ``<out>.part``, and the same export goes on with what that holds.
    Raises `CommandError`.
    """
    unfinished = out.with_name(f"{out.name}.part")
    divided = all(image.part is not None for image in images)
    with ThreadPoolExecutor(_READERS) as readers:
        names = _begun(unfinished, images, divided=divided)
        if not all(readers.map(lambda sha256: _url(dataset, sha256), names)):
            names = {}  # erased since it was written, and no file can be taken out of a zip
        left = [image for image in images if image.sha256 not in names]
        bar = Bar[None](what="export", total=len(left), unit="images")
        # Whatever ends this block, the archive is closed, and lists what was written to it.
        with zipfile.ZipFile(unfinished, "a" if names else "w") as archive:
            for start in range(0, len(left), _AHEAD):
                some = left[start : start + _AHEAD]
                contents = readers.map(lambda image: _content(dataset, image.sha256), some)
                for image, data in zip(some, contents, strict=True):
                    if data is not None:
                        names[image.sha256] = _path(image, data, divided=divided)
                        archive.writestr(names[image.sha256], data)
                    bar.add(1)
            there = [image for image in images if image.sha256 in names]
            archive.writestr("manifest.csv", csv_lines(there, names).encode("utf-8-sig"))
            archive.writestr("manifest.jsonl", json_lines(there, names))
    unfinished.replace(out)
    return len(images) - len(there)


def file_names(dataset: Dataset) -> dict[str, str]:
    """What the images that the dataset has now were called where they came from, by hash."""
    return {image.sha256: image.file_name or "" for image in dataset.images()}


def json_lines(images: Sequence[VersionImage], names: Mapping[str, str]) -> str:
    """The manifest as it is kept, with ``names`` of files by hash."""
    lines = (
        json.dumps(
            {**strict.to_dict(image), "file_name": names.get(image.sha256)}, ensure_ascii=False
        )
        for image in images
    )
    return "".join(f"{line}\n" for line in lines)


def csv_lines(images: Sequence[VersionImage], names: Mapping[str, str]) -> str:
    """The table that the page exports too; no text in it is one that a spreadsheet runs."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("sha256", "file_name", "label", "part", "group", "source"))
    for image in images:
        cells = (
            image.sha256,
            names.get(image.sha256),
            image.label,
            image.part,
            image.group,
            image.source,
        )
        writer.writerow([safe_cell(cell or "") for cell in cells])
    return text.getvalue()


def _begun(file: Path, images: Sequence[VersionImage], *, divided: bool) -> dict[str, str]:
    """The names of the images, by hash, that a cut off export of these ``images`` has written to
    ``file``; none where it holds anything else, or was not closed."""
    wanted = {image.sha256: image for image in images}
    names: dict[str, str] = {}
    try:
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                data = archive.read(name)
                sha256 = hashlib.sha256(data).hexdigest()
                if sha256 not in wanted or name != _path(wanted[sha256], data, divided=divided):
                    return {}
                names[sha256] = name
    except (FileNotFoundError, zipfile.BadZipFile):
        return {}
    return names


def _path(image: VersionImage, data: bytes, *, divided: bool) -> str:
    try:
        suffix = suffix_of(data)
    except UnreadableImageError as error:
        raise CommandError(f"Image {image.sha256} is not one any more: {error}") from error
    folder = f"{image.part}/{image.label}" if divided else image.label
    return f"{folder}/{image.sha256}{suffix}"


def _content(dataset: Dataset, sha256: str) -> bytes | None:
    """None for an image that was erased."""
    url = _url(dataset, sha256)
    return None if url is None else _fetch(url)


def _url(dataset: Dataset, sha256: str) -> str | None:
    """None for an image that was erased, also where it is announced anew and has no bytes yet."""
    try:
        return dataset.image(sha256).url
    except NotFoundError as error:
        if error.code != "dataset_image_missing":
            raise
        return None


def _fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as response:  # noqa: S310  signed by the API
            data: bytes = response.read()
            return data
    except (urllib.error.URLError, OSError) as error:
        raise CommandError(
            f"The bucket does not give the file ({error}). Run the command again."
        ) from error
