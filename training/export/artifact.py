"""The artifact's folder: which files it holds, and the manifest that is written last."""

import platform
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from training.config import TrainConfig
from training.errors import TrainingError
from visionflow import strict
from visionflow.models.manifest import (
    MANIFEST_NAME,
    FileEntry,
    Manifest,
    Precision,
    Quantization,
)
from visionflow.sentences import say
from visionflow.timestamps import timestamp
from visionflow.whole_file import whole_file

if TYPE_CHECKING:
    from training.data.training_data import TrainingData

FP32_FILE = "model.onnx"
INT8_FILE = "model.int8.onnx"
MODEL_FILES: Mapping[Precision, str] = {"fp32": FP32_FILE, "int8": INT8_FILE}
REPORT_FILE = "report.json"

_LIBRARIES = ("onnx", "onnxruntime", "numpy", "pillow")


def draft_manifest(
    config: TrainConfig,
    data: "TrainingData",
    folder: Path,
    opset: int,
    precision: Precision = "fp32",
) -> Manifest:
    """The manifest of the file in ``precision`` alone, which is in ``opset``, uncalibrated; later
    steps add their findings."""
    return Manifest(
        schema_version=3,
        name=config.name,
        version=config.version,
        created_at=timestamp(datetime.now(UTC)),
        labels=data.tree.labels,
        parents=data.tree.parents,
        input=config.input,
        precision=precision,
        files={precision: FileEntry.of(folder, MODEL_FILES[precision])},
        extra_files=(),
        opset=opset,
        quantization=Quantization("none", "none", 0, (), say("not_quantized_yet")),
        temperature=1.0,
        unknown_threshold=0.0,
        familiarity=None,
        conformity=(),
        metrics={},
        gate=(),
        dataset_sha256=data.sha256,
        config=strict.to_dict(config),
        git_commit=git_commit(),
        library_versions=library_versions(_LIBRARIES),
    )


def write_manifest(manifest: Manifest, folder: Path, extra_files: Iterable[str]) -> None:
    """Add ``extra_files`` of ``folder`` with their checksums, and write.

    Call it last: a folder without a manifest is not a model version. Raises `TrainingError` when it
    cannot be written.
    """
    extra = tuple(FileEntry.of(folder, path) for path in extra_files)
    manifest = replace(manifest, extra_files=extra)
    write_whole(folder / MANIFEST_NAME, manifest.to_json().encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file of the artifact. Raises `TrainingError` where the disk refuses it."""
    try:
        with whole_file(path) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise TrainingError(
            f"{path}: cannot be written ({error.strerror}); free some space or choose another "
            "folder, then run `visionflow export` again."
        ) from error


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """The installed version of each of the packages ``names``."""
    return {name: version(name) for name in names}


def git_commit() -> str | None:
    """The commit that this code is checked out at; None outside a checkout."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()


def hardware(gpus: Sequence[str] = ()) -> str:
    """The processor's name, or what the platform calls its architecture, and that of ``gpus``."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processors = f"{len(names)} x {names[0]}" if names else platform.machine()
    counts = Counter(gpus)
    return ", ".join((processors, *(f"{count} x {name}" for name, count in counts.items())))
