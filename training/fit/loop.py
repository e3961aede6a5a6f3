"""The training loop: from pictures to weights, through checkpoints that a killed run resumes."""

import math
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from training.data.augment import augment
from training.config import OptimizerConfig, TrainConfig
from training.data.image_set import ImageSet, TrainingData
from training.errors import TrainingError
from training.models.build import build_model
from training.models.classifier import Classifier
from training.fit.muon import Muon
from visionflow.strict import to_dict

EVALUATION_BATCH = 500


@dataclass(frozen=True)
class EpochRecord:
    """One epoch. Losses are cross-entropies in nats; the training loss is the smoothed one."""

    epoch: int
    learning_rate: float
    train_loss: float
    train_top1: float
    validation_loss: float
    validation_top1: float
    seconds: float


@dataclass(frozen=True)
class Fitted:
    """The weights of the best epoch by validation top-1, ready to evaluate, and how it went."""

    model: Classifier
    history: tuple[EpochRecord, ...]
    best_epoch: int


def fit(config: TrainConfig, data: TrainingData, checkpoint: Path) -> Fitted:
    """Train from scratch, or from the last finished epoch in ``checkpoint``.

    A resumed run ends with the weights an uninterrupted one ends with: every epoch draws its
    randomness from the seed and its own number.

    Raises `TrainingError` when the loss stops being finite or the checkpoint is of another run.
    """
    loop = _Loop(config, data)
    if checkpoint.exists():
        loop.restore(checkpoint)
    for epoch in range(len(loop.history) + 1, config.optimizer.epochs + 1):
        loop.run_epoch(epoch)
        loop.save(checkpoint)
    return loop.result()


def load_fitted(config: TrainConfig, data: TrainingData, checkpoint: Path) -> Fitted:
    """What `fit` returned for a run that is finished. Raises `TrainingError` where it is not."""
    if not checkpoint.exists():
        raise TrainingError(f"{checkpoint} does not exist; train first.")
    loop = _Loop(config, data)
    loop.restore(checkpoint)
    if len(loop.history) < config.optimizer.epochs:
        raise TrainingError(
            f"{checkpoint} has {len(loop.history)} of {config.optimizer.epochs} epochs; "
            "run the training again to finish it."
        )
    return loop.result()


def rate_factor(progress: float, warmup: float) -> float:
    """Share of the peak rate: a linear climb over ``warmup``, then a linear fall to zero.

    ``progress`` runs from 0 to 1 over the whole training.
    """
    return progress / warmup if progress < warmup else (1 - progress) / (1 - warmup)


@torch.inference_mode()
def predict_logits(model: Classifier, image_set: ImageSet, precision: str) -> Tensor:
    """float32 [N, C] on the CPU, with the model in evaluation mode."""
    device = model.head.weight.device
    model.eval()
    outputs = []
    for batch in torch.from_numpy(image_set.images).split(EVALUATION_BATCH):
        with _autocast(device, precision):
            outputs.append(model(batch.to(device)).logits.float().cpu())
    return torch.cat(outputs)


