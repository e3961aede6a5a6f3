"""Class growth: an existing model gets further classes and keeps what it knows.

The old labels keep their places and the new ones follow, so the rows of the old head are the first
rows of the new one (`training.networks.inherit`). Images of every old class are trained on again:
without them a network forgets (McCloskey & Cohen 1989). What the old classes lose is measured
against the old artifact on the validation and the test images; the gate checks the loss on
validation.
"""

import numpy as np

from training.ancestor import Ancestor
from training.data.image_set import ImageSet
from training.data.listing import Int64Array
from training.evaluation.measure import measure_split
from training.results.report import Growth
from visionflow.answers.classifier import Classifier, FloatArray
from visionflow.models.manifest import GateCheck

OLD_CLASSES_CHECK = "old_classes_top1_drop"


def measure_growth(
    ancestor: Ancestor,
    labels: tuple[str, ...],
    validation: tuple[ImageSet, FloatArray],
    test: tuple[ImageSet, FloatArray],
) -> Growth:
    """Accuracy of the old classes before and after. ``validation`` and ``test``: images, and the
    logits [N, C] of the grown model for them."""
    validation_before, validation_after = _before_and_after(ancestor, *validation)
    test_before, test_after = _before_and_after(ancestor, *test)
    return Growth(
        name=ancestor.manifest.name,
        version=ancestor.manifest.version,
        old_labels=ancestor.labels,
        new_labels=labels[len(ancestor.labels) :],
        validation_before=validation_before,
        validation_after=validation_after,
        test_before=test_before,
        test_after=test_after,
    )


def growth_check(growth: Growth, limit: float) -> GateCheck:
    """How much top-1 the old classes may lose on the validation images."""
    drop = growth.validation_before - growth.validation_after
    return GateCheck(OLD_CLASSES_CHECK, drop, limit, passed=drop <= limit)


def _before_and_after(
    ancestor: Ancestor, images: ImageSet, logits: FloatArray
) -> tuple[float, float]:
    """Top-1 of the old model and of the new one on the images of the old classes."""
    old = np.flatnonzero(images.targets < len(ancestor.labels))
    served = ancestor.folder / ancestor.manifest.served_file.path
    # On all images: those of the old classes may be too many to copy.
    before = measure_split(Classifier(served, ancestor.manifest), images).logits
    targets = images.targets[old]
    return _top1(before[old], targets), _top1(logits[old], targets)


def _top1(logits: FloatArray, targets: Int64Array) -> float:
    return float((logits.argmax(axis=1) == targets).mean())
