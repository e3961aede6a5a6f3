"""The model artifact's manifest: everything that serving needs to know about a version.

A manifest is read strictly: an unknown or a missing field is a `ConfigError`, never a default, so a
producer and a consumer of different ages cannot quietly disagree.
"""

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from visionflow import strict
from visionflow.bounds import check_count, check_number, check_sha256, check_text, check_tree
from visionflow.errors import ArtifactError, ConfigError
from visionflow.images.input_spec import InputSpec
from visionflow.models.label_tree import Label, LabelTree

MANIFEST_NAME = "manifest.json"

Precision = Literal["fp32", "int8"]

# The API's answer holds the manifest and a report of 4 MB, and Lambda's may have 6 MB.
MAX_MANIFEST_BYTES = 2_000_000
# Lambda's cache holds 512 MB: what serves, and the version that takes its place.
MAX_SERVED_BYTES = 250_000_000
MAX_FILE_BYTES = 2_000_000_000
MAX_EXTRA_FILES = 500
# Of one validation image each; runs keep 1,000.
MAX_CONFORMITY = 50_000
MAX_ENTRIES = 500
# Nodes of a network that int8 leaves out; their names come from the network.
MAX_NODES, MAX_NODE_NAME = 10_000, 500
MAX_REASON = 2_000
OPSETS = (7, 50)
CONFIG_DEPTH = 8

_PATH = re.compile(
    r"([A-Za-z0-9_][A-Za-z0-9_ .=+-]{0,99}/){0,4}[A-Za-z0-9_][A-Za-z0-9_ .=+-]{0,99}"
)
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


@dataclass(frozen=True)
class FileEntry:
    """A file, relative to the artifact's folder: its SHA-256 in hex and its size in bytes."""

    path: str
    sha256: str
    size: int

    def __post_init__(self) -> None:
        # A path is part of an object's key, of a URL and of a folder on any machine.
        if not _PATH.fullmatch(self.path) or self.path == MANIFEST_NAME:
            raise ConfigError(
                f"manifest.files: {self.path!a:.80} cannot be the path of a file in the "
                "artifact's folder; letters (A-Z, a-z), digits, blanks and ._=+- are allowed"
            )
        check_sha256(f"manifest.files.{self.path}.sha256", self.sha256)
        check_number(f"manifest.files.{self.path}.size", self.size, 0, MAX_FILE_BYTES)

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

    def __post_init__(self) -> None:
        check_text("manifest.quantization.scheme", self.scheme)
        check_text("manifest.quantization.calibration", self.calibration)
        check_number("manifest.quantization.calibration_images", self.calibration_images, 0, 1e9)
        check_count("manifest.quantization.excluded_nodes", len(self.excluded_nodes), MAX_NODES)
        for node in self.excluded_nodes:
            check_text("manifest.quantization.excluded_nodes", node, MAX_NODE_NAME)
        if self.fallback_reason is not None:
            check_text("manifest.quantization.fallback_reason", self.fallback_reason, MAX_REASON)


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

    def __post_init__(self) -> None:
        # Both are made of cosines, and of ratios of grey levels.
        check_number("manifest.familiarity.threshold", self.threshold, -10, 10)
        check_number("manifest.familiarity.least_detail", self.least_detail, 0, 1_000)
        check_number("manifest.familiarity.kept", self.kept, 0, 1)


