"""A finished run becomes a version that can serve: files, manifest, registry row, alias.

In this order, so that whatever interrupts it leaves no half version behind, and the same call made
again finishes the job.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from training.errors import TrainingError
from visionflow.models.gate import held_back_by
from visionflow.models.manifest import Manifest, Precision, read_artifact
from visionflow.models.ref import PLAIN_NAME, ModelRef
from visionflow.models.registry import Force, ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore
from visionflow.timestamps import timestamp


@dataclass(frozen=True)
class Published:
    """A version as it now stands. ``serves``: whether the alias for production points at it."""

    name: str
    version: str
    precision: Precision
    bytes: int
    gate_passed: bool
    force: Force | None
    serves: bool


@dataclass(frozen=True)
class Target:
    """Where a version goes, and who sends it there (asked for only when it must be recorded)."""

    store: ModelStore
    registry: ModelRegistry
    caller: Callable[[], str]


def read_run(run: Path, name: str | None = None, version: str | None = None) -> Manifest:
    """Verify the artifact in ``run``; its manifest, under ``name`` and ``version`` where given.

    Raises `ConfigError` and `ArtifactError` for a damaged or unfinished artifact, `TrainingError`
    for a name or version that cannot be part of a key.
    """
    manifest = read_artifact(run)
    manifest = replace(manifest, name=name or manifest.name, version=version or manifest.version)
    for what, value in (("name", manifest.name), ("version", manifest.version)):
        if not PLAIN_NAME.fullmatch(value):
            raise TrainingError(
                f"The {what} {value!r} cannot be published; give another with --{what}: at most "
                "100 letters, digits, dots, dashes and underscores, a letter or a digit first."
            )
    return manifest


def publish(
    run: Path,
    manifest: Manifest,
    target: Target,
    *,
    promote: bool,
    force_reason: str | None = None,
    on_upload: Callable[[int], object] | None = None,
) -> Published:
    """Publish ``run`` as what ``manifest`` (of `read_run`) says, and let it serve if ``promote``.

    ``force_reason`` publishes a version that its gate holds back, and is recorded in its row with
    who gave it; a gate that passed needs no force, and none is recorded. ``on_upload`` is told the
    number of bytes after each uploaded piece.

    Raises `TrainingError` when the gate has not passed, `ArtifactError` when the version is taken.
    """
    failed = held_back_by(manifest)
    if failed and not force_reason:
        raise TrainingError(
            f"{manifest.name} {manifest.version} has not passed its gate ({'; '.join(failed)}). "
            "Train or export again, or publish it all the same with --force REASON."
        )
    model = ModelRef(manifest.name, manifest.version)
    target.store.publish(run, manifest, on_upload)
    force = None
    if failed and force_reason:
        force = Force(target.caller(), timestamp(datetime.now(UTC)), force_reason, failed)
    target.registry.register(manifest, force)
    if promote and target.registry.current() != model:
        target.registry.promote(model, Order(target.caller(), datetime.now(UTC)))
    row = target.registry.version(model)
    return Published(
        name=manifest.name,
        version=manifest.version,
        precision=manifest.precision,
        bytes=sum(entry.size for entry in manifest.all_files()),
        gate_passed=not failed,
        force=row.force if row else None,
        serves=target.registry.current() == model,
    )
