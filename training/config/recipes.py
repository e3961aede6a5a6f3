"""How a run trains: the settings of each recipe."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from training.config.conditions import Condition

Recipe = Literal["instant", "probe", "finetune", "scratch"]


@dataclass(frozen=True)
class OptimizerConfig:
    """What moves the weights."""

    name: Literal["adamw", "adam", "sgd", "muon"]
    learning_rate: float
    momentum: float
    weight_decay: float
    muon_learning_rate: float
    muon_momentum: float

    def conditions(self, where: str) -> Iterator[Condition]:
        yield f"{where}.learning_rate", "above 0", self.learning_rate > 0
        yield f"{where}.momentum", "at least 0, below 1", 0 <= self.momentum < 1
        yield f"{where}.weight_decay", "at least 0", self.weight_decay >= 0
        yield f"{where}.muon_learning_rate", "above 0", self.muon_learning_rate > 0
        yield f"{where}.muon_momentum", "at least 0, below 1", 0 <= self.muon_momentum < 1


@dataclass(frozen=True)
class ScheduleConfig:
    """How the learning rate moves below its peak."""

    name: Literal["cosine", "linear", "plateau", "one_cycle", "constant"]
    warmup: float
    plateau_factor: float
    plateau_patience: int

    def conditions(self, where: str) -> Iterator[Condition]:
        yield f"{where}.warmup", "at least 0, below 1", 0 <= self.warmup < 1
        yield f"{where}.plateau_factor", "between 0 and 1", 0 < self.plateau_factor < 1
        yield f"{where}.plateau_patience", "at least 1", self.plateau_patience >= 1


@dataclass(frozen=True)
class LoopConfig:
    """One pass of optimisation."""

    epochs: int
    batch_size: int
    label_smoothing: float
    gradient_clip: float
    ema_decay: float
    patience: int
    optimizer: OptimizerConfig
    schedule: ScheduleConfig

    def conditions(self, where: str) -> Iterator[Condition]:
        yield f"{where}.epochs", "at least 1", self.epochs >= 1
        yield f"{where}.batch_size", "at least 2", self.batch_size >= 2
        yield f"{where}.label_smoothing", "at least 0, below 1", 0 <= self.label_smoothing < 1
        yield f"{where}.gradient_clip", "at least 0", self.gradient_clip >= 0
        yield f"{where}.ema_decay", "at least 0, below 1", 0 <= self.ema_decay < 1
        yield f"{where}.patience", "at least 0", self.patience >= 0
        yield from self.optimizer.conditions(f"{where}.optimizer")
        yield from self.schedule.conditions(f"{where}.schedule")


@dataclass(frozen=True)
class ProbeConfig:
    """A linear head on frozen features, its penalty chosen by cross-validation."""

    views: int
    crop_scale: float
    penalties: tuple[float, ...]
    folds: int

    def conditions(self) -> Iterator[Condition]:
        positive = len(self.penalties) >= 1 and min(self.penalties) > 0
        yield "probe.views", "at least 0", self.views >= 0
        yield "probe.crop_scale", "above 0, at most 1", 0 < self.crop_scale <= 1
        yield "probe.penalties", "at least 1 positive number", positive
        yield "probe.folds", "at least 2", self.folds >= 2


@dataclass(frozen=True)
class FinetuneConfig:
    """The head alone on frozen features first, then the trunk from its top downwards."""

    head: LoopConfig
    body: LoopConfig
    stages: int
    unfreeze_every: int
    rate_decay: float
    batch_norm: Literal["frozen", "adapt"]

    def conditions(self) -> Iterator[Condition]:
        yield "finetune.stages", "at least 0", self.stages >= 0
        yield "finetune.unfreeze_every", "at least 0", self.unfreeze_every >= 0
        yield "finetune.rate_decay", "above 0, at most 1", 0 < self.rate_decay <= 1
        yield from self.head.conditions("finetune.head")
        yield from self.body.conditions("finetune.body")
