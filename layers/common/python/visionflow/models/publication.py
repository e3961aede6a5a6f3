"""An artifact becomes a version that can serve: gate, trial, files, manifest, registry row, alias.

In this order, so that an interruption never leaves half a version behind, and the same call again
finishes it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from visionflow import strict
from visionflow.dynamodb import Action
from visionflow.errors import ArtifactError, ModelRetiredError
from visionflow.models.gate import check_gate, held_back_by
from visionflow.models.manifest import Manifest, Precision
from visionflow.models.promotion_rule import Verified
from visionflow.models.ref import ModelRef
from visionflow.models.registry import (
    Force,
    ModelRegistry,
    RegisteredVersion,
    Tried,
    first_promotion,
    registration,
)
from visionflow.models.registry.numbers import is_free, next_version
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore, check_names
from visionflow.models.trial import try_out
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef

NEXT: Final = "next"
"""In place of a version: the one behind the highest."""
OWN_OR_NEXT: Final = "own-or-next"
"""The run's own version where it is free, else the next."""
Choice = Literal["own", "next", "own-or-next"]

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
        version: Choice = "own",
    ) -> Published:
        """Publish the files in ``folder`` as ``manifest`` says, and let them serve if ``promote``.

        ``version``: that of the manifest, or another, see `Choice`; the same content keeps the
        version that it was published under before. ``order`` says who publishes, and is called only
        where that is recorded. ``force_reason`` publishes a version that its gate holds back, and
        is kept in its row; a gate that passed needs no force, so none is kept. ``verified`` is kept
        in the row too. ``on_upload`` gets the number of bytes after each piece.

        Raises `GateError`, `ArtifactError` for a version that does not run, that is taken or whose
        name cannot be part of a key, `ConfigError` for a report that cannot be read,
        `ModelRetiredError` for what was published before and is retired, and what
        `ModelRegistry.promote` raises, once the version is published.
        """
        check_names(manifest)
        failed = held_back_by(manifest)
        if not force_reason:
            check_gate(manifest)
        check_report(folder, manifest)
        tried = try_out(folder, manifest)
        manifest = self._claimed(manifest, version)
        model = ModelRef(manifest.name, manifest.version)
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

    def _claimed(self, manifest: Manifest, choice: Choice) -> Manifest:
        """The manifest with a version that is kept for it: nobody else stores files there."""
        if choice != "own":
            return self._with_free_version(manifest, choice)
        self._check_retired(self.registry.version(ModelRef(manifest.name, manifest.version)))
        if not self._claim(manifest):
            raise ArtifactError(
                f"{manifest.name} {manifest.version} is being published with other content; give "
                "this one a version of its own, such as the next free one: --version next"
            )
        return manifest

    def _claim(self, manifest: Manifest) -> bool:
        """Raises `ArtifactError` where the version is published with other content."""
        model = ModelRef(manifest.name, manifest.version)
        if self.store.is_published(manifest):
            return True
        return self.registry.claim(model, _content(manifest), datetime.now(UTC))

    def _with_free_version(self, manifest: Manifest, choice: Choice) -> Manifest:
        rows = [row for row in self.registry.versions() if row.name == manifest.name]
        claims = self.registry.claims(manifest.name)
        if earlier := self._earlier(manifest, rows, claims):
            return earlier
        taken = {row.version for row in rows} | claims.keys()
        while True:
            own = choice == OWN_OR_NEXT and is_free(manifest.version, taken)
            version = manifest.version if own else next_version(taken, manifest.version)
            found = replace(manifest, version=version)
            try:
                if self._claim(found):
                    return found
            except ArtifactError:
                pass  # stored without being registered: somebody else's
            taken.add(version)

    def _earlier(
        self,
        manifest: Manifest,
        rows: Sequence[RegisteredVersion],
        claims: Mapping[str, str],
    ) -> Manifest | None:
        """The manifest with the version under which this very content was published before, or
        began to be."""
        for row in rows:
            found = replace(manifest, version=row.version)
            if row.created_at == manifest.created_at and self._is_there(found):
                self._check_retired(row)
                return found
        registered = {row.version for row in rows}
        for version, content in claims.items():
            found = replace(manifest, version=version)
            if content == _content(manifest) and version not in registered and self._claim(found):
                return found
        return None

    def _is_there(self, manifest: Manifest) -> bool:
        try:
            return self.store.is_published(manifest)
        except ArtifactError:
            return False

    def _check_retired(self, row: RegisteredVersion | None) -> None:
        if row is None or row.retired is None:
            return
        taken = {other.version for other in self.registry.versions() if other.name == row.name}
        free = next_version(taken, row.version)
        raise ModelRetiredError(
            f"{row.model.text} was published before and is retired; a retired version cannot serve "
            f"again. Publish the run as a new version: --version {free}."
        )


def _content(manifest: Manifest) -> str:
    """The hash of a version's files, under whatever version they are published."""
    lines = sorted(f"{entry.path}\0{entry.sha256}\n" for entry in manifest.all_files())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


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
