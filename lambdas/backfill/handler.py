"""Lambda entry point of the state machine's steps: ``{"step", "backfill", "execution"}``.

A fault is raised, for the state machine to try again. An execution that was ended from outside
comes as an event of EventBridge.
"""

import json
import os
import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from lambdas import clients
from lambdas.aws import clients as plain
from lambdas.backfill.service import Answer, BackfillSteps
from lambdas.backfill.settings import BackfillSettings
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from visionflow.access.usage import UsageSettings
from visionflow.backfills.planning import Planner
from visionflow.backfills.price import Setting
from visionflow.backfills.request import Own, Work
from visionflow.backfills.store import BackfillStore
from visionflow.errors import BackfillConflictError, BackfillNotFoundError, VisionFlowError

LONGEST_CAUSE = 300
# Before the function's own end: to write what a slice has found.
_MARGIN_S = 30.0


@lru_cache
def service() -> BackfillSteps:
    settings = BackfillSettings.from_env(os.environ)
    dynamodb, s3 = clients.dynamodb(), clients.s3()
    store = BackfillStore(settings.jobs_table, dynamodb)
    region = os.environ.get("AWS_REGION", "")

    def source(work: Work) -> Any:
        return s3 if work.role is None else clients.s3_as(work.role, settings.external_id)

    return BackfillSteps(
        store=store,
        planner=Planner(store, Setting(region, settings.architecture, settings.chunk_memory_mb)),
        usage=UsageSettings.from_env(os.environ).store(dynamodb),
        own=Own(settings.images_bucket, settings.backfills_bucket, settings.most_chunks),
        s3=s3,
        source=source,
        parts=plain.s3(),
    )


@logged()
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if "detail" in event:
        return _end_from_outside(event["detail"])
    backfill, execution = str(event["backfill"]), int(event["execution"])
    seconds = context.get_remaining_time_in_millis() / 1000 - _MARGIN_S
    try:
        match event["step"]:
            case "list":
                answer = service().list(backfill, execution, seconds)
            case "finish":
                answer = service().finish(backfill, execution, int(event["round"]))
            case "compare":
                answer = service().compare(backfill, execution, seconds)
            case "complete":
                answer = service().complete(backfill, execution)
            case _:
                answer = _fail(backfill, execution, *_broken(event.get("error") or {}))
    except (BackfillConflictError, BackfillNotFoundError) as error:
        if service().is_at_work(backfill, execution):
            raise  # a call of the same step was faster; this one goes by what that one wrote
        # Somebody has paused or ended it at this moment.
        logger.info("ended", extra={"backfill": backfill, "reason": str(error)})
        answer = Answer("over")
    logger.info("step", extra={"step": event["step"], "backfill": backfill, **asdict(answer)})
    return asdict(answer)


def _fail(backfill: str, execution: int, code: str, sentence: str) -> Answer:
    service().fail(backfill, execution, code, sentence)
    return Answer("over")


def _broken(error: Mapping[str, Any]) -> tuple[str, str]:
    """A code and a sentence from what Step Functions caught."""
    kind, cause = str(error.get("Error") or "no reason given"), str(error.get("Cause") or "")
    try:
        raised = json.loads(cause)
    except ValueError:
        raised = None
    if isinstance(raised, dict):
        kind = str(raised.get("errorType") or kind)
        cause = str(raised.get("errorMessage") or "")
    what = textwrap.shorten(
        f"{kind}: {cause}" if cause else kind, LONGEST_CAUSE, placeholder=" ..."
    )
    return VisionFlowError.code, f"A step of the backfill broke ({what}). Retry it."


def _end_from_outside(execution: Mapping[str, Any]) -> dict[str, Any]:
    named = json.loads(execution["input"])
    status = str(execution["status"]).lower()
    sentence = f"The state machine's execution is {status}. Retry the backfill."
    try:
        answer = _fail(str(named["backfill"]), int(named["execution"]), "execution_ended", sentence)
    except BackfillNotFoundError:
        answer = Answer("over")
    return asdict(answer)