@dataclass(frozen=True)
class GateCheck:
    """One measured condition for promotion."""

    name: str
    value: float
    limit: float
    passed: bool

    def __post_init__(self) -> None:
        check_text("manifest.gate.name", self.name)
        # What came out as no number is recorded as the largest one.
        for what, value in (("value", self.value), ("limit", self.limit)):
            largest = sys.float_info.max
            check_number(f"manifest.gate.{self.name}.{what}", value, -largest, largest)


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
        self._check_texts()
        self._check_numbers()
        self._check_files()

    def _check_texts(self) -> None:
        check_text("manifest.name", self.name)
        check_text("manifest.version", self.version)
        check_sha256("manifest.dataset_sha256", self.dataset_sha256)
        if self.git_commit is not None:
            check_text("manifest.git_commit", self.git_commit)
        check_count("manifest.library_versions", len(self.library_versions), MAX_ENTRIES)
        for library, version in self.library_versions.items():
            check_text("manifest.library_versions", library)
            check_text(f"manifest.library_versions.{library}", version)
        try:
            if not _UTC.fullmatch(self.created_at):
                raise ValueError
            datetime.fromisoformat(self.created_at)
        except ValueError as error:
            raise ConfigError(
                "manifest.created_at: must be a time in UTC such as 2030-01-01T00:00:00Z, found "
                f"{self.created_at!a:.80}"
            ) from error

    @property
    def never_unsure(self) -> bool:
        """Whether every answer names a label, unless the image is unfamiliar."""
        return never_unsure(self.unknown_threshold, len(self.labels))

    def _check_numbers(self) -> None:
        check_number("manifest.opset", self.opset, *OPSETS)
        check_number("manifest.temperature", self.temperature, 1e-3, 1e3)
        check_number("manifest.unknown_threshold", self.unknown_threshold, 0, 1)
        check_count("manifest.conformity", len(self.conformity), MAX_CONFORMITY)
        if any(not 0 <= p <= 1 for p in self.conformity) or [*self.conformity] != sorted(
            self.conformity
        ):
            raise ConfigError("manifest.conformity: must rise within 0..1")
        check_count("manifest.metrics", len(self.metrics), MAX_ENTRIES)
        for name, value in self.metrics.items():
            check_text("manifest.metrics", name)
            check_number(f"manifest.metrics.{name}", value)
        check_count("manifest.gate", len(self.gate), MAX_ENTRIES)
        check_tree("manifest.config", self.config, CONFIG_DEPTH)

    def _check_files(self) -> None:
        if self.precision not in self.files:
            raise ConfigError("manifest.files: must hold the served precision")
        check_count("manifest.extra_files", len(self.extra_files), MAX_EXTRA_FILES)
        entries = {*self.all_files()}
        if len({entry.path for entry in entries}) < len(entries):
            raise ConfigError("manifest.files: one path stands for two files")
        served = sum(entry.size for entry in self.served_files)
        check_number("manifest.files: bytes of what is served", served, 1, MAX_SERVED_BYTES)

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def label_tree(self) -> LabelTree:
        return self._label_tree

    @cached_property
    def _label_tree(self) -> LabelTree:
        # Every direct call asks for it, and a thousand labels take a millisecond.
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
        """Raises `ConfigError` naming the field that is unknown, missing, mistyped or out of range.

        A manifest of schema 1 or 2 gets what it did not have: no familiarity, no conformity and no
        parents.
        """
        if len(text) > MAX_MANIFEST_BYTES:
            raise ConfigError(
                f"manifest: at most {MAX_MANIFEST_BYTES:,} bytes are read, found {len(text):,}"
            )
        document = strict.read_json(text, "manifest")
        if isinstance(document, dict):
            document = _upgraded(document)
        return strict.parse(cls, document, "manifest")

    def to_json(self) -> str:
        return json.dumps(strict.to_dict(self), indent=2, ensure_ascii=False) + "\n"


def never_unsure(threshold: float, labels: int) -> bool:
    """Whether the best of ``labels`` reaches ``threshold`` whatever the image: its confidence is at
    least that of guessing."""
    return threshold * labels <= 1


def _upgraded(document: dict[str, Any]) -> dict[str, Any]:
    if document.get("schema_version") == 1:
        document = {"familiarity": None, "conformity": [], **document, "schema_version": 2}
    if document.get("schema_version") == 2:
        document = {"parents": [], **document, "schema_version": 3}
    return document


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the artifact in ``folder``.

    Raises `ConfigError` for what it says and `ArtifactError` where there is none.
    """
    try:
        return Manifest.parse((folder / MANIFEST_NAME).read_bytes())
    except FileNotFoundError as error:
        raise ArtifactError(
            f"{folder}: no {MANIFEST_NAME}, so this is not a model version"
        ) from error


def read_artifact(folder: Path) -> Manifest:
    """`read_manifest`, every file verified against it.

    Raises `ArtifactError` for a missing or altered file.
    """
    manifest = read_manifest(folder)
    for entry in manifest.all_files():
        try:
            entry.check((folder / entry.path).read_bytes())
        except FileNotFoundError as error:
            raise ArtifactError(f"{entry.path}: named by the manifest, but missing") from error
    return manifest


def artifact_prefix(name: str, version: str) -> str:
    """The prefix of a version in the models bucket."""
    return f"models/{name}/{version}/"
