"""Backfills as the API offers them: what one takes, starting, watching, stopping."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from lambdas import clients
from lambdas.api.backfills.comparison import ComparisonReader
from lambdas.api.resources import Resources
from visionflow.access.caller import Caller
from visionflow.access.usage import UsageStore
from visionflow.backfills.comparison.view import BackfillComparison
from visionflow.backfills.control import BackfillControl, Table
from visionflow.backfills.planning import Planner, check_quota, count
from visionflow.backfills.price import Setting
from visionflow.backfills.record import BackfillEstimate, BackfillView
from visionflow.backfills.request import BackfillRequest, Own, Work, check
from visionflow.backfills.settings import BackfillControlSettings
from visionflow.backfills.store import BackfillStore
from visionflow.errors import (
    InvalidParameterError,
    ModelRetiredError,
    NothingInProductionError,
)
from visionflow.models.ref import parse_ref
from visionflow.models.registry.table import ModelRegistry

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# For how long images are counted before an answer: API Gateway waits for 29 s.
_COUNT_S, _LOOK_S = 18.0, 8.0


@dataclass(frozen=True)
class BackfillStart:
    """What a backfill takes, and the ``backfill`` that was started; null for a dry run."""

    estimate: BackfillEstimate
    models: tuple[str, ...]
    backfill: BackfillView | None


@dataclass(frozen=True)
class BackfillList:
    """Backfills, newest first. A null ``next_cursor`` means that there is nothing older."""

    items: tuple[BackfillView, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class ResumeBackfill:
    """``max_usd``: what it may spend in all; by default as before."""

    max_usd: float | None = None


@dataclass(frozen=True)
class BackfillService:
    """Checks what is asked for; `BackfillControl` does it. ``source``: the client that may read
    what a work's source names. ``admins_only``: callers see their own images alone."""

    control: BackfillControl
    own: Own
    registry: ModelRegistry
    usage: UsageStore
    source: Callable[[Work], "S3Client"]
    comparisons: ComparisonReader
    admins_only: bool
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def build(cls, resources: Resources) -> Self:
        settings = BackfillControlSettings.from_env(os.environ)
        store = BackfillStore(settings.backfills_table, resources.dynamodb)
        region = os.environ.get("AWS_REGION", "")
        setting = Setting(region, settings.architecture, settings.chunk_memory_mb)
        table = Table(settings.backfills_bucket, settings.results_database, settings.results_table)

        def source(work: Work) -> "S3Client":
            if work.role is None:
                return resources.s3
            return clients.s3_as(work.role, settings.external_id)

        return cls(
            BackfillControl(
                store,
                Planner(store, setting),
                table,
                clients.states(),
                settings.backfill_machine,
            ),
            Own(resources.settings.images_bucket, settings.backfills_bucket, settings.most_chunks),
            resources.registry,
            resources.usage,
            source,
            ComparisonReader(
                settings.backfills_bucket, resources.s3, resources.images, resources.predictions
            ),
            bool(resources.settings.own_records),
        )

    def start(self, asked: BackfillRequest, caller: Caller) -> BackfillStart:
        """Count the images, and start the backfill unless it is a dry run.

        Raises what `check` raises, `NothingInProductionError`, `ModelNotFoundError`,
        `ModelRetiredError`, `BackfillRefusedError` for a source that cannot be read,
        `QuotaExceededError` for more images than the stage has left, `BackfillConflictError` for a
        key that started another backfill.
        """
        if asked.key is not None and not 1 <= len(asked.key) <= 200:
            raise InvalidParameterError("key must have 1 to 200 characters.", "key")
        work = check(asked, self.own, self._serving(asked))
        for text in work.models:
            row = self.registry.existing(parse_ref("models", text))
            if row.retired is not None:
                raise ModelRetiredError(f"{text} is retired; it classifies nothing any more.")
        if not asked.dry_run and (found := self.control.started(work, asked.key)) is not None:
            return BackfillStart(found.estimate, found.models, found)
        seconds = _COUNT_S if asked.dry_run else _LOOK_S
        counted = count(work, self.own, self.source(work), seconds)
        check_quota(self.usage, counted.images, self.now())
        estimate = self.control.estimate(work, counted)
        if asked.dry_run:
            return BackfillStart(estimate, work.models, None)
        started = self.control.start(work, estimate, caller.name, asked.key)
        return BackfillStart(started.estimate, started.models, started)

    def page(self, limit: int, cursor: str | None) -> BackfillList:
        """Raises `InvalidCursorError`."""
        return BackfillList(*self.control.page(limit, cursor))

    def comparison(self, backfill_id: str, caller: Caller) -> BackfillComparison:
        """Where each caller sees only their own images, it is for admins: it shows anybody's.

        Raises `ForbiddenError`, `BackfillNotFoundError` and as `ComparisonReader.read` does.
        """
        if self.admins_only:
            caller.require("admin")
        return self.comparisons.read(self.control.store.get(backfill_id))

    def resume(self, backfill_id: str, asked: ResumeBackfill, caller: Caller) -> BackfillView:
        """Raises `InvalidParameterError`, `BackfillNotFoundError`, `BackfillConflictError`."""
        spends = asked.max_usd
        if spends is not None and not (math.isfinite(spends) and spends > 0):
            raise InvalidParameterError("max_usd must be above 0.", "max_usd")
        return self.control.resume(backfill_id, caller.name, spends)

    def _serving(self, asked: BackfillRequest) -> str:
        current = None if asked.models else self.registry.current()
        if current is None and not asked.models:
            raise NothingInProductionError(
                "No version serves yet; name the one that is to classify (models)."
            )
        return "" if current is None else current.text
