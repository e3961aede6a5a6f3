"""Model versions: which there are, what serves, how it moves, and how versions compare."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lambdas.api.comparison import Comparison
from lambdas.api.model_answers import (
    History,
    ModelComparison,
    ModelDetail,
    ModelEntry,
    ModelList,
    Served,
    ServingAliases,
)
from visionflow import strict
from visionflow.errors import InvalidParameterError, ModelNotFoundError
from visionflow.models.drift import REFERENCE_FILE
from visionflow.models.manifest import Manifest
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry, RegisteredVersion
from visionflow.models.routing import Alias, Aliases
from visionflow.models.store import ModelStore

REPORT_FILE = "report.json"
# Lambda's answer may have 6 MB.
MAX_REPORT_BYTES = 4_000_000
MAX_LIMIT = 100


@dataclass(frozen=True)
class ModelService:
    """The routes about models and the command line, without either."""

    registry: ModelRegistry
    models: ModelStore
    comparison: Comparison

    def list(self) -> ModelList:
        aliases = self.registry.aliases()
        rows = self.registry.versions()
        return ModelList(
            tuple(ModelEntry(**_fields(row, aliases)) for row in rows), ServingAliases.of(aliases)
        )

    def detail(self, version: str, name: str | None = None) -> ModelDetail:
        """Raises `ModelNotFoundError`, and `ArtifactError` where files are missing."""
        row = self._row(version, name)
        manifest = self.models.manifest(row.model)
        files = {
            entry.path: self.models.url(manifest, entry)
            for entry in manifest.extra_files
            if entry.path not in (REPORT_FILE, REFERENCE_FILE)
        }
        return ModelDetail(
            **_fields(row, self.registry.aliases()),
            manifest=strict.to_dict(manifest),
            report=self._report(manifest),
            files=files,
        )

    def find(self, version: str, name: str | None = None) -> ModelRef:
        """The version called ``version``; of production's model where several have one.

        Raises `ModelNotFoundError`, and `InvalidParameterError` when ``name`` has to say which.
        """
        return self._row(version, name).model

    def history(self, limit: int, alias: Alias | None, cursor: str | None) -> History:
        """Raises `InvalidParameterError` or `InvalidCursorError`."""
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidParameterError(f"limit must be between 1 and {MAX_LIMIT}, found {limit}.")
        page = self.registry.history(limit, alias, cursor)
        return History(page.items, page.next_cursor)

    def served_at(self, at: datetime, alias: Alias) -> Served:
        return Served(self.registry.served_at(at, alias))

    def compare(
        self, versions: Sequence[str], first_day: str, last_day: str, name: str | None = None
    ) -> ModelComparison:
        """Each of ``versions`` beside the first. Raises as `find` does."""
        if len(versions) < 2 or len(set(versions)) < len(versions):
            raise InvalidParameterError(
                "versions must name at least two different ones, with a comma between."
            )
        models = [self.find(version, name) for version in versions]
        return self.comparison.of(models, first_day, last_day)

    def _row(self, version: str, name: str | None) -> RegisteredVersion:
        if name is not None:
            row = self.registry.version(ModelRef(name, version))
            if row is None:
                raise ModelNotFoundError(f"{name} {version} is not registered.")
            return row
        found = [row for row in self.registry.versions() if row.version == version]
        production = self.registry.current()
        own = [row for row in found if production and row.name == production.name]
        if not found:
            raise ModelNotFoundError(f"There is no version {version!r:.80}.")
        if len(found) > 1 and not own:
            names = ", ".join(row.name for row in found)
            raise InvalidParameterError(
                f"{names} have a version {version}; add name= to say which."
            )
        return (own or found)[0]

    def _report(self, manifest: Manifest) -> dict[str, object] | None:
        for entry in manifest.extra_files:
            if entry.path == REPORT_FILE and entry.size <= MAX_REPORT_BYTES:
                report: dict[str, object] = json.loads(self.models.read(manifest, entry))
                return report
        return None


def _fields(row: RegisteredVersion, aliases: Aliases) -> dict[str, Any]:
    retired_at = row.retired.at if row.retired else None
    return {**vars(row), "retired_at": retired_at, "aliases": aliases.named(row.model)}
