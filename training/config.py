"""One experiment, described completely: a frozen dataclass and the TOML that fills it.

`configs/defaults.toml` states every field. An experiment's own file states what differs, flags of
the command line what differs from that; after the three are laid over each other an unknown key or
a value out of its range is a `ConfigError`. `texts/config.toml` says what each field means, in the
languages of the people who set it.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from visionflow.errors import ConfigError
from visionflow.images.input_spec import InputSpec
from visionflow.strict import parse

CONFIGS = Path(__file__).parent / "configs"
DEFAULTS = CONFIGS / "defaults.toml"

Balance = Literal["none", "inverse", "effective", "sampler"]
Recipe = Literal["instant", "probe", "finetune", "scratch"]
NETWORKS = (
    "resnet18",
    "resnet34",
    "resnet50",
    "vgg16",
    "efficientnet_b0",
    "efficientnet_lite0",
    "densenet121",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "small_cnn",
    "residual_cnn",
)
TIMM = "timm:"
"""How the name of a network begins that the package timm builds."""
TIMM_NAME = TIMM + r"[\w.]+"

_Condition = tuple[str, str, bool]

_GROUPINGS = ("auto", "content", "folder", "exif-minute")
_GROUPINGS_BY = ("prefix", "csv")


@dataclass(frozen=True)
class DataConfig:
    """How images are divided and how an imbalance of the classes is answered."""

    validation: float
    test: float
    group_by: str
    parents: str
    balance: Balance
    workers: int
    skip_unreadable: bool

    def conditions(self) -> Iterator[_Condition]:
        name, _, argument = self.group_by.partition(":")
        known = self.group_by in _GROUPINGS or (name in _GROUPINGS_BY and argument != "")
        choices = ", ".join((*_GROUPINGS, "prefix:REGEX"))
        yield "data.group_by", f"{choices} or csv:FILE, not {self.group_by!r}", known
        fault = _regex_fault(argument) if name == "prefix" else None
        yield "data.group_by", f"prefix: and a regular expression ({fault})", fault is None
        rule, _, table = self.parents.partition(":")
        known = self.parents in ("auto", "none") or (rule == "csv" and table != "")
        yield "data.parents", f"auto, none or csv:FILE, not {self.parents!r}", known
        yield "data.validation", "above 0 and below 1", 0 < self.validation < 1
        yield "data.test", "above 0 and below 1", 0 < self.test < 1
        yield "data.validation + data.test", "below 1", self.validation + self.test < 1
        yield "data.workers", "at least 0", self.workers >= 0


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes of the training images, all of torchvision.transforms.v2."""

    crop: Literal["resized", "padded", "random"]
    crop_scale: float
    crop_padding: int
    horizontal_flip: bool
    color_jitter: float
    trivial_augment: bool
    random_erasing: float
    mixup: float
    cutmix: float

    def conditions(self) -> Iterator[_Condition]:
        yield "augment.crop_scale", "above 0, at most 1", 0 < self.crop_scale <= 1
        yield "augment.crop_padding", "at least 0", self.crop_padding >= 0
        yield "augment.color_jitter", "between 0 and 1", 0 <= self.color_jitter <= 1
        yield "augment.random_erasing", "between 0 and 1", 0 <= self.random_erasing <= 1
        yield "augment.mixup", "at least 0", self.mixup >= 0
        yield "augment.cutmix", "at least 0", self.cutmix >= 0


