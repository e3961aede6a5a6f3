"""Which nodes lose most when they become int8."""

from collections.abc import Callable

import numpy as np

from training.data.image_set import in_batches
from training.evaluation.outputs import outputs_of
from training.export.graph.quantize import Quantizer
from training.export.graph.ranges import RangeRule
from training.texts.progress import Bar
from visionflow.answers.classifier import Classifier, FloatArray

# A ranking needs few images: the errors differ by orders of magnitude.
IMAGES = 24


def rank_nodes(
    quantizer: Quantizer,
    calibration: RangeRule,
    fp32: Classifier,
    out_of_time: Callable[[], bool],
) -> tuple[str, ...]:
    """The nodes of ``quantizer``, the most sensitive first; none when the time ran out.

    Each is measured by quantizing it alone: how far the logits of calibration images then are
    from those of ``fp32``, as the mean squared difference.
    """
    images = quantizer.images[:IMAGES]

    def logits_of(classifier: Classifier) -> FloatArray:
        return np.concatenate([found for found, _, _ in outputs_of(classifier, in_batches(images))])

    reference = logits_of(fp32)
    errors: dict[str, float] = {}
    for node in Bar(quantizer.nodes, what="sensitivity", unit="nodes"):
        if out_of_time():
            return ()
        others = [other for other in quantizer.nodes if other != node]
        model = quantizer.quantize(calibration, others).SerializeToString()
        logits = logits_of(Classifier(model, fp32.manifest))
        errors[node] = float(np.square(logits - reference).mean())
    return tuple(sorted(errors, key=errors.__getitem__, reverse=True))
