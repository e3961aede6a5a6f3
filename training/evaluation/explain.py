"""Where answers come from: class-activation maps of right and wrong answers."""

import numpy as np

from training.data.image_set import ImageSet
from training.data.listing import Int64Array
from training.evaluation.mistakes import image_answer
from training.results.findings import ActivationMap, ExplainedImage
from visionflow.answers.classifier import Classifier, FloatArray

EXAMPLES = 6


def explain_answers(
    classifier: Classifier, image_set: ImageSet, probabilities: FloatArray, indices: Int64Array
) -> tuple[ExplainedImage, ...]:
    """Run the images at ``indices`` again, because only these few need maps.

    ``probabilities`` [N, C]: of all of ``image_set``. A model without maps gives images alone.
    """
    if not len(indices):
        return ()
    answers = classifier.classify(image_set.images[indices])
    size = (classifier.manifest.input.size, classifier.manifest.input.size)
    explained = []
    for index, answer in zip(indices, answers, strict=True):
        image = image_answer(image_set, int(index), probabilities)
        labels = dict.fromkeys((image.answer, image.truth))
        maps = [classifier.activation_map(answer, label, size) for label in labels]
        found = tuple(ActivationMap(each.label, each.values) for each in maps if each is not None)
        explained.append(ExplainedImage(image, found))
    return tuple(explained)


def typical_right_answers(probabilities: FloatArray, targets: Int64Array) -> Int64Array:
    """Indices of right answers of [N, C], of up to `EXAMPLES` classes one each.

    The classes are spread evenly over those with a right answer; of each, the image of median
    confidence.
    """
    right = np.flatnonzero(probabilities.argmax(axis=1) == targets)
    classes = np.unique(targets[right])
    places = np.linspace(0, len(classes) - 1, min(EXAMPLES, len(classes))).round().astype(int)
    confidence = probabilities.max(axis=1)
    chosen = []
    for target in classes[places]:
        members = right[targets[right] == target]
        chosen.append(members[np.argsort(confidence[members], kind="stable")[len(members) // 2]])
    return np.array(chosen, np.int64)
