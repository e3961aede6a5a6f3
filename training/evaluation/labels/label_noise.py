"""Which labels are more likely wrong than right."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data.listing import Int64Array
from training.evaluation.labels.linear_head import Float32Array

Float64Array = npt.NDArray[np.float64]

_SHARPNESS = np.geomspace(0.1, 10, 61)
_RATES = np.geomspace(1e-4, 0.4, 61)


@dataclass(frozen=True, eq=False)
class LabelNoise:
    """``rate``: the estimated share of wrong labels. ``probabilities``: float64 [N, C], of what
    each image shows. ``wrong``: float64 [N], the probability that its label is wrong."""

    rate: float
    probabilities: Float64Array
    wrong: Float64Array

    @property
    def suspects(self) -> Int64Array:
        """The images whose label is more likely wrong than right, the most suspicious first."""
        order = np.argsort(-self.wrong, kind="stable")
        return order[self.wrong[order] > 0.5]


def fit_label_noise(logits: Float32Array, targets: Int64Array) -> LabelNoise:
    """From out-of-fold ``logits`` [N, C] and the labels ``targets`` [N].

    With probability ``rate`` an image has the label of another class, each with the same chance
    (Angluin & Laird 1988, https://doi.org/10.1007/BF00116829). What it shows has probabilities
    softmax(logits / temperature). Rate and temperature are those under which the labels are most
    likely, found together on a grid; Bayes' rule gives ``wrong``.
    """
    best, sharpness, rate = -np.inf, 1.0, 0.0
    for candidate in _SHARPNESS:
        own = np.exp(_own(_log_softmax(logits, candidate), targets))
        likelihood = np.array([_log_likelihood(own, x, logits.shape[1]) for x in _RATES])
        if likelihood.max() > best:
            best, sharpness = likelihood.max(), candidate
            rate = float(_RATES[likelihood.argmax()])
    log_probabilities = _log_softmax(logits, sharpness)
    own = np.exp(_own(log_probabilities, targets))
    mislabelled = rate / (logits.shape[1] - 1) * (1 - own)
    return LabelNoise(
        rate, np.exp(log_probabilities), mislabelled / (mislabelled + (1 - rate) * own)
    )


def _log_likelihood(own: Float64Array, rate: float, classes: int) -> float:
    """Of the labels, each of which has probability ``own`` [N] of being what the image shows."""
    return float(np.log((1 - rate) * own + rate / (classes - 1) * (1 - own)).sum())


def _own(rows: Float64Array, targets: Int64Array) -> Float64Array:
    return rows[np.arange(len(targets)), targets]


def _log_softmax(logits: Float32Array, sharpness: float) -> Float64Array:
    scaled = logits.astype(np.float64) * sharpness
    scaled -= scaled.max(axis=1, keepdims=True)
    found: Float64Array = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
    return found
