"""What probabilities are worth against the truth: accuracy, scores per class, confusions."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data.listing import Int64Array
from training.evaluation.calibration import expected_calibration_error
from visionflow.models.classifier import FloatArray

CONFUSED_PAIRS = 15
# Of the standard normal distribution: 95 % lie between minus and plus this.
_Z95 = 1.959964


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float


@dataclass(frozen=True)
class ClassScores:
    """One class: how often its answers are right, how many of its images are found, both.

    The scores are None for a class without images: they were not measured. ``precision`` is 0 for
    a class that has images and was never answered.
    """

    label: str
    images: int
    answers: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class ConfusedPair:
    """Images of ``truth`` that were answered ``answer``. ``rate``: of all images of ``truth``,
    0..1."""

    truth: str
    answer: str
    images: int
    rate: float


@dataclass(frozen=True)
class Evaluation:
    """Measured on ``images`` images. All but ``confusion`` and the loss are in 0..1.

    The macro scores are means over the classes that have images. ``confusion``: rows are the true
    class, columns the answer. ``most_confused``: the largest rates first. ``loss``: mean negative
    log-likelihood in nats. ``known``: the share of answers at or above the unknown threshold.
    """

    images: int
    top1: float
    top1_interval: Interval
    top5: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    loss: float
    ece: float
    known: float
    known_top1: float
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]
    most_confused: tuple[ConfusedPair, ...]

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """The classes without images, which no macro score counts."""
        return tuple(scores.label for scores in self.classes if not scores.images)


def evaluate(
    probabilities: FloatArray,
    targets: Int64Array,
    labels: tuple[str, ...],
    unknown_threshold: float,
) -> Evaluation:
    """Score calibrated ``probabilities`` [N, C] against ``targets`` [N], N at least 1."""
    answers = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    correct = answers == targets
    known = confidence >= unknown_threshold
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (targets, answers), 1)
    classes = tuple(_class_scores(confusion, i, label) for i, label in enumerate(labels))
    picked = probabilities[np.arange(len(targets)), targets]
    return Evaluation(
        images=len(targets),
        top1=float(correct.mean()),
        top1_interval=wilson_interval(int(correct.sum()), len(correct)),
        top5=top_k_accuracy(probabilities, targets, 5),
        macro_precision=_mean([scores.precision for scores in classes]),
        macro_recall=_mean([scores.recall for scores in classes]),
        macro_f1=_mean([scores.f1 for scores in classes]),
        loss=float(-np.log(np.maximum(picked, np.finfo(np.float32).tiny)).mean()),
        ece=expected_calibration_error(confidence, correct),
        known=float(known.mean()),
        known_top1=float(correct[known].mean()) if known.any() else 0.0,
        classes=classes,
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
        most_confused=most_confused(confusion, labels),
    )


def top_k_accuracy(scores: FloatArray, targets: Int64Array, k: int) -> float:
    """Share of images whose class is among the ``k`` highest of ``scores`` [N, C]."""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float((best == targets[:, None]).any(axis=1).mean())


def wilson_interval(successes: int, trials: int) -> Interval:
    """Where a rate lies of which ``successes`` of ``trials`` were seen, with 95 % confidence.

    Wilson 1927, doi:10.1080/01621459.1927.10502953: unlike the normal approximation it stays within
    0..1 and keeps a width where all or none succeed.
    """
    rate, z2 = successes / trials, _Z95**2
    centre = (rate + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = rate * (1 - rate) / trials + z2 / (4 * trials**2)
    half = _Z95 / (1 + z2 / trials) * math.sqrt(spread)
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def most_confused(
    confusion: npt.NDArray[np.int64], labels: tuple[str, ...], count: int = CONFUSED_PAIRS
) -> tuple[ConfusedPair, ...]:
    """The ``count`` largest confusions by rate, then by images; none where nothing was wrong."""
    images = confusion.sum(axis=1)
    pairs = [
        ConfusedPair(labels[i], labels[j], int(confusion[i, j]), float(confusion[i, j]) / float(n))
        for i, n in enumerate(images)
        for j in np.flatnonzero(confusion[i])
        if i != j
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.rate, -pair.images))[:count])


def _class_scores(confusion: npt.NDArray[np.int64], index: int, label: str) -> ClassScores:
    hits = int(confusion[index, index])
    answers, images = int(confusion[:, index].sum()), int(confusion[index].sum())
    if not images:
        return ClassScores(label, 0, answers, None, None, None)
    precision = hits / answers if answers else 0.0
    return ClassScores(
        label, images, answers, precision, hits / images, 2 * hits / (answers + images)
    )


def _mean(scores: list[float | None]) -> float:
    return float(np.mean([score for score in scores if score is not None]))
