"""Starting, pausing, resuming and ending backfills: the row, then the state machine."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from visionflow.backfills.chunks import RESULTS_PREFIX
from visionflow.backfills.planning import Planner
from visionflow.backfills.price import Counted, cost_items
from visionflow.backfills.record import (
    AT_WORK,
    RESUMABLE,
    Backfill,
    BackfillEstimate,
    BackfillEvent,
    BackfillReason,
    BackfillResults,
    BackfillState,
    BackfillView,
    Listing,
    progress_of,
)
from visionflow.backfills.request import Work
from visionflow.backfills.store import BackfillStore
from visionflow.errors import BackfillConflictError, InvalidParameterError
from visionflow.timestamps import new_id, timestamp

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_TRIES = 3


@dataclass(frozen=True)
class Table:
    """The Glue table of results: the ``bucket`` that its files are in, its ``database`` and
    ``name``."""

    bucket: str
    database: str
    name: str

    def of(self, backfill_id: str) -> BackfillResults:
        query = (
            "SELECT label, status, count(*) AS images, avg(confidence) AS confidence "  # noqa: S608
            f"FROM {self.database}.{self.name} WHERE backfill = '{backfill_id}' "
            "GROUP BY label, status ORDER BY images DESC"
        )
        location = f"s3://{self.bucket}/{RESULTS_PREFIX}{backfill_id}/results/"
        return BackfillResults(location, self.database, self.name, query)


@dataclass(frozen=True)
class BackfillControl:
    """What the API does to backfills; the state machine ``machine`` does the rest."""

    store: BackfillStore
    planner: Planner
    table: Table
    states: "SFNClient"
    machine: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def start(
        self, work: Work, estimate: BackfillEstimate, by: str, key: str | None
    ) -> BackfillView:
        """Record a backfill and let the state machine do it; one that the same key or description
        has started is returned as it is. Raises `BackfillConflictError`."""
        at = self.clock()
        wanted = Backfill(
            id=new_id(at),
            work=work,
            state="listing",
            created_at=timestamp(at),
            started_by=by,
            listing=Listing(),
            estimate=estimate,
            running_since=timestamp(at),
            history=(BackfillEvent(timestamp(at), by, "listing"),),
        )
        row = self.store.start(wanted, key)
        if row.id == wanted.id:
            self._execute(row)
        return self.view(row)

    def started(self, work: Work, key: str | None) -> BackfillView | None:
        """What the same key or description has started; where nothing came of that yet, maybe
        because its caller died before the state machine heard of it, it is started again. Raises
        `BackfillConflictError`."""
        row = self.store.started(work, key)
        if row is None:
            return None
        if (row.state, row.execution, row.listing) == ("listing", 1, Listing()):
            self._execute(row)
        return self.view(row)

    def pause(self, backfill_id: str, by: str) -> BackfillView:
        """Chunks that are worked on end within seconds, and no other begins.

        This and the others raise `BackfillNotFoundError` and `BackfillConflictError`.
        """
        return self._move(backfill_id, AT_WORK, "paused", by)

    def cancel(self, backfill_id: str, by: str) -> BackfillView:
        return self._move(backfill_id, (*AT_WORK, "paused", "stopped"), "cancelled", by)

    def resume(self, backfill_id: str, by: str, max_usd: float | None = None) -> BackfillView:
        """Go on with what is left, where it may spend ``max_usd`` in all from now on."""
        row = self.store.get(backfill_id)
        work = row.work if max_usd is None else replace(row.work, max_usd=max_usd)
        spends = self.spent_usd(row)
        if work.max_usd is not None and spends >= work.max_usd:
            raise InvalidParameterError(
                f"{spends:.4f} USD are spent; max_usd must be above that.", "max_usd"
            )
        return self._again(row, RESUMABLE, by, work=work)

    def retry(self, backfill_id: str, by: str) -> BackfillView:
        """Do again what failed: chunks that are done stay as they are."""
        return self._again(self.store.get(backfill_id), ("failed",), by)

    def get(self, backfill_id: str) -> BackfillView:
        return self.view(self.store.get(backfill_id))

    def page(self, limit: int, cursor: str | None) -> tuple[tuple[BackfillView, ...], str | None]:
        """The newest first, and the cursor of the next page. Raises `InvalidCursorError`."""
        found = self.store.page(limit, cursor)
        return tuple(map(self.view, found.items)), found.next_cursor

    def spent_usd(self, row: Backfill) -> float:
        spent, _ = self.store.spent(row.id)
        return sum(cost_items(spent, row.listing.calls, self.planner.setting).values())

    def view(self, row: Backfill) -> BackfillView:
        spent, codes = self.store.spent(row.id)
        usd = sum(cost_items(spent, row.listing.calls, self.planner.setting).values())
        work = row.work
        return BackfillView(
            id=row.id,
            state=row.state,
            reason=row.reason,
            source=work.source,
            models=work.models,
            compares=work.compares,
            into=work.into,
            sample=work.sample,
            concurrency=work.concurrency,
            max_usd=work.max_usd,
            role=work.role,
            created_at=row.created_at,
            started_by=row.started_by,
            ended_at=row.ended_at,
            estimate=row.estimate,
            progress=progress_of(row, spent, codes, usd, self.clock()),
            results=self.table.of(row.id) if work.into == "files" else None,
            history=row.history,
        )

    def estimate(self, work: Work, counted: Counted) -> BackfillEstimate:
        return self.planner.estimate(work, counted)

    def _move(
        self, backfill_id: str, before: tuple[BackfillState, ...], state: BackfillState, by: str
    ) -> BackfillView:
        for _ in range(_TRIES):
            row = self.store.get(backfill_id)
            if row.state not in before:
                raise BackfillConflictError(
                    f"The backfill {row.id} is {row.state} and cannot become {state}."
                )
            # The state machine may move it in between.
            with suppress(BackfillConflictError):
                moved = self.store.move(row, state, by, timestamp(self.clock()))
                return self.view(moved)
        raise BackfillConflictError(
            f"The backfill {backfill_id} changes too fast to be {state}; try again."
        )

    def _again(
        self, row: Backfill, before: tuple[BackfillState, ...], by: str, **changes: Any
    ) -> BackfillView:
        if row.state not in before:
            raise BackfillConflictError(
                f"The backfill {row.id} is {row.state}; it goes on from {' or '.join(before)} only."
            )
        moved = self.store.move(
            row,
            "running" if row.listing.done else "listing",
            by,
            timestamp(self.clock()),
            execution=row.execution + 1,
            round=0,
            **changes,
        )
        self._execute(moved)
        return self.view(moved)

    def _execute(self, row: Backfill) -> None:
        try:
            # The same name and input start nothing twice.
            self.states.start_execution(
                stateMachineArn=self.machine,
                name=f"{row.id}-{row.execution}",
                input=json.dumps({"backfill": row.id, "execution": row.execution}),
            )
        except Exception as error:
            # It may have started all the same; then the state machine has moved it on.
            with suppress(BackfillConflictError):
                reason = BackfillReason(
                    "platform_unavailable", f"The state machine did not start ({error})."
                )
                self.store.move(row, "failed", row.started_by, timestamp(self.clock()), reason)
            raise
