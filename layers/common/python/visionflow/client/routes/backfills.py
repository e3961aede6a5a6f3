"""Backfills: the images that are in a bucket already."""

import time
import uuid
from collections.abc import Iterator
from typing import Literal, TypedDict, Unpack

from visionflow.client import answers
from visionflow.client.connection import Query, filled
from visionflow.client.routes.group import Group

_AT_WORK = ("listing", "running")


class BackfillOptions(TypedDict, total=False):
    """What is left out is the API's choice. Two ``models`` are compared, the new one first."""

    models: list[str]
    into: Literal["files", "records"]
    sample: int
    concurrency: int
    max_usd: float
    role: str


class Backfills(Group):
    def estimate(self, source: str, **options: Unpack[BackfillOptions]) -> answers.BackfillStart:
        """What a backfill of ``source`` would take; it starts nothing."""
        return self._asked({"source": source, "dry_run": True, **options})

    def start(
        self, source: str, *, key: str | None = None, **options: Unpack[BackfillOptions]
    ) -> answers.BackfillView:
        """Classify the images of ``s3://bucket/prefix``, of an inventory or of a CSV of keys.

        The same ``key`` starts nothing twice; without one, a lost answer of this call does not
        either. Raises `ConflictError` for a key that started another, `ApiError` for a source that
        cannot be read.
        """
        started = self._asked({"source": source, "key": key or uuid.uuid4().hex, **options})
        if started.backfill is None:
            raise AssertionError("only a dry run starts nothing")
        return started.backfill

    def list(self) -> Iterator[answers.BackfillView]:
        """All backfills, the newest first."""
        return self.pages(answers.BackfillList, "/backfills")

    def get_backfill(self, backfill_id: str) -> answers.BackfillView:
        """Raises `NotFoundError`."""
        return self.get(answers.BackfillView, filled("/backfills/{}", backfill_id))

    def comparison(self, backfill_id: str) -> answers.BackfillComparison:
        """What the two versions of a backfill that is done answer differently. Raises
        `NotFoundError` for one of a single version, `ConflictError` while it is not done."""
        return self.get(answers.BackfillComparison, filled("/backfills/{}/comparison", backfill_id))

    def watch(self, backfill_id: str, *, seconds: float = 1.0) -> Iterator[answers.BackfillView]:
        """How far it is, every so many ``seconds`` until it works no more; the last is its end."""
        while True:
            found = self.get_backfill(backfill_id)
            yield found
            if found.state not in _AT_WORK:
                return
            time.sleep(seconds)

    def pause(self, backfill_id: str) -> answers.BackfillView:
        return self._change(backfill_id, "pause")

    def resume(self, backfill_id: str, *, max_usd: float | None = None) -> answers.BackfillView:
        """Continue one that was paused, stopped or cancelled; ``max_usd``: what it may spend in all
        from now on. Raises `ConflictError`."""
        return self._change(backfill_id, "resume", max_usd=max_usd)

    def cancel(self, backfill_id: str) -> answers.BackfillView:
        """End it; what is done stays."""
        return self._change(backfill_id, "cancel")

    def retry(self, backfill_id: str) -> answers.BackfillView:
        """Continue a failed one with what is not done. Raises `ConflictError`."""
        return self._change(backfill_id, "retry")

    def _asked(self, body: Query) -> answers.BackfillStart:
        return self.post(answers.BackfillStart, "/backfills", body, repeatable=True)

    def _change(self, backfill_id: str, what: str, **body: object) -> answers.BackfillView:
        path = f"{filled('/backfills/{}', backfill_id)}/{what}"
        return self.post(answers.BackfillView, path, body)
