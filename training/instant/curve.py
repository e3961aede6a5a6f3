"""Accuracy against the number of labelled images: what more labels would bring."""

from collections.abc import Mapping

import numpy as np

from training.config import Balance, ProbeConfig
from training.data.listing import Int64Array
from training.evaluation.intervals import Float64Array, share_interval
from training.fit.linear.logistic_regression import LinearModel
from training.fit.linear.penalty import fit_head
from training.instant.fit import Embedded, FittedHead, known_images
from visionflow.datasets.run import CurvePoint

_SHARES = (0.02, 0.05, 0.1, 0.2, 0.4)
# Of larger sets, shares of so many: heads of more would cost as much as the fit itself.
_MOST_IMAGES = 6_000


def accuracy_curve(
    parts: Mapping[str, Embedded],
    classes: int,
    probe: ProbeConfig,
    balance: Balance,
    seed: int,
    fitted: FittedHead,
) -> tuple[CurvePoint, ...]:
    """Top-1 of heads of growing shares of ``train``, fewest images first; ``fitted``, of all, last.

    Each share holds the one before it, whole groups, and images of every class. All heads have the
    penalty that was chosen for ``fitted``. They answer the images of ``test``, all the same: the
    curve is only shown, and nothing is chosen by it. Of validation images the last point would not
    be the accuracy that the report states.
    """
    train, test = parts["train"], parts["test"]
    due = _due(train.targets, train.groups, seed)

    def point(images: int, model: LinearModel) -> CurvePoint:
        answers = model.logits(test.embeddings[:, 0]).argmax(axis=1)
        correct = answers == test.targets
        interval = share_interval(correct, test.groups)
        return CurvePoint(
            images=images,
            top1=float(correct.mean()),
            top1_low=interval.low,
            top1_high=interval.high,
        )

    points: list[CurvePoint] = []
    most = min(1.0, _MOST_IMAGES / len(due))
    for share in _SHARES:
        taken = np.flatnonzero(due <= share * most)
        fewer = points[-1].images if points else 0
        if fewer < len(taken) < len(due):
            part = Embedded(train.embeddings[taken], train.targets[taken], train.groups[taken])
            known = known_images(part, classes, balance)
            points.append(point(len(taken), fit_head(known, probe, fitted.probe.penalty)))
    head = fitted.head
    return (*points, point(len(due), LinearModel(head.weights.T, head.bias)))


def _due(targets: Int64Array, groups: Int64Array, seed: int) -> Float64Array:
    """From which share of the images on each image is among them, float64 [N]."""
    _, numbers = np.unique(groups, return_inverse=True)
    rank = np.random.default_rng(seed).permutation(int(numbers.max()) + 1)[numbers]
    places = np.zeros(len(targets))
    first = []
    for label in np.unique(targets):
        images = np.flatnonzero(targets == label)
        images = images[np.argsort(rank[images], kind="stable")]
        places[images] = (np.arange(len(images)) + 0.5) / len(images)
        first.append(numbers[images[0]])
    due: Float64Array = np.bincount(numbers, places) / np.bincount(numbers)
    # No head can know a class of which it has seen nothing.
    due[first] = 0.0
    return due[numbers]
