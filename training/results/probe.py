"""How the head of a probe was fitted."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PenaltyScore:
    """One strength of the penalty, cross-validated on training images.

    ``loss``: mean cross-entropy in nats of the answers under their best temperature. ``top1``:
    share of right answers.
    """

    penalty: float
    loss: float
    top1: float


@dataclass(frozen=True)
class ProbeFit:
    """The penalty that the head was fitted with, and those that it was chosen from.

    Chosen on ``folds`` folds of ``images`` training images, no group of which is in two folds.
    Where every class has a single group nothing can be compared: then ``folds`` is 0, ``tried`` is
    empty and the strongest penalty is taken.
    """

    penalty: float
    folds: int
    images: int
    tried: tuple[PenaltyScore, ...]
