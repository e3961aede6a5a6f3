"""The reference against which drift is measured once a version serves, kept in its artifact."""

import json
from pathlib import Path

import numpy as np

from training.export.artifact import write_whole
from training.export.gate_checks import Outputs
from visionflow import strict
from visionflow.answers.back_off import BackOff
from visionflow.answers.classifier import FloatArray, softmax
from visionflow.models.drift import REFERENCE_FILE, Reference, measure_reference
from visionflow.models.manifest import Manifest

# Enough for the mean and the spread of a few directions.
MOST_IMAGES = 5_000


def write_reference(manifest: Manifest, answers: Outputs, folder: Path, seed: int) -> str:
    """Measure what the model of ``manifest`` answers as it serves; returns the file's name.

    ``answers``: to the validation images, since a model is more confident on its training images
    than on any others. ``seed`` draws from them where there are very many.
    """
    order = np.random.default_rng(seed).permutation(len(answers.logits))
    chosen = np.sort(order[:MOST_IMAGES])
    reference = measure_answers(manifest, answers.logits[chosen], answers.embedding[chosen])
    text = json.dumps(strict.to_dict(reference), indent=2) + "\n"
    write_whole(folder / REFERENCE_FILE, text.encode())
    return REFERENCE_FILE


def measure_answers(manifest: Manifest, logits: FloatArray, embeddings: FloatArray) -> Reference:
    """How often each label and parent is the answer, or the best guess, of ``logits`` [N, C], and
    where the ``embeddings`` [N, F] lie."""
    back_off = BackOff(manifest.label_tree())
    counts = dict.fromkeys(back_off.names, 0)
    probabilities = softmax(logits / np.float32(manifest.temperature))
    for node in back_off.name(probabilities, manifest.unknown_threshold).nodes:
        counts[back_off.names[node]] += 1
    return measure_reference(counts, embeddings)
