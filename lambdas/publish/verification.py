"""What a version reaches on the sealed images, measured here and not believed."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from visionflow.answers.classifier import Classifier, FloatArray
from visionflow.errors import ArtifactError, ImageError
from visionflow.images import pipeline
from visionflow.images.pipeline import UInt8Array
from visionflow.insights.intervals import share
from visionflow.labels import composed
from visionflow.models.manifest import Manifest
from visionflow.models.promotion_rule import Verified
from visionflow.timestamps import timestamp

# Memory of a batch stays small; the images of one are decoded when it is its turn.
BATCH = 16
# A run's own figure is from other images of the same dataset, and varies too.
MARGIN = 0.05


@dataclass(frozen=True)
class LabelledImage:
    """A file of the sealed set and what it shows."""

    file: Path
    label: str


@dataclass(frozen=True)
class SealedImages:
    """``sha256`` names the set; empty for none."""

    images: tuple[LabelledImage, ...] = ()
    sha256: str = ""


def measure(
    folder: Path, manifest: Manifest, images: SealedImages, seconds: float = math.inf
) -> Verified:
    """Top-1 of the served form in ``folder``, and how often the fp32 form beside it, where it is
    another, answers the same.

    A slow model gets as many of the images, in their order, as it can answer in ``seconds`` of
    processor time. An image that cannot be read counts for nobody. Raises `ArtifactError` for a
    model that does not run, and for labels of the ``images`` that it does not have.
    """
    index = {composed(label): i for i, label in enumerate(manifest.label_names)}
    if unknown := sorted({image.label for image in images.images} - index.keys()):
        raise ArtifactError(f"it has no label {unknown[0]!r:.60}")
    served = Classifier.of_artifact(folder, manifest)
    other = None
    fp32 = manifest.files.get("fp32")
    if manifest.precision != "fp32" and fp32 and (folder / fp32.path).exists():
        other = Classifier(folder / fp32.path, manifest)
    n = correct = same = 0
    for batch, labels in _batches(images.images, manifest):
        answers = _answers(served, batch)
        correct += int((answers == [index[label] for label in labels]).sum())
        n += len(labels)
        if other is not None:
            same += int((answers == _answers(other, batch)).sum())
        if time.process_time() > seconds:
            break
    if n == 0:
        raise ArtifactError("none of the sealed images can be read")
    found = share(correct, n)
    return Verified(
        images=n,
        top1=correct / n,
        interval=(found.low, found.high),
        agreement=None if other is None else same / n,
        sealed=images.sha256,
        at=timestamp(datetime.now(UTC)),
    )


def check_claims(manifest: Manifest, found: Verified, least_agreement: float) -> None:
    """Raise `ArtifactError` where a run says more of itself than the sealed images allow.

    Its top-1 may be at most `MARGIN` above the upper end of the measured interval. The served form
    must answer as the fp32 form does for ``least_agreement`` of the images, within the interval of
    that share.
    """
    claims = ("top1", "test_top1", "validation_top1", f"{manifest.precision}_validation_top1")
    low, high = found.interval
    for name in claims:
        claim = manifest.metrics.get(name)
        if claim is not None and claim > high + MARGIN:
            raise ArtifactError(
                f"the run says {name} = {claim:.1%}, and {found.images} sealed images, which its "
                f"machine never had, show {found.top1:.1%} ({low:.1%} to {high:.1%})"
            )
    if found.agreement is not None:
        agreed = share(round(found.agreement * found.images), found.images)
        if agreed.high < least_agreement:
            raise ArtifactError(
                f"{manifest.precision} answers only {found.agreement:.1%} of {found.images} sealed "
                "images as fp32 does"
            )


def check_finite(manifest: Manifest) -> None:
    """Raise `ArtifactError` for a metric that is not a number."""
    for name, value in manifest.metrics.items():
        if not math.isfinite(value):
            raise ArtifactError(f"the metric {name!r:.60} is {value}, which is not a number")


def _batches(
    images: Sequence[LabelledImage], manifest: Manifest
) -> Iterator[tuple[UInt8Array, list[str]]]:
    pixels: list[UInt8Array] = []
    labels: list[str] = []
    for image in images:
        try:
            pixels.append(pipeline.load(image.file.read_bytes(), manifest.input))
        except ImageError:
            continue
        labels.append(image.label)
        if len(labels) == BATCH:
            yield np.stack(pixels), labels
            pixels, labels = [], []
    if labels:
        yield np.stack(pixels), labels


def _answers(classifier: Classifier, batch: UInt8Array) -> FloatArray:
    """The index of the best label of each image; -1 where the answer is not a number."""
    try:
        logits, _, _ = classifier.run(batch)
    except Exception as error:
        # ONNX Runtime raises classes of its own, one for each of its status codes.
        raise ArtifactError(f"the model fails on an image ({error})") from error
    best: FloatArray = np.where(np.isfinite(logits).all(axis=1), logits.argmax(axis=1), -1)
    return best
