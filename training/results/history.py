"""The course of a training: what is kept of every epoch, and the verdict on it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from visionflow import strict

Untrained = Literal["adopted", "ensemble"]
Judgement = Literal["good", "overfitting", "underfitting", "undecided", "adopted", "ensemble"]
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


OnEpoch = Callable[[Sequence[EpochRecord]], object]
"""Gets all epochs that a run has kept, the newest last."""


@dataclass(frozen=True)
class FitVerdict:
    """How the training went, judged at its ``best_epoch`` by validation top-1.

    ``undecided``: there are too few images to say. ``adopted``: the model was trained elsewhere,
    and ``ensemble``: its members were, so ``gap`` and ``loss_rise`` are not known.
    ``gap``: training top-1 minus validation top-1 there. ``loss_rise``: how far the validation loss
    of the last phase ended above its minimum, in nats. ``too_easy``: almost every answer was right
    from the first epochs on, so the dataset is easy or both parts share images. ``text`` and
    ``text_ko``: the same in English and Korean.
    """

    judgement: Judgement
    too_easy: bool
    best_epoch: int
    gap: float | None
    loss_rise: float | None
    text: str
    text_ko: str


def best_record(history: Iterable[EpochRecord]) -> EpochRecord:
    """The highest validation top-1; among equals the lowest loss, then the earliest."""
    return max(history, key=lambda record: (record.validation_top1, -record.validation_loss))


def read_history(stored: Iterable[object]) -> tuple[EpochRecord, ...]:
    """The records of a checkpoint, kept as dictionaries. Raises `ConfigError`."""
    return tuple(strict.parse(EpochRecord, record, "history") for record in stored)
