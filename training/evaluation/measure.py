"""An artifact measured as it serves: through the image path and the classifier of the Lambdas."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.image_set import ImageSet, load_images
from training.data.listing import Int64Array, list_images
from training.errors import DatasetError
from training.evaluation.metrics import Evaluation, evaluate
from visionflow.classifier import Classifier, FloatArray, softmax
from visionflow.manifest import read_artifact

BATCH = 250
EMBEDDINGS = 800


@dataclass(frozen=True, eq=False)
class Measured:
    """What a model answers to a set of N pictures.

    Of `EMBEDDINGS` of them at most the embedding is kept: ``embeddings`` [M, F] are of the pictures
    ``sample`` [M]. Maps are not kept at all; `explain_answers` makes those of a few pictures again.
    """

    logits: FloatArray
    sample: Int64Array
    embeddings: FloatArray

    def probabilities(self, temperature: float) -> FloatArray:
        """[N, C]."""
        return softmax(self.logits / np.float32(temperature))


def measure_split(classifier: Classifier, image_set: ImageSet, seed: int = 0) -> Measured:
    """Run every picture once. ``seed`` draws the pictures whose embedding is kept."""
    order = np.random.default_rng(seed).permutation(len(image_set))
    sample = np.sort(order[:EMBEDDINGS])
    logits, embeddings = [], []
    for start in range(0, len(image_set), BATCH):
        batch = image_set.images[start : start + BATCH]
        batch_logits, batch_embeddings, _ = classifier.run(batch)
        logits.append(batch_logits)
        inside = sample[(sample >= start) & (sample < start + BATCH)]
        embeddings.append(batch_embeddings[inside - start])
    return Measured(np.concatenate(logits), sample, np.concatenate(embeddings))


def measure_folder(artifact: Path, pictures: Path) -> Evaluation:
    """Verify an artifact's checksums and score it on a folder of class folders.

    The folder may lack some of the model's labels; `Evaluation.unmeasured` names them. Raises
    `DatasetError` for a class folder that is none of the model's labels.
    """
    manifest = read_artifact(artifact)
    part = pictures / "test"
    if part.is_dir() and part.name not in manifest.label_names:
        raise DatasetError(f"{pictures} is divided into parts; measure on one of them, say {part}")
    image_set = load_images(list_images(pictures, manifest.label_names), manifest.input)
    classifier = Classifier(artifact / manifest.served_file.path, manifest)
    probabilities = measure_split(classifier, image_set).probabilities(manifest.temperature)
    return evaluate(
        probabilities, image_set.targets, manifest.label_names, manifest.unknown_threshold
    )
