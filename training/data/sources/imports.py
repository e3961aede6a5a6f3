"""Labelled images in any of the `forms`, written as class folders."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.data.sources.forms.documents import read_document
from training.data.sources.forms.entry import LabelledFile, cell
from training.data.sources.forms.registry import read_source
from training.data.sources.whole_folder import already_made, whole_folder
from training.errors import DatasetError
from visionflow.datasets.names import COPIED

MANIFESTS = ("manifest.jsonl", "manifest.csv")
"""What an export of a dataset's version calls its tables."""


@dataclass(frozen=True)
class Imported:
    """How many images are in the folder, and how many have no label and were left out; ``notes``:
    what else was left out; ``made``: whether they were written now, and not by an earlier call."""

    images: int
    unlabelled: int
    notes: tuple[str, ...]
    made: bool


@dataclass(frozen=True)
class Labelled:
    """The image of each name below the class folders, and what else was found. ``made_from``: what
    tells the images and labels from any others."""

    places: Mapping[str, LabelledFile]
    unlabelled: int
    notes: tuple[str, ...]
    made_from: Mapping[str, Any]


def copies_in_table(table: Path) -> dict[str, str]:
    """The prediction that each image of an exported table is a copy of, by the image's SHA-256.
    Raises `DatasetError`."""
    rows = (row for _, row in read_document(table).rows)
    cells = ((cell(row, ("sha256",)), cell(row, ("source",))) for row in rows)
    return {
        sha256: source.removeprefix(COPIED)
        for sha256, source in cells
        if sha256 and source.startswith(COPIED)
    }


def import_images(source: Path, out: Path) -> Imported:
    """Write the images of ``source`` as class folders, in parts where it has any.

    ``out`` is whole afterwards or not there. Raises `DatasetError`.
    """
    unpacked = out.with_name(f"{out.name}.unpacked")
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        return write_images(labelled_images(source, unpacked), out)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)


def labelled_images(source: Path, work: Path) -> Labelled:
    """Where each image of ``source`` goes. ``work``: a folder to unpack an archive into. Raises
    `DatasetError`."""
    found = read_source(source, work)
    labelled = [image for image in found.images if image.label is not None]
    if not labelled:
        raise DatasetError(f"{source}: no image has a label")
    places = _places(labelled)
    # By content: an image may be replaced by another one of the same size.
    lines = (f"{name}\0{content_digest(image.file)}\n" for name, image in places.items())
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    made_from = {"name": source.name, "images": len(places), "listing": digest}
    return Labelled(places, len(found.images) - len(labelled), found.notes, made_from)


def write_images(found: Labelled, out: Path) -> Imported:
    """Copy the images into class folders, unless ``out`` holds them already. Raises
    `DatasetError`."""
    made = not already_made(out, found.made_from)
    if made:
        with whole_folder(out, found.made_from) as partial:
            for name, image in found.places.items():
                target = partial / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(image.file, target)
    return Imported(len(found.places), found.unlabelled, found.notes, made)


def content_digest(file: Path) -> str:
    """The SHA-256 of what is in a file. Raises `DatasetError`."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror})") from error


def _places(images: Sequence[LabelledFile]) -> dict[str, LabelledFile]:
    """Where each image goes; a name that is taken gets a number."""
    divided = any(image.part is not None for image in images)
    places: dict[str, LabelledFile] = {}
    for image in images:
        folder = f"{image.part or 'train'}/{image.label}" if divided else str(image.label)
        name, number = f"{folder}/{image.file.name}", 1
        while name in places:
            number += 1
            name = f"{folder}/{image.file.stem}-{number}{image.file.suffix}"
        places[name] = image
    return places
