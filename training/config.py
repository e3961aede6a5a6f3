"""One experiment, described completely: a frozen dataclass and a TOML file with the same fields."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from visionflow.errors import ConfigError
from visionflow.input_spec import InputSpec
from visionflow.strict import parse

CONFIGS = Path(__file__).parent / "configs"


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes of the training pictures."""

    crop_padding: int
    """Shift by up to this many pixels in each direction; the border is mirrored."""
    horizontal_flip: bool
    cutout: int
    """Side in pixels of a square painted mid-grey; 0 for none."""


@dataclass(frozen=True)
class ModelConfig:
    """Which network. ``widths``: channels of the stem and of each stage."""

    name: Literal["residual_cnn"]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class OptimizerConfig:
    """Muon for convolutions, SGD for the rest; rates climb linearly to these peaks, then fall."""

    epochs: int
    batch_size: int
    muon_learning_rate: float
    muon_momentum: float
    learning_rate: float
    """Of SGD, with Nesterov ``momentum``."""
    momentum: float
    weight_decay: float
    """Of the head's weight alone; see `training.muon` for the convolutions."""
    warmup_fraction: float
    """Share of all steps that the climb takes."""
    label_smoothing: float
    ema_decay: float
    """Per step, of the averaged weights that are evaluated and exported; 0 exports the raw ones."""


@dataclass(frozen=True)
class ExportConfig:
    """ONNX and int8."""

    opset: int
    calibration_images: int
    """Training pictures that set the ranges of the int8 activations."""
    max_accuracy_drop: float
    """Largest loss of validation top-1, int8 against fp32, that still ships int8."""
    unknown_accuracy: float
    """The answer is `unknown` below the confidence where validation accuracy falls under this."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what a run produces, apart from the pictures."""

    name: str
    version: str
    seed: int
    validation_fraction: float
    """Share of the training pictures of each class that is held out to choose by."""
    precision: Literal["float32", "bfloat16"]
    input: InputSpec
    augment: AugmentConfig
    model: ModelConfig
    optimizer: OptimizerConfig
    export: ExportConfig

    def __post_init__(self) -> None:
        optimizer, export = self.optimizer, self.export
        for field, expected, holds in (
            ("validation_fraction", "between 0 and 1", 0 < self.validation_fraction < 1),
            ("model.widths", "at least 3 positive numbers", _are_widths(self.model.widths)),
            ("optimizer.warmup_fraction", "between 0 and 1", 0 < optimizer.warmup_fraction < 1),
            ("optimizer.epochs", "at least 1", optimizer.epochs >= 1),
            ("optimizer.batch_size", "at least 2", optimizer.batch_size >= 2),
            # Static quantization fails above 20; 18 is the exporter's lowest.
            ("export.opset", "18 to 20", 18 <= export.opset <= 20),
            ("export.calibration_images", "at least 1", export.calibration_images >= 1),
        ):
            if not holds:
                raise ConfigError(f"config: {field} must be {expected}")


def _are_widths(widths: tuple[int, ...]) -> bool:
    return len(widths) >= 3 and min(widths) > 0


def load_config(source: str) -> TrainConfig:
    """Read a TOML file, named by its path or as one of the committed `CONFIGS`.

    Raises `ConfigError` on a missing file and on any field that is off.
    """
    committed = CONFIGS / f"{source}.toml"
    path = committed if committed.exists() else Path(source)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{source}: neither a file nor the name of a committed config") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not readable as TOML ({error})") from error
    return parse(TrainConfig, data, path.name)
