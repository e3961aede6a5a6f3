"""What lies behind the scores of the test images: one value that holds every figure's data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.data.image_set import ImageSet
from training.evaluation.calibration import Calibration, calibration_on
from training.evaluation.curves import Curves, score_curves
from training.evaluation.explain import (
    EXAMPLES,
    ExplainedImage,
    explain_answers,
    typical_right_answers,
)
from training.evaluation.measure import Measured
from training.evaluation.mistakes import ImageAnswer, image_answer, worst_mistakes
from training.evaluation.stage_activations import Activations, stage_activations
from training.evaluation.tsne import EmbeddingMap, map_embeddings
from visionflow.models.classifier import Classifier

if TYPE_CHECKING:
    from training.models.network import Classifier as Network


@dataclass(frozen=True)
class Findings:
    """All of the served model on test images.

    ``activations`` are of the network that it was made from; None where there is no single one.
    """

    curves: Curves
    calibration: Calibration
    embedding_map: EmbeddingMap
    right: tuple[ExplainedImage, ...]
    wrong: tuple[ExplainedImage, ...]
    mistakes: tuple[ImageAnswer, ...]
    activations: Activations | None


def findings(
    classifier: Classifier,
    network: "Network | None",
    image_set: ImageSet,
    measured: Measured,
    seed: int,
) -> Findings:
    """Look behind ``measured``, which `measure_split` found of ``image_set``.

    The temperature and the unknown threshold are those of the classifier's manifest. ``network`` is
    on any device and left in evaluation mode.
    """
    manifest, targets = classifier.manifest, image_set.targets
    probabilities = measured.probabilities(manifest.temperature)
    answers = probabilities.argmax(axis=1)
    worst = worst_mistakes(probabilities, targets)
    typical = typical_right_answers(probabilities, targets)
    followed = None
    if network is not None:
        # A right answer where there is one.
        index = int(np.concatenate([typical, worst])[0])
        followed = Activations(
            image_answer(image_set, index, probabilities),
            stage_activations(network, image_set.images[index]),
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
