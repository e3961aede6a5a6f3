"""What a run found, as data: `report.json` of the artifact."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from training.config import Recipe
from training.results.findings import Findings
from training.results.groups import GroupSummary
from training.results.history import EpochRecord, FitVerdict
from training.results.labels import LabelCheck
from training.results.levels import Levels
from training.results.probe import ProbeFit
from training.results.scores import Evaluation
from training.results.unknown import SetCoverage, Unfamiliar
from visionflow import strict
from visionflow.datasets.run import CurvePoint
from visionflow.models.label_tree import Label
from visionflow.models.manifest import GateCheck, Precision, Quantization, never_unsure

Form = Literal["torch", "original", "reference", "fp32", "int8"]
FORM_NAMES: Mapping[Form, str] = {
    "torch": "torch (base)",
    "original": "file as given (base)",
    "reference": "trunk as it was (base)",
    "fp32": "ONNX fp32",
    "int8": "ONNX int8",
}


@dataclass(frozen=True)
class SplitSummary:
    """One part of the images. ``per_class``: in the order of the labels. ``sha256``: of the
    content. ``carved``: drawn out of the training folder by the seed, not a folder of its own.
    ``groups``: how many things its images show, see `GroupSummary`."""

    images: int
    per_class: tuple[int, ...]
    sha256: str
    carved: bool
    groups: int


@dataclass(frozen=True)
class DataSummary:
    """The images of a run. ``sha256``: of the training and validation images."""

    labels: tuple[str, ...]
    sha256: str
    seed: int
    train: SplitSummary
    validation: SplitSummary
    test: SplitSummary
    groups: GroupSummary


@dataclass(frozen=True)
class ModelMeasure:
    """One form of the model. Latency: median of single images on one thread."""

    form: Form
    bytes: int
    latency_p50_ms: float
    validation_top1: float


@dataclass(frozen=True)
class Parity:
    """How far ``form`` is from ``reference`` on the validation images.

    Largest absolute differences of the outputs, and the share of images with the same top-1.
    """

    reference: Form
    form: Form
    logits: float
    embedding: float
    cam: float
    top1_agreement: float


@dataclass(frozen=True)
class LadderStep:
    """One way of making int8 that was tried, in order.

    Drops are fp32 minus int8 of validation top-1, ``worst_class`` being the class that lost most;
    ``speedup`` is the latency of fp32 divided by that of int8. None: not measured, because an
    earlier check failed. ``reason``: why it did not pass.
    """

    name: str
    passed: bool
    top1_drop: float | None
    worst_class: str | None
    worst_class_drop: float | None
    speedup: float | None
    reason: str | None


@dataclass(frozen=True)
class Growth:
    """The effect of new classes on the old ones: top-1 of the old model (``before``) and of this
    one (``after``) on the same images of the old classes."""

    name: str
    version: str
    old_labels: tuple[str, ...]
    new_labels: tuple[str, ...]
    validation_before: float
    validation_after: float
    test_before: float
    test_after: float


@dataclass(frozen=True)
class Report:
    """Everything measured in one run.

    ``validation`` and ``test`` are the served model through the serving path, ``findings`` what
    lies behind ``test``. ``recipe``: ``adopted`` where the model was trained elsewhere; then there
    is no ``history``, and ``best_epoch`` and ``train_seconds`` are 0. ``probe``: of the recipe of
    that name. ``parameters``: how many the network has. ``growth``: of a model that got further
    classes. ``unfamiliar``: None where the model has no familiarity. ``prediction_sets``: at the
    coverages that the validation images suffice for. ``labels``: of all three parts. ``tree``: the
    labels in their order, then their parents; empty, and ``levels`` None, where labels have no
    parents. ``curve``: accuracy against labelled images, of an instant training.
    """

    name: str
    version: str
    created_at: str
    config: dict[str, Any]
    hardware: str
    library_versions: dict[str, str]
    git_commit: str | None
    data: DataSummary
    recipe: Recipe | Literal["adopted"]
    history: tuple[EpochRecord, ...]
    best_epoch: int
    stopped_early: bool
    train_seconds: float
    probe: ProbeFit | None
    verdict: FitVerdict
    parameters: int
    models: tuple[ModelMeasure, ...]
    parity: tuple[Parity, ...]
    gate: tuple[GateCheck, ...]
    quantization: Quantization
    ladder: tuple[LadderStep, ...]
    served: Precision
    temperature: float
    unknown_threshold: float
    validation: Evaluation
    test: Evaluation
    findings: Findings
    growth: Growth | None
    unfamiliar: Unfamiliar | None
    prediction_sets: tuple[SetCoverage, ...]
    labels: LabelCheck
    tree: tuple[Label, ...]
    levels: Levels | None
    curve: tuple[CurvePoint, ...] = ()

    @property
    def never_unsure(self) -> bool:
        """Whether the threshold holds no answer back."""
        return never_unsure(self.unknown_threshold, len(self.data.labels))

    def without_images(self) -> "Report":
        """The same measurements without a copy of anybody's image."""
        findings = replace(self.findings, right=(), wrong=(), mistakes=(), activations=None)
        suspects = tuple(replace(suspect, image=None) for suspect in self.labels.suspects)
        return replace(self, findings=findings, labels=replace(self.labels, suspects=suspects))

    def to_json(self) -> str:
        """One line: most of it is long rows of numbers."""
        return json.dumps(strict.to_dict(self), ensure_ascii=False, separators=(",", ":")) + "\n"

    @classmethod
    def parse(cls, text: str | bytes) -> "Report":
        """Raises `ConfigError` naming the field that is unknown, missing or mistyped. ``curve``
        may be missing, in reports from before it was measured."""
        data = strict.read_json(text, "report")
        if isinstance(data, dict):
            data.setdefault("curve", [])
        return strict.parse(cls, data, "report")
