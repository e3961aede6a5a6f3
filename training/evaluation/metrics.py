"""What a set of logits is worth: accuracy, per-class scores, calibration."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data.image_set import Int64Array
from visionflow.classifier import FloatArray, softmax

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class ClassScores:
    """One class: how often its answers are right, how many of its pictures are found, both."""

    label: str
    pictures: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Evaluation:
    """Measured on ``pictures`` pictures. All but ``confusion`` and the loss are in 0..1.

    ``confusion``: rows are the true class, columns the answer. ``loss``: mean negative
    log-likelihood in nats. ``known``: the share of answers at or above the unknown threshold.
    """

    pictures: int
    top1: float
    top5: float
    macro_f1: float
    loss: float
    ece: float
    known: float
    known_top1: float
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]


def evaluate(
    probabilities: FloatArray,
    targets: Int64Array,
    labels: tuple[str, ...],
    unknown_threshold: float,
) -> Evaluation:
    """Score calibrated ``probabilities`` [N, C] against ``targets`` [N]."""
    answers = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    correct = answers == targets
    known = confidence >= unknown_threshold
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (targets, answers), 1)
    classes = tuple(_class_scores(confusion, i, label) for i, label in enumerate(labels))
    picked = probabilities[np.arange(len(targets)), targets]
    return Evaluation(
        pictures=len(targets),
        top1=float(correct.mean()),
        top5=top_k_accuracy(probabilities, targets, 5),
        macro_f1=float(np.mean([scores.f1 for scores in classes])),
        loss=float(-np.log(np.maximum(picked, np.finfo(np.float32).tiny)).mean()),
        ece=expected_calibration_error(confidence, correct),
        known=float(known.mean()),
        known_top1=float(correct[known].mean()) if known.any() else 0.0,
        classes=classes,
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
    )


def top_k_accuracy(scores: FloatArray, targets: Int64Array, k: int) -> float:
    """Share of pictures whose class is among the ``k`` highest of ``scores`` [N, C]."""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float((best == targets[:, None]).any(axis=1).mean())


def expected_calibration_error(confidence: FloatArray, correct: npt.NDArray[np.bool_]) -> float:
    """Mean gap between confidence and accuracy over bins of equal width, weighted by their size.

    Guo et al. 2017, arXiv:1706.04599, equation 3.
    """
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    # |sum of confidence - number correct| over a bin is its size times its gap.
    surplus = np.bincount(bins, weights=confidence - correct, minlength=CALIBRATION_BINS)
    return float(np.abs(surplus).sum() / len(confidence))


def fit_temperature(logits: FloatArray, targets: Int64Array) -> float:
    """The temperature that minimises the negative log-likelihood of ``softmax(logits / T)``.

    The likelihood is concave in 1 / T (arXiv:1706.04599, section 4.2), so its slope is bisected.
    Confined to 0.05..20: logits that are always right would ask for 0.
    """
    picked = logits[np.arange(len(targets)), targets]
    low, high = 1 / 20, 1 / 0.05
    for _ in range(50):
        inverse = (low + high) / 2
        expected = (softmax(logits * np.float32(inverse)) * logits).sum(axis=1)
        if (picked - expected).mean() > 0:
            low = inverse
        else:
            high = inverse
    return 2 / (low + high)


def choose_unknown_threshold(
    confidence: FloatArray, correct: npt.NDArray[np.bool_], accuracy: float, at_least: int = 20
) -> float:
    """The highest confidence such that answers below it are right less often than ``accuracy``.

    Judged on at least ``at_least`` answers; 0, which calls nothing unknown, where even the least
    confident ones are better than that.
    """
    order = np.argsort(confidence, kind="stable")
    accuracy_below = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    poor = np.flatnonzero(accuracy_below < accuracy)
    poor = poor[(poor >= at_least - 1) & (poor + 1 < len(order))]
    return float(confidence[order[poor[-1] + 1]]) if len(poor) else 0.0


def _class_scores(confusion: npt.NDArray[np.int64], index: int, label: str) -> ClassScores:
    hits = int(confusion[index, index])
    answered, pictures = int(confusion[:, index].sum()), int(confusion[index].sum())
    precision = hits / answered if answered else 0.0
    recall = hits / pictures if pictures else 0.0
    f1 = 2 * hits / (answered + pictures) if answered + pictures else 0.0
    return ClassScores(label, pictures, precision, recall, f1)
