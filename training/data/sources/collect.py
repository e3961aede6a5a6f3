"""Images that people labelled, as a training folder that records where each came from.

The folder holds ``<label>/<prediction id>.<ending>`` and ``lineage.jsonl``, a line for each time an
image was placed. In a folder whose classes are nested, an image is put into its class's own folder,
or beside the classes of the same parent; in one that is divided into parts, into the training part,
since what is measured must not change. Lines are appended, so the last line about an image is the
valid one; lines about erased images are removed with their copies.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from training.data.sources.whole_folder import write_file
from training.errors import DatasetError
from visionflow import strict
from visionflow.errors import ConfigError, ImageError
from visionflow.images.formats import suffix_of
from visionflow.images.store import ImageStore
from visionflow.labels import label_key, label_problem
from visionflow.models.ref import ModelRef
from visionflow.part_names import part_of
from visionflow.predictions.record import Prediction
from visionflow.predictions.reviews import ReviewStore

LINEAGE_FILE = "lineage.jsonl"
# Within another field's text the quotes would be escaped.
_PREDICTION_ID = re.compile(rb'"prediction_id": "([A-Za-z0-9-]+)"')


@dataclass(frozen=True)
class Origin:
    """Where an image came from, what the model answered, and who labelled it."""

    file: str
    sha256: str
    prediction_id: str
    bucket: str
    key: str
    version_id: str | None
    model: ModelRef | None
    answered: str | None
    confidence: float | None
    label: str
    labelled_at: str
    labelled_by: str


@dataclass
class Collected:
    """How many images were added, were already there, moved to another class, or no longer
    exist. ``unspecific``: how many a person called by a parent of labels, which is not a class, or
    said to be none of them; ``unlabelled``: how many copies were deleted because their label was
    taken back; ``unusable``: by what cannot be the name of a folder.
    ``erased``: how many copies were deleted because somebody has erased their images."""

    added: int = 0
    kept: int = 0
    moved: int = 0
    gone: int = 0
    unspecific: int = 0
    unlabelled: int = 0
    unusable: int = 0
    erased: int = 0


def collect(
    reviews: ReviewStore, images: ImageStore, folder: Path, since: str = "0"
) -> Iterator[Collected]:
    """Bring ``folder`` up to date with the labels that people gave at ``since`` or later.

    Nothing is overwritten: an image that is there already stays, one whose label has changed is
    moved, and one whose label was taken back is deleted. The next call finishes an interrupted
    one. Yields after each image.

    Raises `DatasetError` where another file has the name of an image, and for a lineage that was
    not written here.
    """
    known = read_lineage(folder)
    places = _places(folder)
    done = Collected()
    copies = {key for key, origin in known.items() if (folder / origin.file).exists()}
    for prediction in reviews.given(since):
        copies.discard(prediction.id)
        _bring(prediction, images, folder, known, places, done)
        yield done
    for prediction_id in sorted(reviews.without_feedback(copies)):
        _remove(folder, known[prediction_id].file, places)
        done.unlabelled += 1
        yield done


def forget_erased(gone: Set[str], folder: Path) -> int:
    """Delete copies of erased images from ``folder``, also moved ones, and what the lineage says of
    them. Returns how many copies that were.

    ``gone``: the ids of all predictions that were ever erased. A copy whose record has expired
    stays. An interrupted call is finished by the next one.
    """
    if not gone:
        return 0
    copies = [path for path in folder.rglob("*") if path.stem in gone and path.is_file()]
    for path in copies:
        _remove(folder, path.relative_to(folder).as_posix(), {})
    lineage = folder / LINEAGE_FILE
    if gone & set(read_lineage(folder)):
        write_file(lineage, lineage_without(gone, lineage.read_bytes()))
    return len(copies)


def lineage_without(gone: Set[str], lineage: bytes) -> bytes:
    """A lineage's lines about other images. What is not a line of a lineage stays."""
    lines = lineage.splitlines(keepends=True)
    return b"".join(line for line in lines if not gone & set(_ids_in(line)))


def _ids_in(line: bytes) -> list[str]:
    return [found.decode() for found in _PREDICTION_ID.findall(line)]


def read_lineage(folder: Path) -> dict[str, Origin]:
    """The last line about each prediction. A line that a killed call left unfinished is cut off."""
    path = folder / LINEAGE_FILE
    if not path.exists():
        return {}
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if whole != text:
        os.truncate(path, len(whole))
    lines = _origins(whole, str(path))
    for origin in lines:
        place = PurePosixPath(origin.file)
        if place.is_absolute() or ".." in place.parts:
            raise DatasetError(f"{path}: the file {origin.file!r:.80} leads out of the folder.")
    return {origin.prediction_id: origin for origin in lines}