@dataclass(frozen=True)
class ModelConfig:
    """Which network, with which head and which weights to begin from."""

    name: str
    widths: tuple[int, ...]
    head: Literal["linear", "mlp"]
    hidden: int
    dropout: float
    weights: str
    mirror: bool
    grow_from: str

    @property
    def parts(self) -> tuple["ModelConfig", ...]:
        """Of ``a+b``, networks side by side, each with its weights; else this one alone.

        Weights that are not joined by ``+`` too are those of every network.
        """
        names = self.name.split("+")
        if len(names) == 1:
            return (self,)
        weights = self.weights.split("+") if "+" in self.weights else [self.weights] * len(names)
        return tuple(replace(self, name=n, weights=w) for n, w in zip(names, weights, strict=False))

    def conditions(self) -> Iterator[_Condition]:
        names = self.name.split("+")
        choices = ", ".join(NETWORKS)
        for name in names:
            known = name in NETWORKS or re.fullmatch(TIMM_NAME, name) is not None
            yield "model.name", f"{TIMM}NAME or one of {choices}, not {name!r}", known
        yield "model.name", "different networks", len(set(names)) == len(names)
        if len(names) > 1 and "+" in self.weights:
            each = len(self.weights.split("+")) == len(names)
            yield "model.weights", f"one for all or {len(names)}, joined by +", each
        widths = len(self.widths) >= 3 and min(self.widths) > 0
        yield "model.widths", "at least 3 positive numbers", widths
        yield "model.hidden", "at least 1", self.hidden >= 1
        yield "model.dropout", "at least 0, below 1", 0 <= self.dropout < 1


@dataclass(frozen=True)
class OptimizerConfig:
    """What moves the weights."""

    name: Literal["adamw", "adam", "sgd", "muon"]
    learning_rate: float
    momentum: float
    weight_decay: float
    muon_learning_rate: float
    muon_momentum: float

    def conditions(self, where: str) -> Iterator[_Condition]:
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

    def conditions(self, where: str) -> Iterator[_Condition]:
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

    def conditions(self, where: str) -> Iterator[_Condition]:
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

    def conditions(self) -> Iterator[_Condition]:
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

    def conditions(self) -> Iterator[_Condition]:
        yield "finetune.stages", "at least 0", self.stages >= 0
        yield "finetune.unfreeze_every", "at least 0", self.unfreeze_every >= 0
        yield "finetune.rate_decay", "above 0, at most 1", 0 < self.rate_decay <= 1
        yield from self.head.conditions("finetune.head")
        yield from self.body.conditions("finetune.body")


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

    def conditions(self) -> Iterator[_Condition]:
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

    def conditions(self) -> Iterator[_Condition]:
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

    def _conditions(self) -> Iterator[_Condition]:
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


def _regex_fault(expression: str) -> str | None:
    """Why ``expression`` is not a regular expression; None where it is one."""
    try:
        re.compile(expression)
    except re.error as error:
        return str(error)
    return None


def committed_configs() -> tuple[str, ...]:
    """The names that `load_config` knows without a path."""
    return tuple(sorted(path.stem for path in CONFIGS.glob("*.toml") if path != DEFAULTS))


def load_config(source: str, overrides: Mapping[str, Any] | None = None) -> TrainConfig:
    """Read a TOML file, named by its path or as one of `committed_configs`.

    ``overrides`` maps dotted field names to values and wins over the file, as the file wins over
    `DEFAULTS`. Raises `ConfigError` on a missing file and on any field that is off.
    """
    committed = CONFIGS / f"{source}.toml"
    path = committed if source in committed_configs() else Path(source)
    merged = merge(_read(DEFAULTS), _read(path))
    return parse(TrainConfig, with_fields(merged, overrides or {}), path.name)


def with_fields(table: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """``table`` with other ``values`` of fields, by dotted name."""
    changed = dict(table)
    for field, value in values.items():
        changed = merge(changed, _nested(field, value))
    return changed


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``below`` with every value that ``above`` has too replaced by that one, table by table.

    The search space is a whole: an experiment that states one replaces it.
    """
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        nested = isinstance(value, Mapping) and isinstance(old, Mapping) and key != "space"
        merged[key] = merge(old, value) if nested else value  # type: ignore[arg-type]
    return merged


def dotted(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested tables under their dotted names, as on the command line."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from dotted(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _nested(field: str, value: Any) -> dict[str, Any]:
    for key in reversed(field.split(".")):
        value = {key: value}
    return dict(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(committed_configs())
        raise ConfigError(f"{path}: neither a file nor a committed config ({known})") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not readable as TOML ({error})") from error
