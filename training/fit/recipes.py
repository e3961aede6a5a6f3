"""What each phase of a recipe trains, on what, and how fast."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.config import LoopConfig, Recipe, TrainConfig
from training.data.balance import class_weights
from training.data.batches import TrainBatches
from training.data.image_set import ImageSet
from training.data.training_data import TrainingData
from training.fit.distributed import Process
from training.fit.history import PhaseName
from training.fit.loop import Phase, Score, autocast
from training.fit.optimizers import Layers, make_optimizers
from training.models.classifier import Classifier

EVALUATION_PIXELS = 2**20
"""Of one batch of validation pictures: bounds the memory of their features."""


@dataclass(frozen=True)
class Session:
    """What all phases of a run share."""

    config: TrainConfig
    data: TrainingData
    run: Path
    model: Classifier
    process: Process

    @property
    def bfloat16(self) -> bool:
        """Whether convolutions compute in bfloat16."""
        return self.config.precision == "bfloat16"

    @property
    def class_weights(self) -> Tensor | None:
        """float32 [C], where an imbalance of the classes is answered in the loss."""
        weights = class_weights(self.data.splits.train.counts, self.config.data.balance)
        return None if weights is None else weights.to(self.process.device)


class Pixels(nn.Module):
    """A classifier as the loss sees it: pictures to logits and nothing else."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        """uint8 [B, H, W, 3] to [B, C]."""
        return self.model.logits(image)


def scratch(session: Session) -> Phase:
    """Everything trains from the first step."""

    def thaw(_network: nn.Module, epoch: int) -> bool:
        return epoch == 1

    config = session.config.scratch
    parts = [Layers(session.model.head), Layers(session.model.trunk)]
    return _on_pictures(session, "scratch", config, parts, thaw)


def _on_pictures(
    session: Session,
    name: PhaseName,
    config: LoopConfig,
    parts: list[Layers],
    thaw: Callable[[nn.Module, int], bool],
) -> Phase:
    process, data = session.process, session.data
    with process.main_first():
        pictures, validation = data.train_pictures, data.validation

    def evaluate(network: nn.Module) -> Score:
        model = cast(Pixels, network).model
        return evaluate_pictures(model, validation, process, session.bfloat16)

    return Phase(
        name=name,
        config=config,
        network=Pixels(session.model),
        batches=TrainBatches(
            pictures, session.config, config.batch_size, rank=process.rank, world=process.world
        ),
        optimizers=make_optimizers(parts, config.optimizer),
        evaluate=evaluate,
        thaw=thaw,
        class_weights=session.class_weights,
        autocast=session.bfloat16,
    )


@torch.inference_mode()
def evaluate_pictures(
    model: Classifier, image_set: ImageSet, process: Process, bfloat16: bool
) -> Score:
    """As the finished model will answer, its mirror image included; each process does a part."""
    model.eval()
    mine = np.arange(process.rank, len(image_set), process.world)
    batch = max(1, EVALUATION_PIXELS // image_set.images[0, :, :, 0].size)
    totals = torch.zeros(2, dtype=torch.float64, device=process.device)
    for start in range(0, len(mine), batch):
        indices = mine[start : start + batch]
        images = torch.from_numpy(image_set.images[indices]).to(process.device)
        targets = torch.from_numpy(image_set.targets[indices]).to(process.device)
        with autocast(process.device, bfloat16):
            logits = model(images).logits.float()
        totals += _totals(logits, targets)
    loss, right = (process.sum(totals) / len(image_set)).tolist()
    return Score(loss, right)


def _totals(logits: Tensor, targets: Tensor) -> Tensor:
    """[2]: the sum of the losses and the number of right answers."""
    loss = functional.cross_entropy(logits, targets, reduction="sum")
    return torch.stack([loss.double(), (logits.argmax(dim=1) == targets).sum().double()])


RECIPES: dict[Recipe, tuple[tuple[PhaseName, Callable[[Session], Phase]], ...]] = {
    "scratch": (("scratch", scratch),),
}