class _Loop:
    """What changes while a run goes on, and how it is kept."""

    def __init__(self, config: TrainConfig, data: TrainingData) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.data = data
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = build_model(config.model, len(data.train.labels))
        self.model.to(self.device).to(memory_format=torch.channels_last)
        self.averaged = AveragedModel(
            self.model,
            multi_avg_fn=get_ema_multi_avg_fn(config.optimizer.ema_decay),
            use_buffers=True,
        )
        self.optimizers = _optimizers(self.model, config.optimizer)
        self.peaks = [[g["lr"] for g in o.param_groups] for o in self.optimizers]
        self.history: list[EpochRecord] = []
        self.best: dict[str, Any] = {}

    def run_epoch(self, epoch: int) -> None:
        started = time.perf_counter()
        train_loss, train_top1 = self._train(epoch, self.data.train)
        candidate, validation = self._candidate(), self.data.validation
        logits = predict_logits(candidate, validation, self.config.precision)
        targets = torch.from_numpy(validation.targets)
        record = EpochRecord(
            epoch=epoch,
            learning_rate=self.optimizers[0].param_groups[0]["lr"],
            train_loss=train_loss,
            train_top1=train_top1,
            validation_loss=functional.cross_entropy(logits, targets).item(),
            validation_top1=_top1(logits, targets),
            seconds=time.perf_counter() - started,
        )
        self.history.append(record)
        if record.validation_top1 >= max(r.validation_top1 for r in self.history):
            weights = {name: value.clone() for name, value in candidate.state_dict().items()}
            self.best = {"epoch": epoch, "weights": weights}

    def _train(self, epoch: int, train_set: ImageSet) -> tuple[float, float]:
        config = self.config.optimizer
        generator = torch.Generator().manual_seed(self.config.seed + 1_000_003 * epoch)
        images, targets = torch.from_numpy(train_set.images), torch.from_numpy(train_set.targets)
        batch_size = min(config.batch_size, len(train_set))
        # The incomplete last batch is dropped: its noisier batch norm statistics cost accuracy.
        steps = len(train_set) // batch_size
        order = torch.randperm(len(train_set), generator=generator)[: steps * batch_size]
        total_loss = total_top1 = 0.0
        self.model.train()
        progress = tqdm(order.split(batch_size), desc=f"epoch {epoch}/{config.epochs}", leave=False)
        for step, indices in enumerate(progress):
            done = (epoch - 1 + step / steps) / config.epochs
            self._set_rates(rate_factor(done, config.warmup_fraction))
            batch = augment(images[indices], self.config.augment, generator)
            loss, top1 = self._step(batch.to(self.device), targets[indices].to(self.device))
            if not math.isfinite(loss):
                raise TrainingError(
                    f"The loss is {loss} in epoch {epoch}, step {step + 1}; "
                    "a lower learning rate usually helps."
                )
            total_loss += loss / steps
            total_top1 += top1 / steps
            progress.set_postfix(loss=f"{loss:.3f}", top1=f"{top1:.3f}", refresh=False)
        return total_loss, total_top1

    def _step(self, batch: Tensor, targets: Tensor) -> tuple[float, float]:
        with _autocast(self.device, self.config.precision):
            logits = self.model(batch).logits
        smoothing = self.config.optimizer.label_smoothing
        loss = functional.cross_entropy(logits.float(), targets, label_smoothing=smoothing)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer in self.optimizers:
            optimizer.step()
        self.averaged.update_parameters(self.model)
        return loss.item(), _top1(logits, targets)

    def _set_rates(self, factor: float) -> None:
        for optimizer, peaks in zip(self.optimizers, self.peaks, strict=True):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * factor

    def _candidate(self) -> Classifier:
        """The weights to evaluate and export."""
        averaged = cast(Classifier, self.averaged.module)
        return averaged if self.config.optimizer.ema_decay else self.model

    def save(self, path: Path) -> None:
        """Replace the checkpoint in one step, so that a kill leaves the old or the new one."""
        state = {
            "run": _identity(self.config, self.data),
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "history": [vars(record) for record in self.history],
            "best": self.best,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def restore(self, path: Path) -> None:
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["run"] != _identity(self.config, self.data):
            raise TrainingError(
                f"{path} belongs to another config or other pictures; choose another folder, or "
                "delete the file to start afresh."
            )
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.history = [EpochRecord(**record) for record in state["history"]]
        self.best = state["best"]

    def result(self) -> Fitted:
        model = build_model(self.config.model, self.model.head.out_features)
        model.load_state_dict(self.best["weights"])
        return Fitted(model.eval(), tuple(self.history), self.best["epoch"])


def _optimizers(model: Classifier, config: OptimizerConfig) -> tuple[torch.optim.Optimizer, ...]:
    """Muon for the convolutions, SGD for the head and batch norm."""
    convolutions = [p for p in model.trunk.parameters() if p.ndim == 4]
    scales = [p for p in model.parameters() if p.ndim == 1]
    sgd = torch.optim.SGD(
        [
            {"params": [model.head.weight], "weight_decay": config.weight_decay},
            # Decaying batch norm's scale and shift costs accuracy and regularises nothing.
            {"params": scales, "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        momentum=config.momentum,
        nesterov=True,
    )
    return Muon(convolutions, config.muon_learning_rate, config.muon_momentum), sgd


def _identity(config: TrainConfig, data: TrainingData) -> Mapping[str, Any]:
    """What must be equal for a checkpoint to be continued: all that shaped the weights."""
    fields: dict[str, Any] = to_dict(config)
    for shapes_no_weight in ("name", "version", "export"):
        del fields[shapes_no_weight]
    return {"config": fields, "dataset_sha256": data.sha256}


def _autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def _top1(logits: Tensor, targets: Tensor) -> float:
    return (logits.argmax(dim=1) == targets).float().mean().item()
