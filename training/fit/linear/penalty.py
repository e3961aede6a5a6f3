"""The head of a probe: a linear model whose penalty is chosen by cross-validation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from training.config import ProbeConfig
from training.data.listing import Int64Array
from training.fit.linear.folds import divide_in_folds
from training.fit.linear.logistic_regression import (
    Float32Array,
    LinearModel,
    Scaling,
    fit_path,
    mean_and_variance,
)
from training.fit.temperature import fit_temperature
from training.results.probe import PenaltyScore, ProbeFit

_MOST_IMAGES = 5_000
"""Of larger sets so many are cross-validated: the best penalty depends on the kind of images."""
_ITERATIONS = 30
_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True, eq=False)
class Known:
    """Images whose class is known, as a linear model sees them.

    ``features``: float32 [N, views, F]; a model answers with the mean over the views. ``targets``:
    int64 [N], below ``classes``. ``groups``: int64 [N], see `Groups`. ``widths``: how many of the F
    features each trunk gives. ``class_weights``: float32 [C], or None.
    """

    features: Float32Array
    targets: Int64Array
    groups: Int64Array
    classes: int
    widths: tuple[int, ...]
    class_weights: Float32Array | None

    def subset(self, indices: Int64Array) -> "Known":
        return Known(
            self.features[indices],
            self.targets[indices],
            self.groups[indices],
            self.classes,
            self.widths,
            self.class_weights,
        )


def choose_penalty(known: Known, config: ProbeConfig, seed: int) -> ProbeFit:
    """The one of ``config.penalties`` under which images of other groups are answered best.

    Best is the lowest cross-entropy under the best temperature: a temperature is fitted to every
    model later on, and the loss is steadier than the number of right answers.
    """
    penalties = _strongest_first(config.penalties)
    drawn = np.random.default_rng(seed).permutation(len(known.targets))[:_MOST_IMAGES]
    known = known.subset(np.sort(drawn))
    shape = (len(penalties), len(known.targets), known.classes)
    logits = np.zeros(shape, np.float32)
    measured = np.zeros(len(known.targets), np.bool_)
    folds = divide_in_folds(known.targets, known.groups, config.folds)
    for rest, fold in folds:
        others = known.features[fold].mean(axis=1)
        for answers, model in zip(logits, _fits(known.subset(rest), penalties), strict=True):
            answers[fold] = model.logits(others)
        # No model can know a class whose images are all in the fold.
        measured[fold] = np.isin(known.targets[fold], known.targets[rest])
    if not measured.any():
        return ProbeFit(penalties[0], 0, 0, ())
    tried = tuple(
        _score(penalty, answers[measured], known.targets[measured])
        for penalty, answers in zip(penalties, logits, strict=True)
    )
    best = min(tried, key=lambda score: score.loss)
    return ProbeFit(best.penalty, len(folds), int(measured.sum()), tried)


def fit_head(known: Known, config: ProbeConfig, penalty: float) -> LinearModel:
    """The linear model of ``known`` with ``penalty``, one of ``config.penalties``, reached as in
    `choose_penalty`."""
    stronger = [other for other in _strongest_first(config.penalties) if other >= penalty]
    return list(_fits(known, stronger))[-1]


def _strongest_first(penalties: Sequence[float]) -> list[float]:
    return sorted(penalties, reverse=True)


def _fits(known: Known, penalties: Sequence[float]) -> Iterator[LinearModel]:
    """A model of ``known.features`` under each penalty, which counts as much as it would for any
    other number of images.

    The features of each trunk are centred and divided by one number, so that trunks count alike.
    Dividing each feature by its own deviation would raise those that hardly vary to the others'
    size.
    """
    views = known.features.shape[1]
    inputs = known.features.reshape(-1, known.features.shape[2])
    mean, variance = mean_and_variance(inputs)
    scale = np.concatenate(
        [
            np.full(len(part), max(np.sqrt(part.mean()), _LEAST_DEVIATION))
            for part in np.split(variance, np.cumsum(known.widths)[:-1])
        ]
    )
    return fit_path(
        inputs,
        known.targets.repeat(views),
        known.classes,
        [penalty / len(known.targets) for penalty in penalties],
        Scaling(mean, scale),
        known.class_weights,
        _ITERATIONS,
    )


def _score(penalty: float, logits: Float32Array, targets: Int64Array) -> PenaltyScore:
    temperature = fit_temperature(logits, targets)
    likely = log_softmax(logits / np.float32(temperature), axis=1)
    loss = -likely[np.arange(len(targets)), targets].mean()
    top1 = (logits.argmax(axis=1) == targets).mean()
    return PenaltyScore(penalty, float(loss), float(top1))
