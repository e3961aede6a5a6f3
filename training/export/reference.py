"""The reference against which drift is measured once a version serves, kept in its artifact."""

import json
from pathlib import Path

import numpy as np

from training.data.image_set import ImageSet, images_at_once
from training.data.listing import Int64Array
from training.export.artifact import write_whole
from visionflow import strict
from visionflow.answers.back_off import BackOff
from visionflow.answers.classifier import Classifier, softmax
from visionflow.models.drift import REFERENCE_FILE, Reference, measure_reference

# Enough for the mean and the spread of a few directions.
MOST_IMAGES = 5_000


def write_reference(classifier: Classifier, images: ImageSet, folder: Path, seed: int) -> str:
    """Measure what ``classifier``, as it serves, answers to ``images``; returns the file's name.

    ``images``: those of validation, since a model is more confident on its training images than on
    any others. ``seed`` draws from them where there are very many.
    """
    order = np.random.default_rng(seed).permutation(len(images))
    chosen = np.sort(order[:MOST_IMAGES])
    reference = measure_answers(classifier, images, chosen)
    text = json.dumps(strict.to_dict(reference), indent=2) + "\n"
    write_whole(folder / REFERENCE_FILE, text.encode())
    return REFERENCE_FILE


def measure_answers(classifier: Classifier, images: ImageSet, chosen: Int64Array) -> Reference:
    """How often each label and parent is the answer, or the best guess, and where the embeddings
    lie, of the images at ``chosen``."""
    manifest = classifier.manifest
    back_off = BackOff(manifest.label_tree())
    counts = dict.fromkeys(back_off.names, 0)
    embeddings = []
    size = images_at_once(*images.images.shape[1:3])
    for start in range(0, len(chosen), size):
        logits, embedding, _ = classifier.run(images.images[chosen[start : start + size]])
        embeddings.append(embedding)
        probabilities = softmax(logits / np.float32(manifest.temperature))
        for node in back_off.name(probabilities, manifest.unknown_threshold).nodes:
            counts[back_off.names[node]] += 1
    return measure_reference(counts, np.concatenate(embeddings))
