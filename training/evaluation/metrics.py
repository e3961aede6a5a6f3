"""Probabilities against the truth: accuracy, scores per class, confusions."""

import numpy as np
import numpy.typing as npt

from training.data.listing import Int64Array
from training.evaluation.calibration import calibration_interval, expected_calibration_error
from training.evaluation.intervals import (
    FEW_GROUPS,
    BoolArray,
    count_groups,
    share_interval,
)
from training.results.scores import (
    TOP_K,
    ClassScores,
    ConfusedPair,
    Confusion,
    Evaluation,
    Interval,
)
from visionflow.answers.classifier import FloatArray
from visionflow.insights.intervals import share

CONFUSED_PAIRS = 15


def evaluate(
    probabilities: FloatArray,
    targets: Int64Array,
    labels: tuple[str, ...],
    answered: BoolArray,
    groups: Int64Array | None = None,
) -> Evaluation:
    """Score calibrated ``probabilities`` [N, C] against ``targets`` [N], N at least 1.

    ``answered`` [N]: whose answer is not unknown. ``groups`` [N]: the independent group of each
    image; each is its own where it is None.
    """
    answers = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    correct = answers == targets
    independent = count_groups(len(targets), groups)
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (targets, answers), 1)
    classes = tuple(_class_scores(confusion, i, label) for i, label in enumerate(labels))
    picked = probabilities[np.arange(len(targets)), targets]
    return Evaluation(
        images=len(targets),
        groups=independent,
        few_groups=independent < FEW_GROUPS,
        top1=float(correct.mean()),
        top1_interval=share_interval(correct, groups),
        top5=top_k_accuracy(probabilities, targets, TOP_K),
        macro_precision=_mean([scores.precision for scores in classes]),
        macro_recall=_mean([scores.recall for scores in classes]),
        macro_f1=_mean([scores.f1 for scores in classes]),
        loss=float(-np.log(np.maximum(picked, np.finfo(np.float32).tiny)).mean()),
        ece=expected_calibration_error(confidence, correct),
        ece_interval=calibration_interval(confidence, correct, groups),
        known=float(answered.mean()),
        known_top1=float(correct[answered].mean()) if answered.any() else 0.0,
        classes=classes,
        confusion=_filled(confusion),
        most_confused=most_confused(confusion, labels),
    )


def _filled(confusion: npt.NDArray[np.int64]) -> Confusion:
    truth, answer = np.nonzero(confusion)
    images = confusion[truth, answer]
    return Confusion(tuple(truth.tolist()), tuple(answer.tolist()), tuple(images.tolist()))


def top_k_accuracy(scores: FloatArray, targets: Int64Array, k: int) -> float:
    """Share of images whose class is among the ``k`` highest of ``scores`` [N, C]."""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float((best == targets[:, None]).any(axis=1).mean())


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
        return ClassScores(label, 0, answers, None, None, None, None)
    precision = hits / answers if answers else 0.0
    return ClassScores(
        label=label,
        images=images,
        answers=answers,
        precision=precision,
        recall=hits / images,
        recall_interval=_interval(hits, images),
        f1=2 * hits / (answers + images),
    )


def _interval(correct: int, n: int) -> Interval:
    found = share(correct, n)
    return Interval(found.low, found.high)


def _mean(scores: list[float | None]) -> float:
    return float(np.mean([score for score in scores if score is not None]))
