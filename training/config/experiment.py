"""One experiment, described completely."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from training.config.conditions import Condition
from training.config.inputs import AugmentConfig, DataConfig, ModelConfig
from training.config.recipes import FinetuneConfig, LoopConfig, ProbeConfig, Recipe
from visionflow.errors import ConfigError
from visionflow.images.input_spec import InputSpec


@dataclass(frozen=True)
class ExportConfig:
    """ONNX, int8, and what int8 may cost."""

    opset: int
    calibration_images: int
    reduce_range: bool
    max_accuracy_drop: float
    max_class_drop: float
    ladder_seconds: float
    max_old_classes_drop: float
    known_kept: float
    right_answers: float

    def conditions(self) -> Iterator[Condition]:
        # Static quantization fails above 20; 18 is the exporter's lowest.
        yield "export.opset", "18 to 20", 18 <= self.opset <= 20
        yield "export.calibration_images", "at least 1", self.calibration_images >= 1
        yield "export.max_accuracy_drop", "at least 0", self.max_accuracy_drop >= 0
        yield "export.max_class_drop", "at least 0", self.max_class_drop >= 0
        yield "export.max_old_classes_drop", "at least 0", self.max_old_classes_drop >= 0
        yield "export.ladder_seconds", "at least 0", self.ladder_seconds >= 0
        yield "export.known_kept", "above 0, at most 1", 0 < self.known_kept <= 1
        yield "export.right_answers", "at least 0, at most 1", 0 <= self.right_answers <= 1


@dataclass(frozen=True)
class FloatRange:
    """A number between two bounds, drawn on a logarithmic scale where ``log``."""

    low: float
    high: float
    log: bool


@dataclass(frozen=True)
class Choices:
    """One of a list."""

    choices: tuple[Any, ...]


@dataclass(frozen=True)
class TuneConfig:
    """What `visionflow tune` searches; the best is judged by validation top-1."""

    trials: int
    # Stop starting trials after this much time; 0 means no limit.
    seconds: float
    # Dotted names of this config's fields, say ``finetune.body.optimizer.learning_rate``.
    space: dict[str, FloatRange | Choices]

    def conditions(self) -> Iterator[Condition]:
        yield "tune.trials", "at least 1", self.trials >= 1
        yield "tune.seconds", "at least 0", self.seconds >= 0


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what a run produces, apart from the images."""

    name: str
    version: str
    seed: int
    precision: Literal["float32", "bfloat16"]
    recipe: Recipe
    # Keep parameters, curves and results in ``mlflow.db`` (SQLite) beside the run's folder.
    mlflow: bool
    data: DataConfig
    input: InputSpec
    augment: AugmentConfig
    model: ModelConfig
    probe: ProbeConfig
    finetune: FinetuneConfig
    scratch: LoopConfig
    export: ExportConfig
    tune: TuneConfig

    def __post_init__(self) -> None:
        for field, expected, holds in self._conditions():
            if not holds:
                raise ConfigError(f"config: {field} must be {expected}")

    @property
    def epochs(self) -> int:
        """The most that a run can have, through all phases of its recipe."""
        if self.recipe in ("instant", "probe"):
            return 1
        finetune = (self.finetune.head, self.finetune.body)
        phases = finetune if self.recipe == "finetune" else (self.scratch,)
        return sum(phase.epochs for phase in phases)

    @property
    def network(self) -> ModelConfig:
        """``model`` as the recipe trains it: the head of a probe is linear."""
        return replace(self.model, head="linear") if self.recipe == "probe" else self.model

    def _conditions(self) -> Iterator[Condition]:
        yield "name", "not empty", bool(self.name)
        yield "version", "not empty", bool(self.version)
        yield "seed", "at least 0", self.seed >= 0
        yield from self.data.conditions()
        yield from self.augment.conditions()
        yield from self.model.conditions()
        yield from self.probe.conditions()
        yield from self.finetune.conditions()
        yield from self.scratch.conditions("scratch")
        yield from self.export.conditions()
        yield from self.tune.conditions()
