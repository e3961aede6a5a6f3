"""How good a network is on the validation images while it is trained."""

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.data.image_set import ImageSet
from training.data.listing import Int64Array
from training.fit.distributed import Process
from training.fit.frozen_maps import FrozenMaps
from training.networks.network import ConvNet
from training.stop import check_stop

BATCH_PIXELS = 2**20
"""Pixels of the images in one batch; limits the memory of their features."""


class Score(NamedTuple):
    """Mean cross-entropy in nats and share of right answers."""

    loss: float
    top1: float


@torch.inference_mode()
def score_images(
    model: ConvNet, image_set: ImageSet, process: Process, known: FrozenMaps | None = None
) -> Score:
    """Score the answers of the finished model, mirror image included; each process does a part.

    In float32, whatever it is trained in: it is exported, measured and judged in float32, and
    other figures would choose another epoch than the best. ``known``: what was kept of these
    images.
    """
    model.eval()
    if known is not None:
        known.begin(model)
    mine = np.arange(process.rank, len(image_set), process.world)
    totals = torch.zeros(2, dtype=torch.float64, device=process.device)
    size = batch_size(image_set)
    batches = [mine[start : start + size] for start in range(0, len(mine), size)]
    for number, indices in enumerate(batches):
        check_stop()
        images = partial(_images, image_set, indices, process.device)
        targets = torch.from_numpy(image_set.targets[indices]).to(process.device)
        if known is None:
            logits = model(images()).logits
        else:
            logits = known.logits(model, images, number, len(batches))
        totals += _totals(logits, targets)
    return _score(process.sum(totals), len(image_set))


@torch.inference_mode()
def score_features(head: nn.Module, features: Tensor, targets: Tensor, process: Process) -> Score:
    """Of ``head`` on [N, views, F]: its answer is the mean over the views, as a `ConvNet`'s."""
    head.eval()
    mine, right = features[process.rank :: process.world], targets[process.rank :: process.world]
    logits = head(mine.flatten(end_dim=1)).reshape(*mine.shape[:2], -1).mean(dim=1)
    return _score(process.sum(_totals(logits, right)), len(targets))


def batch_size(image_set: ImageSet) -> int:
    """How many of these images make `BATCH_PIXELS`."""
    height, width = image_set.images.shape[1:3]
    return max(1, int(BATCH_PIXELS // (height * width)))


def _images(image_set: ImageSet, indices: Int64Array, device: torch.device) -> Tensor:
    return torch.from_numpy(image_set.images[indices]).to(device)


def _totals(logits: Tensor, targets: Tensor) -> Tensor:
    """float64 [2]: the sum of the losses and the number of right answers."""
    loss = functional.cross_entropy(logits.float(), targets, reduction="sum")
    return torch.stack([loss.double(), (logits.argmax(dim=1) == targets).sum().double()])


def _score(totals: Tensor, count: int) -> Score:
    loss, right = (totals / count).tolist()
    return Score(loss, right)