def copies_in(lineage: bytes, where: str) -> dict[str, str]:
    """The prediction that each image is a copy of, by the image's SHA-256. ``where``: for errors.

    Raises `DatasetError`.
    """
    whole = lineage[: lineage.rfind(b"\n") + 1]
    return {origin.sha256: origin.prediction_id for origin in _origins(whole, where)}


def _origins(lineage: bytes, where: str) -> list[Origin]:
    try:
        return [strict.parse_json(Origin, line, LINEAGE_FILE) for line in lineage.splitlines()]
    except ConfigError as error:
        raise DatasetError(f"{where} is not a lineage of collected images ({error}).") from error


def _bring(
    prediction: Prediction,
    images: ImageStore,
    folder: Path,
    known: dict[str, Origin],
    places: dict[str, str],
    done: Collected,
) -> None:
    feedback = prediction.feedback
    if feedback is None:
        return
    before = known.get(prediction.id)
    label = feedback.label
    if label is not None and label_problem(label):
        done.unusable += 1
        return
    if label is None or feedback.is_parent:
        done.unspecific += 1
        # What somebody said before is taken back.
        if before and (folder / before.file).exists():
            _remove(folder, before.file, places)
        return
    place = _place_of(label, feedback.parents, places)
    if before and (folder / before.file).exists():
        if label_key(before.label) == label_key(label):
            done.kept += 1
            return
        ending = Path(before.file).suffix[1:]
        origin = _origin(prediction, label, place, ending, before.sha256)
        _place(folder / origin.file, (folder / before.file).read_bytes(), origin.sha256)
        _append(folder, origin)
        _remove(folder, before.file, places)
        done.moved += 1
    else:
        try:
            image = prediction.stored_image
            data = images.read(image.key, image.version_id)
            ending = suffix_of(data)[1:]
        except ImageError:
            done.gone += 1
            return
        digest = hashlib.sha256(data).hexdigest()
        origin = _origin(prediction, label, place, ending, digest)
        _place(folder / origin.file, data, origin.sha256)
        _append(folder, origin)
        done.added += 1
    known[prediction.id] = origin
    places[label_key(label)] = place


def _places(folder: Path) -> dict[str, str]:
    """Where each folder of classes lies in ``folder``, by the key of its name; of several, the one
    nearest the top. Under an empty name: where the classes begin."""
    top = _training_part(folder)
    found = [path.relative_to(folder) for path in top.rglob("*") if path.is_dir()]
    found = [path for path in found if not any(part.startswith(".") for part in path.parts)]
    found.sort(key=lambda path: (-len(path.parts), path))
    return {label_key(path.name): path.as_posix() for path in found} | {
        "": top.relative_to(folder).as_posix()
    }


def _training_part(folder: Path) -> Path:
    """``folder``, or the part of it that is for training: a folder train that holds folders, as a
    class of that name does not."""
    for part in folder.glob("*"):
        if part_of(part.name) == "train" and any(x.is_dir() for x in part.glob("[!.]*")):
            return part
    return folder


def _place_of(label: str, parents: Sequence[str], places: Mapping[str, str]) -> str:
    """The folder for a label, relative to that of the dataset."""
    if place := places.get(label_key(label)):
        return place
    above = map(label_key, reversed(parents))
    closest = next((places[key] for key in above if key in places), places[""])
    return (PurePosixPath(closest) / label).as_posix()


def _remove(folder: Path, file: str, places: dict[str, str]) -> None:
    """An image, and the folders that are empty without it."""
    path = folder / file
    path.unlink()
    for above in path.parents:
        if above in (folder, folder / places.get("", "")):
            return
        try:
            above.rmdir()
        except OSError:  # it holds something
            return
        places.pop(label_key(above.name), None)


def _origin(prediction: Prediction, label: str, place: str, ending: str, sha256: str) -> Origin:
    image, feedback = prediction.stored_image, prediction.feedback
    return Origin(
        file=f"{place}/{prediction.id}.{ending}",
        sha256=sha256,
        prediction_id=prediction.id,
        bucket=image.bucket,
        key=image.key,
        version_id=image.version_id,
        model=prediction.model,
        answered=prediction.label,
        confidence=prediction.confidence,
        label=label,
        labelled_at=feedback.at if feedback else "",
        labelled_by=feedback.by if feedback else "",
    )


def _place(path: Path, data: bytes, sha256: str) -> None:
    """Write a file whole, unless the same one is there."""
    if path.exists():
        if hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
            return
        raise DatasetError(f"{path} is in the way: it is another image. Move it elsewhere.")
    write_file(path, data)


def _append(folder: Path, origin: Origin) -> None:
    line = json.dumps(strict.to_dict(origin), ensure_ascii=False)
    with (folder / LINEAGE_FILE).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
