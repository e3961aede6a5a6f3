"""The model artifact's manifest: everything that serving needs to know about a version.

A manifest is read strictly: an unknown or a missing field is a `ConfigError`, never a default, so a
producer and a consumer of different ages cannot quietly disagree.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from visionflow import strict
from visionflow.errors import ArtifactError, ConfigError
from visionflow.images.input_spec import InputSpec
from visionflow.models.label_tree import Label, LabelTree

MANIFEST_NAME = "manifest.json"

Precision = Literal["fp32", "int8"]


@dataclass(frozen=True)
class FileEntry:
    """A file, relative to the artifact's folder: its SHA-256 in hex and its size in bytes."""

    path: str
    sha256: str
    size: int

    @classmethod
    def of(cls, folder: Path, path: str) -> "FileEntry":
        """Measure an existing file."""
        data = (folder / path).read_bytes()
        return cls(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data))

    def check(self, data: bytes) -> None:
        """Raise `ArtifactError` unless ``data`` is this file's content."""
        if len(data) != self.size or hashlib.sha256(data).hexdigest() != self.sha256:
            raise ArtifactError(f"{self.path}: content differs from the manifest's checksum")


@dataclass(frozen=True)
class Quantization:
    """How the int8 model was made, or why it was not."""

    scheme: str
    calibration: str
    calibration_images: int
    excluded_nodes: tuple[str, ...]
    fallback_reason: str | None


@dataclass(frozen=True)
class Familiarity:
    """How images that the model was never taught are recognised.

    An image is unfamiliar when its `FamiliarImages.familiarity`, by those in ``file``, is under
    ``threshold``, or its `finest_detail` under ``least_detail``. ``kept``: the share of validation
    images that get an answer.
    """

    file: FileEntry
    threshold: float
    least_detail: float
    kept: float


@dataclass(frozen=True)
class GateCheck:
    """One measured condition for promotion."""

    name: str
    value: float
    limit: float
    passed: bool


@dataclass(frozen=True)
class Manifest:
    """One version of one model. ``created_at`` is ISO 8601 in UTC.

    ``labels`` are the classes, in the order of the logits; ``parents``, which may be empty, the
    inner nodes of the tree above them. An answer is unsure when no label or parent has a confidence
    of ``unknown_threshold``. ``conformity``: the confidence in the true label of each validation
    image, rising; prediction sets are made from it.
    """

    schema_version: Literal[3]
    name: str
    version: str
    created_at: str
    labels: tuple[Label, ...]
    parents: tuple[Label, ...]
    input: InputSpec
    precision: Precision
    files: dict[Precision, FileEntry]
    extra_files: tuple[FileEntry, ...]
    opset: int
    quantization: Quantization
    temperature: float
    unknown_threshold: float
    familiarity: Familiarity | None
    conformity: tuple[float, ...]
    metrics: dict[str, float]
    gate: tuple[GateCheck, ...]
    dataset_sha256: str
    config: dict[str, Any]
    git_commit: str | None
    library_versions: dict[str, str]

    def __post_init__(self) -> None:
        # A tree that is none is refused here, not by the first image.
        self.label_tree()
        if self.precision not in self.files:
            raise ConfigError("manifest.files: must hold the served precision")
        if any(not 0 <= p <= 1 for p in self.conformity) or [*self.conformity] != sorted(
            self.conformity
        ):
            raise ConfigError("manifest.conformity: must rise within 0..1")
        if self.temperature <= 0:
            raise ConfigError(f"manifest.temperature: must be positive, found {self.temperature}")
        for entry in self.all_files():
            if Path(entry.path).is_absolute() or ".." in Path(entry.path).parts:
                raise ConfigError(f"manifest.files: {entry.path} leaves the artifact's folder")

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def label_tree(self) -> LabelTree:
        return LabelTree(self.labels, self.parents)

    @property
    def served_file(self) -> FileEntry:
        """The ONNX file that the Lambdas load."""
        return self.files[self.precision]

    @property
    def served_files(self) -> tuple[FileEntry, ...]:
        """All that the Lambdas load: the ONNX file, and the stored embeddings where there are."""
        return (self.served_file, *self._embeddings())

    def all_files(self) -> tuple[FileEntry, ...]:
        return (*self.files.values(), *self._embeddings(), *self.extra_files)

    def _embeddings(self) -> tuple[FileEntry, ...]:
        return (self.familiarity.file,) if self.familiarity else ()

    @classmethod
    def parse(cls, text: str | bytes) -> "Manifest":
        """Raises `ConfigError` naming the field that is unknown, missing or mistyped.

        A manifest of schema 1 or 2 gets what it did not have: no familiarity, no conformity and no
        parents.
        """
        document = strict.read_json(text, "manifest")
        if isinstance(document, dict):
            document = _upgraded(document)
        return strict.parse(cls, document, "manifest")

    def to_json(self) -> str:
        return json.dumps(strict.to_dict(self), indent=2, ensure_ascii=False) + "\n"


def _upgraded(document: dict[str, Any]) -> dict[str, Any]:
    if document.get("schema_version") == 1:
        document = {"familiarity": None, "conformity": [], **document, "schema_version": 2}
    if document.get("schema_version") == 2:
        document = {"parents": [], **document, "schema_version": 3}
    return document


def read_artifact(folder: Path) -> Manifest:
    """Parse the manifest in ``folder`` and verify every file against it.

    Raises `ConfigError` for the manifest and `ArtifactError` for a missing or altered file.
    """
    try:
        manifest = Manifest.parse((folder / MANIFEST_NAME).read_bytes())
    except FileNotFoundError as error:
        raise ArtifactError(
            f"{folder}: no {MANIFEST_NAME}, so this is not a model version"
        ) from error
    for entry in manifest.all_files():
        try:
            entry.check((folder / entry.path).read_bytes())
        except FileNotFoundError as error:
            raise ArtifactError(f"{entry.path}: named by the manifest, but missing") from error
    return manifest


def artifact_prefix(name: str, version: str) -> str:
    """The prefix of a version in the models bucket."""
    return f"models/{name}/{version}/"
