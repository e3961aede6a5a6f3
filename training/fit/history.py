"""What is kept of every epoch."""

from dataclasses import dataclass
from typing import Literal

Phase = Literal["probe", "head", "body", "scratch"]


@dataclass(frozen=True)
class EpochRecord:
    """One epoch. Losses are cross-entropies in nats; the training loss is the smoothed one."""

    phase: Phase
    epoch: int
    """From 1, counted through all phases."""
    learning_rate: float
    """Of the head, at the end of the epoch."""
    train_loss: float
    train_top1: float
    """Of augmented pictures, in training mode; of mixed pictures against their larger share."""
    validation_loss: float
    validation_top1: float
    seconds: float
