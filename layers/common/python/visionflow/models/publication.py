"""An artifact becomes a version that can serve: gate, trial, files, manifest, registry row, alias.

In this order, so that an interruption never leaves half a version behind, and the same call again
finishes it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visionflow import strict
from visionflow.dynamodb import Action
from visionflow.models.gate import check_gate, held_back_by
from visionflow.models.manifest import Manifest, Precision
from visionflow.models.promotion_rule import Verified
from visionflow.models.ref import ModelRef
from visionflow.models.registry import (
    Force,
    ModelRegistry,
    Tried,
    first_promotion,
    registration,
)
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore
from visionflow.models.trial import try_out
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef

REPORT_FILE = "report.json"
# Lambda's answer may have 6 MB. A larger report is not shown.
MAX_REPORT_BYTES = 4_000_000


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
class Publisher:
    """Publishes to one models bucket and its registry."""

    store: ModelStore
    registry: ModelRegistry

    def publish(
        self,
        folder: Path,
        manifest: Manifest,
        order: Callable[[], Order],
        *,
        promote: bool,
        force_reason: str | None = None,
        verified: Verified | None = None,
        on_upload: Callable[[int], object] | None = None,
    ) -> Published:
        """Publish the files in ``folder`` as ``manifest`` says, and let them serve if ``promote``.

        ``order`` says who publishes, and is called only where that is recorded. ``force_reason``
        publishes a version that its gate holds back, and is kept in its row; a gate that passed
        needs no force, so none is kept. ``verified`` is kept in the row too. ``on_upload`` gets
        the number of bytes after each piece.

        Raises `GateError`, `ArtifactError` for a version that does not run, that is taken or whose
        name cannot be part of a key, `ConfigError` for a report that cannot be read, and what
        `ModelRegistry.promote` raises, once the version is published.
        """
        failed = held_back_by(manifest)
        if not force_reason:
            check_gate(manifest)
        model = ModelRef(manifest.name, manifest.version)
        check_report(folder, manifest)
        tried = try_out(folder, manifest)
        self.store.upload(folder, manifest, on_upload)
        force = None
        if failed and force_reason:
            asked = order()
            force = Force(asked.by, timestamp(asked.at), force_reason, failed)
        self.registry.register(manifest, tried, force, verified)
        if promote and self.registry.current() != model:
            self.registry.promote(model, order())
        row = self.registry.version(model)
        return Published(
            name=manifest.name,
            version=manifest.version,
            precision=manifest.precision,
            bytes=sum(entry.size for entry in manifest.all_files()),
            gate_passed=not failed,
            force=row.force if row else None,
            serves=self.registry.current() == model,
        )


def first_writes(
    table: str, folder: Path, manifest: Manifest, order: Order
) -> "tuple[PutItemInputTypeDef, list[Action]]":
    """What a template writes in this module's place: the version's row, then the transaction that
    promotes it where nothing is in production. Raises `GateError`, and `ArtifactError` where the
    files in ``folder`` do not run."""
    check_gate(manifest)
    check_report(folder, manifest)
    try_out(folder, manifest)
    model = ModelRef(manifest.name, manifest.version)
    tried = Tried(None, None, manifest.created_at)
    return registration(table, manifest, tried), first_promotion(table, model, order)


def check_report(folder: Path, manifest: Manifest) -> None:
    """Raise `ConfigError` for a report that the API cannot show."""
    for entry in manifest.extra_files:
        if entry.path == REPORT_FILE and entry.size <= MAX_REPORT_BYTES:
            strict.parse_json(dict[str, Any], (folder / entry.path).read_bytes(), REPORT_FILE)
