"""What the served model answers to images whose label is not known, or that have none."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.folders.walk import below
from training.data.image_set import decoded_batches, images_at_once
from training.data.listing import Listing
from training.errors import DatasetError
from training.results.scores import Interval
from training.results.unknown import AnswerShares
from training.stop import check_stop
from visionflow.answers.answer import UnknownReason
from visionflow.answers.classifier import Classifier
from visionflow.images.pipeline import UInt8Array
from visionflow.insights.intervals import share
from visionflow.models.manifest import read_artifact


@dataclass(frozen=True)
class ShortAnswer:
    """What is left of a `Classification` without its arrays."""

    confidence: float
    unknown: UnknownReason | None
    familiarity: float | None


def answers(classifier: Classifier, batches: Iterable[UInt8Array]) -> Iterator[ShortAnswer]:
    """To each image of ``batches`` [N, size, size, 3], by the code that serves."""
    for batch in batches:
        check_stop()
        for found in classifier.classify(batch):
            yield ShortAnswer(found.confidence, found.unknown, found.familiarity)


def in_batches_of(images: Iterable[UInt8Array], side: int) -> Iterator[UInt8Array]:
    """Single images [side, side, 3] as batches."""
    size, held = images_at_once(side, side), list[UInt8Array]()
    for image in images:
        held.append(image)
        if len(held) == size:
            yield np.stack(held)
            held = []
    if held:
        yield np.stack(held)


def answer_shares(found: Iterable[ShortAnswer]) -> AnswerShares:
    """Of at least one answer."""
    listed = list(found)
    count = len(listed)
    reasons = [one.unknown for one in listed]
    answered, unsure, unfamiliar = (
        share(reasons.count(reason), count) for reason in (None, "unsure", "unfamiliar")
    )
    return AnswerShares(
        images=count,
        answered=answered.correct / count,
        answered_interval=Interval(answered.low, answered.high),
        unsure=unsure.correct / count,
        unsure_interval=Interval(unsure.low, unsure.high),
        unfamiliar=unfamiliar.correct / count,
        unfamiliar_interval=Interval(unfamiliar.low, unfamiliar.high),
        confidence=sum(one.confidence for one in listed) / count,
    )


def measure_strangers(artifact: Path, folder: Path) -> AnswerShares:
    """Verify an artifact's checksums and count its answers to every image below ``folder``.

    The images are of things that the model was never taught, so every answer is wrong. Raises
    `DatasetError` for a folder without images and for a file that is not an image.
    """
    manifest = read_artifact(artifact)
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; expected one with images")
    files = [file.relative_to(folder).as_posix() for file in below(folder).images]
    if not files:
        raise DatasetError(f"{folder}: no images in it or in the folders below")
    # Neither classes nor hashes are needed.
    listing = Listing(folder, (), tuple(files), np.zeros(len(files), np.int64), ())
    classifier = Classifier.of_artifact(artifact, manifest)
    return answer_shares(answers(classifier, decoded_batches(listing, manifest.input)))
