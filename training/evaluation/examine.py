"""Compute what lies behind the scores of the test images: the data of every figure."""

from collections.abc import Callable

import numpy as np

from training.data.image_set import ImageSet
from training.evaluation.calibration import calibration_on
from training.evaluation.curves import score_curves
from training.evaluation.explain import EXAMPLES, explain_answers, typical_right_answers
from training.evaluation.measure import Measured
from training.evaluation.mistakes import image_answer, worst_mistakes
from training.evaluation.tsne import map_embeddings
from training.results.findings import Activations, Findings, StageActivations
from visionflow.answers.classifier import Classifier
from visionflow.images.pipeline import UInt8Array

StagesOf = Callable[[UInt8Array], tuple[StageActivations, ...]]
"""Runs one image [H, W, 3] through a network and returns what leaves its stages."""


def examine(
    classifier: Classifier,
    stages: StagesOf | None,
    image_set: ImageSet,
    measured: Measured,
    seed: int,
) -> Findings:
    """Look behind ``measured``, which `measure_split` found of ``image_set``.

    The temperature and the unknown threshold are those of the classifier's manifest. ``stages``:
    None for a model that shows none.
    """
    manifest, targets = classifier.manifest, image_set.targets
    probabilities = measured.probabilities(manifest.temperature)
    answers = probabilities.argmax(axis=1)
    worst = worst_mistakes(probabilities, targets)
    typical = typical_right_answers(probabilities, targets)
    followed = None
    if stages is not None:
        # A right answer where there is one.
        index = int(np.concatenate([typical, worst])[0])
        followed = Activations(
            image_answer(image_set, index, probabilities),
            stages(image_set.images[index]),
        )
    return Findings(
        curves=score_curves(probabilities, targets, image_set.labels),
        calibration=calibration_on(
            measured.logits, targets, manifest.temperature, manifest.unknown_threshold
        ),
        embedding_map=map_embeddings(
            measured.embeddings, targets[measured.sample], answers[measured.sample], seed
        ),
        right=explain_answers(classifier, image_set, probabilities, typical),
        wrong=explain_answers(classifier, image_set, probabilities, worst[:EXAMPLES]),
        mistakes=tuple(image_answer(image_set, int(i), probabilities) for i in worst),
        activations=followed,
    )
