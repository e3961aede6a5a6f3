"""A model's answers to many images, on all cores."""

import os
from collections.abc import Iterable, Iterator

from training.data.threads import in_order
from training.stop import check_stop
from visionflow.answers.classifier import Classifier, FloatArray
from visionflow.images.pipeline import UInt8Array


def outputs_of(
    classifier: Classifier, batches: Iterable[UInt8Array]
) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
    """`Classifier.run` of each of ``batches`` [N, size, size, 3], in order.

    A batch on each core: where several cores share one, they wait for each other at every layer.
    So the ``classifier`` should have one thread, as it serves.
    """

    def run(batch: UInt8Array) -> tuple[FloatArray, FloatArray, FloatArray]:
        check_stop()
        return classifier.run(batch)

    return in_order(run, batches, os.cpu_count() or 1)
