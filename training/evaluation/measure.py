"""An artifact measured as it serves: through the image path and the classifier of the Lambdas."""

from pathlib import Path

import numpy as np

from training.data.image_set import ImageSet, load_images
from training.errors import DatasetError
from training.evaluation.metrics import Evaluation, evaluate
from visionflow.classifier import Classifier, FloatArray
from visionflow.images import UInt8Array
from visionflow.manifest import Manifest, read_artifact

BATCH = 250


def measure(folder: Path, manifest: Manifest, image_set: ImageSet) -> Evaluation:
    """Classify ``image_set`` with the artifact in ``folder`` as a Lambda would."""
    classifier = Classifier(folder / manifest.served_file.path, manifest)
    probabilities = classify(classifier, image_set.images)
    return evaluate(
        probabilities, image_set.targets, manifest.label_names, manifest.unknown_threshold
    )


def measure_folder(artifact: Path, pictures: Path) -> Evaluation:
    """Verify an artifact's checksums, then `measure` it on a folder of class folders.

    Raises `DatasetError` unless the class folders are the artifact's labels.
    """
    manifest = read_artifact(artifact)
    image_set, _ = load_images(pictures, manifest.input)
    require_labels(image_set.labels, manifest.label_names, pictures)
    return measure(artifact, manifest, image_set)


def require_labels(found: tuple[str, ...], expected: tuple[str, ...], folder: Path) -> None:
    """Raise `DatasetError` unless both are the same labels in the same order."""
    if found == expected:
        return
    unknown = sorted(set(found) - set(expected))
    missing = sorted(set(expected) - set(found))
    raise DatasetError(
        f"{folder}: the class folders are not the model's labels"
        + (f"; unknown: {', '.join(unknown)}" if unknown else "")
        + (f"; missing: {', '.join(missing)}" if missing else "")
    )


def classify(classifier: Classifier, images: UInt8Array) -> FloatArray:
    """Probabilities [N, C] in the order of the manifest's labels."""
    column = {name: i for i, name in enumerate(classifier.manifest.label_names)}
    probabilities = np.zeros((len(images), len(column)), np.float32)
    for start in range(0, len(images), BATCH):
        answers = classifier.classify(images[start : start + BATCH])
        for row, answer in enumerate(answers, start):
            for score in answer.scores:
                probabilities[row, column[score.label]] = score.confidence
    return probabilities
