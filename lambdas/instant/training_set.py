"""A version of a dataset as training has it: parts, groups and embeddings, without its files."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from training.config import TrainConfig
from training.data.grouping.scene_features import Float32Array
from training.data.listing import Int64Array, Listing
from training.data.parents import label_tree
from training.data.split import Groups, Splits, divide, require_measurable
from training.data.training_data import TrainingData
from visionflow.answers.embedder import VIEWS, unpacked
from visionflow.datasets.names import content_key
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
from visionflow.errors import ImageError, MissingImageError, RunRefusedError
from visionflow.images.store import refuse_unreadable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Of a part that is drawn: their pixels are decoded one by one, and the interval hardly narrows.
MOST_MEASURED = 2_000
_DOWNLOADS = 32


def check_classes(version: DatasetVersion) -> None:
    """Raise `RunRefusedError` for too few classes, or too many."""
    found = len(version.classes)
    if not LEAST_CLASSES <= found <= MOST_CLASSES:
        raise RunRefusedError(
            f"Version {version.number} of {version.dataset} has labelled images of {found} "
            f"classes; a training takes {LEAST_CLASSES} to {MOST_CLASSES:,}."
        )


def divided(
    images: Sequence[VersionImage], config: TrainConfig, root: Path, held: Mapping[str, Part]
) -> TrainingData:
    """The images in parts: those that people chose, the others by ``config``, groups whole except
    those of `one_series`.

    ``held``: in which part an earlier training had an image; its group stays there, so that no
    test image is ever trained on. Parts that are drawn have at most `MOST_MEASURED` images. A file
    lies in the folder of its label below ``root``, named by its hash. Raises `RunRefusedError` and
    `DatasetError`.
    """
    labels = tuple(sorted({image.label for image in images}))
    by_hand = {image.part for image in images}
    together = _together(images, held)
    kept = _kept(images, together, held)
    chosen: dict[str, list[VersionImage]] = {"train": []}
    for image in sorted(images, key=lambda image: (image.label, image.sha256)):
        # A part that people chose is not drawn; what it held before stays in it.
        before = kept.get(image.sha256)
        drawn = before if before in by_hand else "train"
        chosen.setdefault(image.part or drawn or "train", []).append(image)
    if lost := sorted(set(labels) - {image.label for image in chosen["train"]}):
        raise RunRefusedError(
            f"All images of {lost[0]!r} are set aside for validation or test; put some into "
            "training."
        )
    found: dict[str, Listing] = {
        name: _listing(chosen[name], labels, root) for name in PARTS if name in chosen
    }
    # In the order of the parts, as `Groups` wants it.
    ordered = [image for name in found for image in chosen[name]]
    _, numbers = np.unique([together[image.sha256] for image in ordered], return_inverse=True)
    groups = Groups(config.data.group_by, numbers.astype(np.int64))
    most = MOST_MEASURED / len(found["train"])
    shares = replace(
        config.data,
        validation=min(config.data.validation, most),
        test=min(config.data.test, most),
    )
    splits = divide(found, groups, shares, config.seed, held=kept)
    require_measurable(splits)
    if untrained := np.flatnonzero(splits.train.counts == 0).tolist():
        raise RunRefusedError(
            f"All images of {labels[untrained[0]]!r} have measured earlier models, and none is "
            "left to train on. Add images, or put some of these into training."
        )
    tree = label_tree(labels, {}, root)
    return TrainingData(found, splits, shares, config.input, None, tree)


def _together(images: Sequence[VersionImage], held: Mapping[str, Part]) -> dict[str, str]:
    """The name of what each image stays in one part with: its group, but for `one_series`, and for
    groups that were divided before and whose class would have no training image otherwise."""
    alone = one_series(images)
    before: dict[str, set[Part]] = {}
    for image in images:
        if image.sha256 in held:
            before.setdefault(image.group or image.sha256, set()).add(held[image.sha256])
    trained = {
        image.label
        for image in images
        if image.part == "train"
        or (image.part is None and before.get(image.group or image.sha256, {"train"}) == {"train"})
    }
    names = {}
    for image in images:
        group = image.group or image.sha256
        if image.label in alone:
            group = image.sha256
        elif image.label not in trained and group in before:
            # What is new in it goes where it does least harm.
            group += f" {held.get(image.sha256, min(before[group], key=PARTS.index))}"
        names[image.sha256] = group
    return names


def _kept(
    images: Sequence[VersionImage], together: Mapping[str, str], held: Mapping[str, Part]
) -> dict[str, Part]:
    """The part of each image of which something that it stays with was in one before, the last of
    several; but for images that people chose a part for."""
    parts: dict[str, int] = {}
    for image in images:
        if image.sha256 in held:
            name = together[image.sha256]
            parts[name] = max(parts.get(name, 0), PARTS.index(held[image.sha256]))
    return {
        image.sha256: PARTS[parts[name]]
        for image in images
        if image.part is None and (name := together[image.sha256]) in parts
    }


def embedded(
    data: TrainingData, store: DatasetStore, version: DatasetVersion, trunk: str, features: int
) -> dict[str, Float32Array]:
    """The stored embeddings under ``trunk`` of the images of each part, float32 [N, 2, F].

    Raises `MissingImageError` for images without one: they are gone, or can no longer be read.
    """
    parts = data.splits.parts
    embeddings: dict[str, Float32Array] = {
        name: np.zeros((len(parts[name]), VIEWS, features), np.float32) for name in PARTS
    }
    places = {
        sha256: (name, row) for name in PARTS for row, sha256 in enumerate(parts[name].hashes)
    }
    missing = set(places)
    for sha256, content in store.curation.contents(version.dataset, [*places]):
        if content.trunk == trunk:
            name, row = places[sha256]
            embeddings[name][row] = unpacked(content.embedding)
            missing.discard(sha256)
    if missing:
        raise _gone(version, missing)
    return embeddings


@dataclass(frozen=True)
class Images:
    """Fetches the files that a training looks at."""

    bucket: str
    s3: "S3Client"

    def fetch(self, splits: Splits, version: DatasetVersion) -> None:
        """Bring the files of validation and test. Raises `MissingImageError`."""
        wanted = [
            (part.path(index), part.hashes[index])
            for part in (splits.validation, splits.test)
            for index in range(len(part))
        ]
        for folder in {path.parent for path, _ in wanted}:
            folder.mkdir(parents=True, exist_ok=True)

        def bring(file: tuple[Path, str]) -> str | None:
            path, sha256 = file
            key = content_key(version.dataset, sha256)
            try:
                self.s3.download_file(self.bucket, key, str(path))
            except self.s3.exceptions.ClientError as error:
                try:
                    refuse_unreadable(error)
                except ImageError:
                    return sha256
                raise
            return None

        with ThreadPoolExecutor(_DOWNLOADS) as pool:
            missing = {sha256 for sha256 in pool.map(bring, wanted) if sha256 is not None}
        if missing:
            raise _gone(version, missing)


def _listing(images: Sequence[VersionImage], labels: tuple[str, ...], root: Path) -> Listing:
    index = {label: number for number, label in enumerate(labels)}
    targets: Int64Array = np.array([index[image.label] for image in images], np.int64)
    return Listing(
        root,
        labels,
        tuple(f"{image.label}/{image.sha256}" for image in images),
        targets,
        tuple(image.sha256 for image in images),
    )


def _gone(version: DatasetVersion, missing: set[str]) -> MissingImageError:
    return MissingImageError(
        f"{len(missing)} images of version {version.number} of {version.dataset} are gone from the "
        f"bucket or can no longer be read, {min(missing)} for one. Add them again, or remove them "
        "from the dataset and train a new version."
    )
