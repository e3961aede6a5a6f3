"""What a run trains: images, their random changes, and a network."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from training.config.conditions import Condition

Balance = Literal["none", "inverse", "effective", "sampler"]
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
    "whitened_cnn",
)
TIMM = "timm:"
"""How the name of a network begins that the package timm builds."""
TIMM_NAME = TIMM + r"[\w.]+"

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

    def conditions(self) -> Iterator[Condition]:
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
    """Random changes of the training images, most of torchvision.transforms.v2."""

    crop: Literal["resized", "padded", "random"]
    crop_scale: float
    crop_padding: int
    horizontal_flip: bool
    color_jitter: float
    trivial_augment: bool
    random_erasing: float
    mixup: float
    cutmix: float

    def conditions(self) -> Iterator[Condition]:
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

    def conditions(self) -> Iterator[Condition]:
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


def _regex_fault(expression: str) -> str | None:
    """Why ``expression`` is not a regular expression; None where it is one."""
    try:
        re.compile(expression)
    except re.error as error:
        return str(error)
    return None
