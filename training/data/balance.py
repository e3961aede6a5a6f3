"""Class weights and sampling for classes of unequal size."""

import numpy as np
import numpy.typing as npt

from training.config import Balance
from training.data.listing import Int64Array


def class_weights(counts: Int64Array, balance: Balance) -> npt.NDArray[np.float32] | None:
    """Weights of the classes in the loss, float32 [C], or None where ``balance`` asks for none.

    ``inverse``: 1 / count. ``effective``: 1 / effective number, (1 - beta^count) / (1 - beta) with
    beta = 1 - 1 / largest count (Cui et al. 2019, arXiv:1901.05555): each further image of a class
    adds less. Scaled so that the mean over the images is 1, so that the learning rate keeps its
    meaning.
    """
    if balance in ("none", "sampler"):
        return None
    number = counts.astype(np.float64)
    if balance == "effective":
        beta = 1 - 1 / number.max()
        number = (1 - beta**number) / (1 - beta)
    weights = 1 / number
    weights *= counts.sum() / (weights * counts).sum()
    return weights.astype(np.float32)


def epoch_order(
    targets: Int64Array, balance: Balance, generator: np.random.Generator
) -> Int64Array:
    """Shuffled indices [N] of an epoch; with ``sampler`` they draw every class equally often.

    A class then goes through all its images before it repeats one.
    """
    if balance != "sampler":
        return generator.permutation(len(targets))
    members = [np.flatnonzero(targets == target) for target in np.unique(targets)]
    share = -(-len(targets) // len(members))
    drawn = [
        np.concatenate([generator.permutation(m) for _ in range(-(-share // len(m)))])[:share]
        for m in members
    ]
    return generator.permutation(np.concatenate(drawn))[: len(targets)]
