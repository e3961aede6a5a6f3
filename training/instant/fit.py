"""A linear head on embeddings of images, without folders, images or a network."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.config import Balance, ProbeConfig
from training.data.balance import class_weights
from training.data.listing import Int64Array
from training.evaluation.metrics import top_k_accuracy
from training.fit.linear.penalty import Known, choose_penalty, fit_head
from training.instant.graph import Float32Array, Head
from training.results.history import EpochRecord
from training.results.probe import ProbeFit
from visionflow.answers.classifier import softmax

EMBEDDED: tuple[str, ...] = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Embedded:
    """Images of one part: ``embeddings`` float32 [N, views, F], the first view the image itself;
    ``targets`` and ``groups`` int64 [N]."""

    embeddings: Float32Array
    targets: Int64Array
    groups: Int64Array


@dataclass(frozen=True, eq=False)
class FittedHead:
    """``record``: the fit as one epoch; L-BFGS has no learning rate, so it is recorded as 1."""

    head: Head
    probe: ProbeFit
    record: EpochRecord


def fit_embedded(
    parts: Mapping[str, Embedded],
    classes: int,
    probe: ProbeConfig,
    balance: Balance,
    seed: int,
) -> FittedHead:
    """Fit a head for ``classes`` to the images of ``train``; those of ``validation`` are answered.

    All views are training images. The penalty is chosen as for a probe, on folds that keep groups
    together. The head answers for the image alone.
    """
    started = time.perf_counter()
    known = known_images(parts["train"], classes, balance)
    chosen = choose_penalty(known, probe, seed)
    model = fit_head(known, probe, chosen.penalty)
    (train_loss, train_top1), (loss, top1) = (
        _answered(model.logits(parts[part].embeddings[:, 0]), parts[part].targets)
        for part in EMBEDDED[:2]
    )
    record = EpochRecord(
        phase="probe",
        epoch=1,
        learning_rate=1.0,
        train_loss=train_loss,
        train_top1=train_top1,
        validation_loss=loss,
        validation_top1=top1,
        seconds=time.perf_counter() - started,
    )
    head = Head(np.ascontiguousarray(model.weights.T), model.bias)
    return FittedHead(head, chosen, record)


def known_images(train: Embedded, classes: int, balance: Balance) -> Known:
    """``train`` as a linear head is fitted to it."""
    # A sampler has nothing to draw from: all images count at once.
    weighing = "inverse" if balance == "sampler" else balance
    counts = np.bincount(train.targets, minlength=classes)
    return Known(
        features=train.embeddings,
        targets=train.targets,
        groups=train.groups,
        classes=classes,
        widths=train.embeddings.shape[2:],
        class_weights=class_weights(counts, weighing),
    )


def _answered(logits: Float32Array, targets: Int64Array) -> tuple[float, float]:
    """Mean cross-entropy in nats, and top-1."""
    own = softmax(logits)[np.arange(len(targets)), targets]
    loss = -np.log(np.maximum(own, np.finfo(np.float32).tiny)).mean()
    return float(loss), top_k_accuracy(logits, targets, 1)
