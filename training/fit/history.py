"""What is kept of every epoch."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

PhaseName = Literal["probe", "head", "body", "scratch"]


@dataclass(frozen=True)
class EpochRecord:
    """One epoch. Losses are cross-entropies in nats; the training loss is the smoothed one."""

    phase: PhaseName
    epoch: int
    """From 1, counted through all phases."""
    learning_rate: float
    """Of the head, in the epoch's last step."""
    train_loss: float
    train_top1: float
    """Of augmented images, in training mode; of mixed images against their larger share."""
    validation_loss: float
    validation_top1: float
    seconds: float


def best_record(history: Iterable[EpochRecord]) -> EpochRecord:
    """The highest validation top-1; among equals the lowest loss, then the earliest."""
    return max(history, key=lambda record: (record.validation_top1, -record.validation_loss))
