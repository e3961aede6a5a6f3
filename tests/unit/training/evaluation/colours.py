"""Images that the model of `tests.tiny_model` names by their colour, some of them mislabelled."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.tiny_model import LABELS, SIDE, write_tiny_artifact
from training.data.image_set import ImageSet
from training.evaluation.unknown.familiar import FAMILIAR_FILE
from training.evaluation.unknown.thresholds import MARGIN, details
from visionflow.answers.classifier import Classifier
from visionflow.answers.familiarity import FamiliarImages
from visionflow.models.manifest import MANIFEST_NAME, Familiarity, FileEntry


def colour_set(count: int = 60, mislabelled: int = 6, seed: int = 0) -> ImageSet:
    """``count`` images; the last ``mislabelled`` of them have the label after their colour."""
    generator = np.random.default_rng(seed)
    colours = np.arange(count) % len(LABELS)
    images = generator.integers(0, 120, (count, SIDE, SIDE, 3), np.uint8)
    brighter = generator.integers(20, 130, (count, 1, 1), np.uint8)
    images[np.arange(count), :, :, colours] += brighter
    targets = colours.copy()
    targets[count - mislabelled :] = (targets[count - mislabelled :] + 1) % len(LABELS)
    files = tuple(f"{LABELS[target]}/{i:03}.png" for i, target in enumerate(targets))
    return ImageSet(LABELS, images, targets.astype(np.int64), files)


def tiny_classifier(folder: Path) -> Classifier:
    manifest = write_tiny_artifact(folder)
    return Classifier(folder / manifest.served_file.path, manifest)


def familiar_classifier(folder: Path, taught: ImageSet) -> tuple[Classifier, FamiliarImages]:
    """`tiny_classifier` that knows the images ``taught``, and calls no image of theirs
    unfamiliar."""
    plain = tiny_classifier(folder)
    logits, embeddings, _ = plain.run(taught.images)
    familiar = FamiliarImages.of(embeddings, taught.targets, len(taught.labels))
    (folder / FAMILIAR_FILE).write_bytes(familiar.to_bytes())
    found = familiar.familiarity(embeddings, logits.argmax(axis=1))
    rule = Familiarity(
        file=FileEntry.of(folder, FAMILIAR_FILE),
        threshold=float(found.min()) - MARGIN,
        least_detail=float(details(taught.images).min()) - MARGIN,
        kept=1.0,
    )
    manifest = replace(plain.manifest, familiarity=rule)
    (folder / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
    return Classifier.of_artifact(folder, manifest), familiar
