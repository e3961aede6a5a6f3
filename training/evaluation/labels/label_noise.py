"""Which labels are more likely wrong than right."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data.listing import Int64Array
from training.evaluation.labels.linear_head import Float32Array

Float64Array = npt.NDArray[np.float64]

MOST_WRONG = 0.2
_SHARPNESS = np.geomspace(1e-3, 30, 91)
_RATES = np.geomspace(1e-4, MOST_WRONG, 60)


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
    likely, found together on a grid; Bayes' rule gives ``wrong``. A rate above `MOST_WRONG` is not
    considered: answers at chance would fit any rate.
    """
    likelihood = np.empty((len(_SHARPNESS), len(_RATES)))
    for row, sharpness in zip(likelihood, _SHARPNESS, strict=True):
        own = np.exp(_own(_log_softmax(logits, sharpness), targets))
        row[:] = [_log_likelihood(own, rate, logits.shape[1]) for rate in _RATES]
    best, chosen = np.unravel_index(likelihood.argmax(), likelihood.shape)
    sharpness, rate = _SHARPNESS[best], float(_RATES[chosen])
    log_probabilities = _log_softmax(logits, sharpness)
    own = np.exp(_own(log_probabilities, targets))
    mislabelled = rate / (logits.shape[1] - 1) * (1 - own)
    given = np.maximum(mislabelled + (1 - rate) * own, np.finfo(np.float64).tiny)
    return LabelNoise(rate, np.exp(log_probabilities), mislabelled / given)


def _log_likelihood(own: Float64Array, rate: float, classes: int) -> float:
    """Of the labels, each of which has probability ``own`` [N] of being what the image shows."""
    given = (1 - rate) * own + rate / (classes - 1) * (1 - own)
    return float(np.log(np.maximum(given, np.finfo(np.float64).tiny)).sum())


def _own(rows: Float64Array, targets: Int64Array) -> Float64Array:
    return rows[np.arange(len(targets)), targets]


def _log_softmax(logits: Float32Array, sharpness: float) -> Float64Array:
    scaled = logits.astype(np.float64) * sharpness
    scaled -= scaled.max(axis=1, keepdims=True)
    found: Float64Array = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
    return found
