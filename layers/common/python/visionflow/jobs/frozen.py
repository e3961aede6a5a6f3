"""A version of a dataset as a training job has it: parts, groups and what is sealed of it.

The machine finds the folders that training reads, ``train/<label>/<sha256>.jpg``, and a table of
the groups. What people chose is obeyed: an image of the part ``test`` is sealed, one of another
part never is.
"""

import csv
import io
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from visionflow.datasets.names import CONTENT_PREFIX, COPIED, check_name
from visionflow.datasets.record import (
    LEAST_CLASSES,
    MOST_CLASSES,
    PARTS,
    DatasetVersion,
    Part,
    VersionImage,
    one_series,
)
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.errors import DatasetComparingError, DatasetTooLargeError, JobRefusedError
from visionflow.jobs.layout import Layout
from visionflow.jobs.record import JobRequest
from visionflow.jobs.sealed import (
    LARGEST_IMAGE,
    SHARE,
    SealedImage,
    SealedSet,
    StoredFile,
    draw,
    measured,
    most_of_a_class,
)

GROUPS_TABLE: Final = "groups.csv"
"""Beside the folders of the parts; ``data.group_by`` of a job on a dataset names it."""
# Images are decoded by their bytes, whatever they are called; only names with a known suffix are
# taken for images.
_SUFFIX = ".jpg"


@dataclass(frozen=True, slots=True)
class Placed:
    """An image in the part that it belongs to: the one that somebody chose, that of its group, or
    ``train``. ``drawable``: whether nobody chose a part for anything in its group."""

    image: VersionImage
    part: Part
    group: str
    drawable: bool

    @property
    def path(self) -> str:
        """Below the folder of the dataset on a machine."""
        return f"{self.part}/{self.image.label}/{self.image.sha256}{_SUFFIX}"


def check_dataset(request: JobRequest, store: DatasetStore, versions: VersionStore) -> None:
    """Refuse what can be refused before anything is counted or kept.

    Raises `InvalidParameterError` for what is not a name, `DatasetMissingError`,
    `DatasetVersionMissingError`, `JobRefusedError` for a version of too few classes, or too many,
    and `DatasetComparingError` where a version would be frozen now: look-alikes that are not
    compared yet could lie on both sides of a split.
    """
    if request.dataset is None:
        return
    name = store.dataset(check_name(request.dataset, "dataset")).name
    if request.dataset_version is not None:
        _check_classes(versions.version(name, request.dataset_version))
    elif store.unexamined(name) is not None:
        raise DatasetComparingError(
            f"The newest images of {name} are still being compared with the others. That takes "
            "some seconds after a change: try again in a moment, or name a version."
        )


def with_version(
    request: JobRequest,
    versions: VersionStore,
    by: str,
    at: datetime,
    seconds: float = math.inf,
) -> JobRequest:
    """The request, after `check_dataset`, as its job keeps it: with the version of the dataset that
    it names, frozen now where it names none, and the folder of its images. A request without a
    dataset stays as it is.

    Raises `DatasetMissingError`, `DatasetVersionMissingError`, `DatasetConflictError` for a dataset
    that cannot be frozen now, `DatasetTooLargeError` where reading its images takes longer than
    ``seconds``, and `JobRefusedError` for too few classes, or too many.
    """
    if request.dataset is None:
        return request
    name, number = request.dataset, request.dataset_version
    if number is not None:
        version = versions.version(name, number)
    else:
        try:
            version = versions.freeze(name, by, at, None, seconds)
        except DatasetTooLargeError as error:
            raise DatasetTooLargeError(
                f"{name} has more images than can be frozen while you wait. Name a version of it; "
                f"POST /datasets/{name}/train or 'visionflow jobs start' makes one."
            ) from error
    _check_classes(version)
    data = f"s3://{versions.bucket}/{CONTENT_PREFIX}{name}"
    return replace(request, dataset_version=version.number, data=data)


def _check_classes(version: DatasetVersion) -> None:
    if not LEAST_CLASSES <= len(version.classes) <= MOST_CLASSES:
        raise JobRefusedError(
            f"Version {version.number} of {version.dataset} has labelled images of "
            f"{len(version.classes)} classes; a training takes {LEAST_CLASSES} to "
            f"{MOST_CLASSES:,}.",
            "dataset",
        )


