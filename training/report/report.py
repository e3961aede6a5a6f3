"""What a run found, as data: `report.json` of the artifact."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from training.evaluation.metrics import Evaluation
from training.fit.history import EpochRecord
from visionflow import strict
from visionflow.manifest import Precision

Form = Literal["torch", "fp32", "int8"]
FORMS: tuple[Form, ...] = ("torch", "fp32", "int8")


@dataclass(frozen=True)
class DataSummary:
    """Which pictures: how many in each split, and the SHA-256 of the folders' content."""

    labels: tuple[str, ...]
    train: int
    validation: int
    test: int
    train_sha256: str
    test_sha256: str


@dataclass(frozen=True)
class ModelMeasure:
    """One form of the model. Latency: median of single pictures on one thread."""

    form: Form
    bytes: int
    latency_p50_ms: float
    validation_top1: float


@dataclass(frozen=True)
class Parity:
    """How far ``form`` is from ``reference`` on the validation pictures.

    Largest absolute differences of the outputs, and the share of pictures with the same top-1.
    """

    reference: Form
    form: Form
    logits: float
    embedding: float
    cam: float
    top1_agreement: float


@dataclass(frozen=True)
class Report:
    """Everything measured in one run. ``test`` is the served model, through the serving path."""

    name: str
    version: str
    created_at: str
    config: dict[str, Any]
    hardware: str
    library_versions: dict[str, str]
    data: DataSummary
    history: tuple[EpochRecord, ...]
    best_epoch: int
    models: tuple[ModelMeasure, ...]
    parity: tuple[Parity, ...]
    served: Precision
    temperature: float
    unknown_threshold: float
    validation: Evaluation
    test: Evaluation

    def to_json(self) -> str:
        return json.dumps(strict.to_dict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def parse(cls, text: str | bytes) -> "Report":
        """Raises `ConfigError` naming the field that is unknown, missing or mistyped."""
        return strict.parse_json(cls, text, "report")
