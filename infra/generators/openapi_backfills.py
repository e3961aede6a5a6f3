"""The description of the routes about backfills."""

from infra.generators.openapi_operation import CURSOR, LIMIT, Operation, in_path, json_body
from lambdas.api.backfills.service import BackfillList, BackfillStart, ResumeBackfill
from visionflow.backfills.record import BackfillView
from visionflow.backfills.request import BackfillRequest

_ID = in_path("id")

BACKFILL_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/backfills"): Operation(
        "startBackfill",
        "Classify images that are in a bucket already; with `dry_run` only say what it takes (200)",
        {200: BackfillStart, 202: BackfillStart},
        body=json_body(BackfillRequest),
    ),
    ("GET", "/backfills"): Operation(
        "backfills", "Backfills, newest first", {200: BackfillList}, (LIMIT, CURSOR)
    ),
    ("GET", "/backfills/{id}"): Operation(
        "backfill",
        "One backfill with its progress, its price and its expected end",
        {200: BackfillView},
        (_ID,),
    ),
    ("POST", "/backfills/{id}/pause"): Operation(
        "pauseBackfill", "Begin no more chunks until it is resumed", {202: BackfillView}, (_ID,)
    ),
    ("POST", "/backfills/{id}/resume"): Operation(
        "resumeBackfill",
        "Go on with what is left of a backfill that was paused, stopped or cancelled",
        {202: BackfillView},
        (_ID,),
        json_body(ResumeBackfill),
        body_required=False,
    ),
    ("POST", "/backfills/{id}/cancel"): Operation(
        "cancelBackfill", "End a backfill; what is done stays", {202: BackfillView}, (_ID,)
    ),
    ("POST", "/backfills/{id}/retry"): Operation(
        "retryBackfill",
        "Do again the chunks of a failed backfill that are not done",
        {202: BackfillView},
        (_ID,),
    ),
}