def placed(images: Sequence[VersionImage]) -> tuple[Placed, ...]:
    """The images of a version in their parts, groups whole but for those of `one_series`.

    An image without a part goes where somebody put another of its group, the last of several parts:
    what looks like a test image is not trained on.
    """
    # The machine draws what people chose no images for.
    alone = {*one_series([image for image in images if image.part != "test"])}
    groups = {
        image.sha256: image.sha256 if image.label in alone else image.group or image.sha256
        for image in images
    }
    chosen: dict[str, set[Part]] = defaultdict(set)
    for image in images:
        if image.part is not None:
            chosen[groups[image.sha256]].add(image.part)
    found = []
    for image in images:
        group = groups[image.sha256]
        places: set[Part] = chosen.get(group, {"train"})
        part: Part = max(places, key=PARTS.index) if image.part is None else image.part
        found.append(Placed(image, part, group, group not in chosen))
    return tuple(found)


def seal_version(
    images: Sequence[VersionImage], files: Mapping[str, StoredFile], validation: float
) -> SealedSet:
    """Choose the sealed set of a version of a dataset.

    It is the part ``test``, where people put images there. Else it is drawn by whole groups, up to
    `SHARE` of the images of each class, and measured with the first image of each; a group with two
    labels is not drawn. ``files``: of the images that are still there, by SHA-256.

    Raises `JobRefusedError` where a class has no image left to train on.
    """
    found = placed(images)
    there = [each for each in found if each.image.sha256 in files]
    test = [each for each in there if each.part == "test"]
    if test:
        kept, withheld = measured(_some(test, files)), {each.image.sha256 for each in test}
    else:
        drawn = {group[0].image.sha256: group for group in _drawn(there)}
        kept = measured(_some([group[0] for group in drawn.values()], files))
        withheld = {each.image.sha256 for image in kept for each in drawn[image.name]}
    handed = [each for each in there if each.image.sha256 not in withheld]
    labels = sorted({image.label for image in images})
    _require_training(labels, found, there, handed)
    return SealedSet(
        labels=tuple(labels),
        images=kept,
        withheld=tuple(sorted(withheld)),
        least_validation=Layout(False, {part: part for part in PARTS}).least_validation(
            [each.path for each in handed], validation
        ),
        missing=len(found) - len(there),
        copied=any(image.source.startswith(COPIED) for image in images),
    )


def groups_table(images: Iterable[Placed]) -> str:
    """`GROUPS_TABLE` for these images."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "group"))
    writer.writerows((each.path, each.group) for each in images)
    return text.getvalue()


def _drawn(there: Sequence[Placed]) -> list[list[Placed]]:
    """The groups that are drawn, each with its images."""
    members: dict[str, list[Placed]] = defaultdict(list)
    for each in sorted(there, key=lambda each: each.image.sha256):
        members[each.group].append(each)
    sizes = Counter(each.image.label for each in there)
    left = {label: int(size * SHARE) for label, size in sizes.items()}
    drawn = []
    for name in sorted(members, key=draw):
        group = members[name]
        label = group[0].image.label
        one_label = all(each.image.label == label for each in group)
        if group[0].drawable and one_label and len(group) <= left[label]:
            left[label] -= len(group)
            drawn.append(group)
    return drawn


def _some(
    chosen: Sequence[Placed], files: Mapping[str, StoredFile]
) -> list[tuple[SealedImage, int]]:
    """With which of ``chosen`` to measure: equally many of each large class."""
    by_label: dict[str, list[tuple[SealedImage, int]]] = defaultdict(list)
    for each in chosen:
        file = files[each.image.sha256]
        if file.size <= LARGEST_IMAGE:
            image = SealedImage(each.image.sha256, file.etag, each.image.label)
            by_label[image.label].append((image, file.size))
    most = most_of_a_class(max(1, len(by_label)))
    return [
        each
        for found in by_label.values()
        for each in sorted(found, key=lambda each: draw(each[0].etag))[:most]
    ]


def _require_training(
    labels: Sequence[str],
    found: Sequence[Placed],
    there: Sequence[Placed],
    handed: Sequence[Placed],
) -> None:
    trained = {each.image.label for each in handed if each.part == "train"}
    lost = next((label for label in labels if label not in trained), None)
    if lost is None:
        return
    if all(each.image.label != lost for each in there):
        count = sum(each.image.label == lost for each in found)
        raise JobRefusedError(
            f"All {count} images of the class {lost!r} were erased since the version was frozen. "
            "Train another version."
        )
    raise JobRefusedError(
        f"All images of the class {lost!r} are set aside for validation or test, or look like one "
        "that is; put some into training."
    )
