"""The answers that were wrong with the most confidence."""

import numpy as np
from PIL import Image

from training.data.image_set import ImageSet
from training.data.listing import Int64Array
from training.results.data_url import data_url
from training.results.findings import THUMBNAIL_SIDE, ImageAnswer
from visionflow.answers.classifier import FloatArray
from visionflow.images.pipeline import UInt8Array

WORST = 24


def worst_mistakes(probabilities: FloatArray, targets: Int64Array) -> Int64Array:
    """Indices of the `WORST` most confident wrong answers of [N, C], the most confident first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != targets)
    order = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return wrong[order][:WORST]


def image_answer(image_set: ImageSet, index: int, probabilities: FloatArray) -> ImageAnswer:
    """The answer that ``probabilities`` [N, C] give for image ``index``."""
    row, target = probabilities[index], int(image_set.targets[index])
    answer = int(row.argmax())
    return ImageAnswer(
        file=image_set.files[index],
        image=data_url(_thumbnail(image_set.images[index])),
        truth=image_set.labels[target],
        answer=image_set.labels[answer],
        confidence=float(row[answer]),
        truth_confidence=float(row[target]),
    )


def _thumbnail(pixels: UInt8Array) -> UInt8Array:
    image = Image.fromarray(pixels)
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return np.asarray(image)
