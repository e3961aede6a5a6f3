"""What each recipe trains, on which data, how fast: a probe's fit, the phases of the others."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from training.config import LoopConfig, Recipe, TrainConfig
from training.data.balance import class_weights
from training.data.batches import TrainBatches
from training.data.training_data import TrainingData
from training.fit.distributed import Process
from training.fit.features import FeatureBatches, FeatureStore, estimate_batch_norm
from training.fit.frozen_maps import FrozenMaps
from training.fit.linear.logistic_regression import Float32Array
from training.fit.linear.penalty import Known, choose_penalty, fit_head
from training.fit.loop import Phase
from training.fit.optim.optimizers import Part, make_optimizers
from training.fit.precision import has_bfloat16
from training.fit.validation import Score, score_features, score_images
from training.networks.network import ConvNet
from training.networks.trunks.whitened_cnn import WhiteningStem
from training.results.history import EpochRecord, PhaseName
from training.results.probe import ProbeFit

WHITENED_BY = 5000
"""Training images that a whitening stem is computed from."""


@dataclass(frozen=True)
class Session:
    """What all phases of a run share."""

    config: TrainConfig
    data: TrainingData
    run: Path
    model: ConvNet
    process: Process

    @property
    def bfloat16(self) -> bool:
        """Whether convolutions compute in bfloat16: asked for, and the device can."""
        return self.config.precision == "bfloat16" and has_bfloat16(self.process.device)

    @property
    def balancing_weights(self) -> Float32Array | None:
        """float32 [C], where an imbalance of the classes is answered in the loss.

        A probe's head is fitted to all images at once: what a sampler would draw, it weighs.
        """
        balance = self.config.data.balance
        if (self.config.recipe, balance) == ("probe", "sampler"):
            balance = "inverse"
        return class_weights(self.data.splits.train.counts, balance)

    @property
    def class_weights(self) -> Tensor | None:
        """`balancing_weights` for a loss of torch."""
        weights = self.balancing_weights
        return None if weights is None else torch.from_numpy(weights).to(self.process.device)


class Pixels(nn.Module):
    """A classifier as the loss sees it: images to logits and nothing else."""

    def __init__(self, model: ConvNet) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        """uint8 [B, H, W, 3] to [B, C]."""
        return self.model.logits(image)


def scratch(session: Session) -> Phase:
    """Everything trains from the first step."""
    _whiten(session)
    parts = [Part(session.model.head), Part(session.model.trunk)]
    return _on_images(session, "scratch", session.config.scratch, parts, lambda _epoch: None)


def _whiten(session: Session) -> None:
    """Compute a whitening stem from training images; a resumed run has the same ones."""
    model, images = session.model, session.data.train_images.images
    for layer in model.trunk.modules():
        if isinstance(layer, WhiteningStem):
            generator = np.random.default_rng(session.config.seed)
            some = np.sort(generator.permutation(len(images))[:WHITENED_BY])
            pixels = torch.from_numpy(np.array(images[some])).permute(0, 3, 1, 2).float()
            layer.whiten((pixels - model.mean.cpu()) / model.std.cpu())


@torch.no_grad()
def fit_probe(session: Session) -> tuple[ProbeFit, EpochRecord, Tensor]:
    """Fit the head to features of the trunk as it is, and say how well it answers; and the features
    of the validation images, [N, views, F].

    Beside the views that the network answers with, ``probe.views`` random crops are training
    images. L-BFGS has no learning rate: its steps are recorded as 1.
    """
    started = time.perf_counter()
    process, data, model, config = session.process, session.data, session.model, session.config
    seen, held_out = _features(session)
    known = Known(
        features=_with_crops(session, seen).cpu().numpy(),
        targets=data.train_images.targets,
        groups=data.group_numbers["train"],
        classes=len(data.labels),
        widths=model.widths,
        class_weights=session.balancing_weights,
    )
    chosen = choose_penalty(known, config.probe, config.seed)
    fitted = fit_head(known, config.probe, chosen.penalty)
    linear = cast(nn.Linear, model.head[-1])
    found = [torch.from_numpy(each).to(process.device) for each in (fitted.weights.T, fitted.bias)]
    for weight, value in zip((linear.weight, linear.bias), found, strict=True):
        # Sums of another process may differ in their last bits.
        weight.copy_(process.sum(value.clone() if process.main else torch.zeros_like(value)))
    targets = [torch.from_numpy(part.targets) for part in (data.train_images, data.validation)]
    train, validation = (
        score_features(model.head, features, right.to(process.device), process)
        for features, right in zip((seen, held_out), targets, strict=True)
    )
    record = EpochRecord(
        phase="probe",
        epoch=1,
        learning_rate=1.0,
        train_loss=train.loss,
        train_top1=train.top1,
        validation_loss=validation.loss,
        validation_top1=validation.top1,
        seconds=time.perf_counter() - started,
    )
    return chosen, record, held_out


def head(session: Session) -> Phase:
    """The first half of ``finetune``: a trained head sends no large first gradients into the
    trunk."""
    process, data, model = session.process, session.data, session.model
    config = session.config.finetune.head
    seen, held_out = _features(session)
    estimate_batch_norm(model.head, seen)
    targets = torch.from_numpy(data.validation.targets).to(process.device)
    return Phase(
        name="head",
        config=config,
        network=model.head,
        batches=FeatureBatches(
            seen, data.train_images.targets, session.config, config.batch_size, process
        ),
        optimizers=make_optimizers([Part(model.head)], config.optimizer),
        evaluate=lambda network: score_features(network, held_out, targets, process),
        freeze=lambda _epoch: None,
        class_weights=session.class_weights,
        autocast=False,
    )


def body(session: Session) -> Phase:
    """The second half: head and trunk, stage by stage from the top (Howard & Ruder 2018,
    arXiv:1801.06146)."""
    config, model = session.config.finetune, session.model
    from_top = [stage for _, stage in reversed(model.stages())]
    trained = from_top[: config.stages or None]
    known = FrozenMaps()

    def thawed_stages(epoch: int) -> int:
        due = 1 + (epoch - 1) // config.unfreeze_every if config.unfreeze_every else len(trained)
        return min(due, len(trained))

    def freeze(epoch: int) -> None:
        for depth, stage in enumerate(from_top):
            thawed = depth < thawed_stages(epoch)
            stage.requires_grad_(thawed).train(thawed)
        known.stages = len(from_top) - thawed_stages(epoch + 1)
        if config.batch_norm == "frozen":
            for layer in model.trunk.modules():
                if isinstance(layer, _BatchNorm):
                    layer.eval()

    parts = [Part(model.head)]
    parts += [Part(stage, config.rate_decay**depth) for depth, stage in enumerate(trained)]
    return _on_images(session, "body", config.body, parts, freeze, known)


PHASES: dict[Recipe, tuple[tuple[PhaseName, Callable[[Session], Phase]], ...]] = {
    "instant": (),
    "probe": (),
    "finetune": (("head", head), ("body", body)),
    "scratch": (("scratch", scratch),),
}
"""The phases of each recipe, in order; a head that is fitted at once has none."""


def _on_images(
    session: Session,
    name: PhaseName,
    config: LoopConfig,
    parts: list[Part],
    freeze: Callable[[int], None],
    known: FrozenMaps | None = None,
) -> Phase:
    process, data = session.process, session.data
    if process.device.type != "cpu" or session.model.mirror:
        # A GPU's memory is for training, and a mirror image has maps of its own.
        known = None

    def evaluate(network: nn.Module) -> Score:
        model = cast(Pixels, network).model
        return score_images(model, data.validation, process, known)

    return Phase(
        name=name,
        config=config,
        network=Pixels(session.model),
        batches=TrainBatches(
            data.train_upright_images,
            session.config,
            config.batch_size,
            rank=process.rank,
            world=process.world,
        ),
        optimizers=make_optimizers(parts, config.optimizer),
        evaluate=evaluate,
        freeze=freeze,
        class_weights=session.class_weights,
        autocast=session.bfloat16,
    )


def _features(session: Session) -> tuple[Tensor, Tensor]:
    """Pooled features of the training and validation images, [N, views, F] in float32, in the views
    that the network answers with."""
    data = session.data
    train, validation = (
        store.features(images, f"{listing.sha256} {data.spec}", mirrored=session.model.mirror)
        for store, images, listing in (
            (_store(session, session.bfloat16), data.train_images, data.splits.train),
            # Scores are of the network as it is exported: in float32.
            (_store(session, bfloat16=False), data.validation, data.splits.validation),
        )
    )
    return train, validation


def _with_crops(session: Session, seen: Tensor) -> Tensor:
    """``seen`` and random crops of the training images.

    Their colours stay: a frozen trunk cannot learn to disregard them, and other colours are other
    features.
    """
    data, config = session.data, session.config
    if not config.probe.views:
        return seen
    crops = replace(
        config.augment,
        crop="resized",
        crop_scale=config.probe.crop_scale,
        color_jitter=0.0,
        trivial_augment=False,
        random_erasing=0.0,
        mixup=0.0,
        cutmix=0.0,
    )
    images, sha256 = data.train_upright_images, data.splits.train.sha256
    augmented = _store(session, session.bfloat16).augmented(
        images, sha256, replace(config, augment=crops), config.probe.views
    )
    return torch.cat([seen, augmented], dim=1)


def _store(session: Session, bfloat16: bool) -> FeatureStore:
    folder = session.data.cache or session.run
    return FeatureStore(session.model, folder, session.process, bfloat16)
