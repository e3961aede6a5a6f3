"""The temperature that makes confidence right."""

import numpy as np

from training.data.listing import Int64Array
from visionflow.answers.classifier import FloatArray, softmax


def fit_temperature(logits: FloatArray, targets: Int64Array) -> float:
    """The temperature that minimises the negative log-likelihood of ``softmax(logits / T)``.

    The likelihood is concave in 1 / T (arXiv:1706.04599, section 4.2), so its slope is bisected.
    Limited to 0.05..20: logits that are always right have their optimum at 0.
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
