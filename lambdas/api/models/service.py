"""Model versions: which there are, what serves, how it moves, and how versions compare."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from lambdas.api.models.comparison import Comparison, ModelComparison
from lambdas.api.models.device import DeviceModel, device_model
from lambdas.api.models.preview import Moved, MovePreview, ServingAliases, moved_of, preview_of
from lambdas.api.resources import Resources
from lambdas.api.trees import Trees
from visionflow import strict
from visionflow.errors import ConfigError, InvalidParameterError, ModelNotFoundError
from visionflow.models.drift import REFERENCE_FILE
from visionflow.models.manifest import Manifest
from visionflow.models.moves import Wanted
from visionflow.models.promotion_rule import PromotionRule
from visionflow.models.publication import MAX_REPORT_BYTES, REPORT_FILE
from visionflow.models.ref import ModelRef, parse_ref
from visionflow.models.registry import ModelRegistry, RegisteredVersion
from visionflow.models.registry.rows import require_fit
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Alias, Aliases, Move, Order
from visionflow.models.store import ModelStore

# The query of a comparison names them, in an address that must stay short.
MOST_COMPARED = 20
_MOST_MEANT = 10


@dataclass(frozen=True)
class MoveRequest:
    """Why, for the history. ``revision`` of a preview: moves only if nothing has moved since."""

    reason: str | None = None
    revision: int | None = None


@dataclass(frozen=True)
class CanaryRequest:
    """``percent`` of the images, 1 to 99; the rest as for every move."""

    percent: int
    reason: str | None = None
    revision: int | None = None


@dataclass(frozen=True)
class ModelEntry(RegisteredVersion):
    """A published version; ``labels`` is their number. ``gate_passed`` is false for one that was
    published by ``force``; ``retired`` is null for one that may serve, ``tried`` for one that has
    to be published again before it may. ``verified``: what was measured with images that no
    training machine had, null where nothing was."""

    aliases: tuple[Alias, ...]


@dataclass(frozen=True)
class ModelList:
    """Every version, the latest first, and what serves."""

    items: tuple[ModelEntry, ...]
    aliases: ServingAliases


@dataclass(frozen=True)
class ModelDetail(ModelEntry):
    """One version with its manifest, the report of its run (null when there is none, one of over
    4 MB, or none was asked for), and short-lived URLs of its other files.
    ``recognises_unfamiliar``: whether its answers can be ``unfamiliar``, and not ``unsure``
    alone. ``never_unsure``: whether its threshold holds no answer back; with neither, it never
    answers ``unknown``."""

    recognises_unfamiliar: bool
    never_unsure: bool
    manifest: dict[str, Any]
    report: dict[str, Any] | None
    files: dict[str, str]


@dataclass(frozen=True)
class History:
    """Moves of the aliases, the latest first. A null ``next_cursor``: there is nothing older."""

    items: tuple[Move, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Served:
    """The move by which an alias stood at a time; null when it was not yet set."""

    move: Move | None


@dataclass(frozen=True)
class ModelService:
    """What the API's routes and the command line do with model versions."""

    registry: ModelRegistry
    models: ModelStore
    comparison: Comparison
    trees: Trees

    @classmethod
    def build(cls, resources: Resources) -> Self:
        comparison = Comparison(
            resources.counters, resources.reviews, resources.shadows, resources.trees
        )
        return cls(resources.registry, resources.models, comparison, resources.trees)

    def named(self, what: str, text: str) -> ModelRef:
        """The version that ``text`` names in the parameter ``what``.

        Raises `InvalidParameterError`, with what a name or a version alone may mean.
        """
        if "/" not in text:
            rows = self.registry.versions()
            found = sorted(row.model.text for row in rows if text in (row.name, row.version))
            if found:
                raise InvalidParameterError(
                    f"{what} must be a model and its version; {text:.80} may mean "
                    f"{', '.join(found[:_MOST_MEANT])}.",
                    what,
                )
        return parse_ref(what, text)

    def list(self) -> ModelList:
        aliases = self.registry.aliases()
        rows = self.registry.versions()
        return ModelList(tuple(_entry(row, aliases) for row in rows), ServingAliases.of(aliases))

    def detail(self, model: ModelRef, *, with_report: bool = True) -> ModelDetail:
        """Raises `ModelNotFoundError`, and `ArtifactError` where files are missing."""
        row = self._row(model)
        manifest = self.models.manifest(row.model)
        files = {
            file.path: self.models.url(manifest, file)
            for file in manifest.extra_files
            if file.path not in (REPORT_FILE, REFERENCE_FILE)
        }
        return strict.extended(
            ModelDetail,
            _entry(row, self.registry.aliases()),
            recognises_unfamiliar=manifest.familiarity is not None,
            never_unsure=manifest.never_unsure,
            manifest=strict.to_dict(manifest),
            report=self._report(manifest) if with_report else None,
            files=files,
        )

    def for_device(self, model: ModelRef) -> DeviceModel:
        """Raises `ModelNotFoundError`, `ModelRetiredError` and `ModelUntriedError`, as serving
        does: what a device answers counts like what the functions answer."""
        row = self._row(model)
        require_fit(row)
        return device_model(self.models.manifest(row.model), self.models)

    def history(self, limit: int, alias: Alias | None, cursor: str | None) -> History:
        """Raises `InvalidCursorError`."""
        page = self.registry.history(limit, alias, cursor)
        return History(page.items, page.next_cursor)

    def served_at(self, at: datetime, alias: Alias) -> Served:
        return Served(self.registry.served_at(at, alias))

    def compare(self, models: Sequence[ModelRef], first_day: str, last_day: str) -> ModelComparison:
        """Each of ``models`` beside the first. Raises `InvalidParameterError`, and
        `ModelNotFoundError`."""
        if not 2 <= len(models) <= MOST_COMPARED or len(set(models)) < len(models):
            raise InvalidParameterError(
                f"models must name 2 to {MOST_COMPARED} different versions as name/version, with a "
                "comma between.",
                "models",
            )
        for model in models:
            self._row(model)
        return self.comparison.of(models, first_day, last_day)

    def rule(self) -> RollbackRule:
        return self.registry.rule()

    def set_rule(self, rule: RollbackRule) -> RollbackRule:
        """Raises `InvalidParameterError`."""
        self.registry.set_rule(rule)
        return rule

    def promotion_rule(self) -> PromotionRule:
        return self.registry.promotion_rule()

    def set_promotion_rule(self, rule: PromotionRule) -> PromotionRule:
        """Raises `InvalidParameterError`."""
        self.registry.set_promotion_rule(rule)
        return rule

    def preview(self, wanted: Wanted, order: Order) -> MovePreview:
        """Raises what the move would raise."""
        return preview_of(self.registry, self.trees, wanted, order)

    def move(self, wanted: Wanted, order: Order) -> Moved:
        """Raises what `ModelRegistry.move` raises."""
        return moved_of(*self.registry.moved(wanted, order), self.trees)

    def _row(self, model: ModelRef) -> RegisteredVersion:
        row = self.registry.version(model)
        if row is None:
            raise ModelNotFoundError(f"There is no version {model.text!r:.80}.")
        return row

    def _report(self, manifest: Manifest) -> dict[str, Any] | None:
        for entry in manifest.extra_files:
            if entry.path == REPORT_FILE and entry.size <= MAX_REPORT_BYTES:
                # Publishing checks it; one that was published before must not hide the rest.
                with suppress(ConfigError):
                    return strict.parse_json(
                        dict[str, Any], self.models.read(manifest, entry), REPORT_FILE
                    )
        return None


def _entry(row: RegisteredVersion, aliases: Aliases) -> ModelEntry:
    return strict.extended(ModelEntry, row, aliases=aliases.named(row.model))
