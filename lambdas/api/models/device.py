"""What a device needs to classify by itself: a version's settings, and URLs of its files."""

from dataclasses import dataclass

from visionflow.images.input_spec import InputSpec
from visionflow.models.label_tree import Label
from visionflow.models.manifest import FileEntry, Manifest, Precision
from visionflow.models.store import ModelStore


@dataclass(frozen=True)
class DeviceFile:
    """A file to download: a short-lived URL, its SHA-256 in hex and its size in bytes."""

    url: str
    sha256: str
    size: int


@dataclass(frozen=True)
class DeviceFamiliarity:
    """How unfamiliar images are recognised; as in the manifest, with the ``file`` of embeddings."""

    threshold: float
    least_detail: float
    file: DeviceFile


@dataclass(frozen=True)
class DeviceModel:
    """A version for a device: what answers are made with, and the served ONNX file. A null
    ``familiarity``: no image is unfamiliar to it."""

    name: str
    version: str
    created_at: str
    precision: Precision
    labels: tuple[Label, ...]
    parents: tuple[Label, ...]
    input: InputSpec
    temperature: float
    unknown_threshold: float
    familiarity: DeviceFamiliarity | None
    model: DeviceFile


def device_model(manifest: Manifest, models: ModelStore) -> DeviceModel:
    """The served form of the version, its files by presigned URLs. Makes no call."""

    def file(entry: FileEntry) -> DeviceFile:
        return DeviceFile(models.url(manifest, entry), entry.sha256, entry.size)

    rule = manifest.familiarity
    return DeviceModel(
        name=manifest.name,
        version=manifest.version,
        created_at=manifest.created_at,
        precision=manifest.precision,
        labels=manifest.labels,
        parents=manifest.parents,
        input=manifest.input,
        temperature=manifest.temperature,
        unknown_threshold=manifest.unknown_threshold,
        familiarity=(
            None
            if rule is None
            else DeviceFamiliarity(rule.threshold, rule.least_detail, file(rule.file))
        ),
        model=file(manifest.served_file),
    )
