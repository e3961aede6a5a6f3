"""Lambda entry point of the state machine's steps: ``{"step": ..., "job_id": ...}``.

An execution that was ended from outside comes as an event of EventBridge: its job is ended too.
"""

import json
import os
import textwrap
from functools import lru_cache
from typing import Any

from lambdas import clients
from lambdas.jobs.inputs import Inputs
from lambdas.jobs.machines import Machines
from lambdas.jobs.quotas import Quotas
from lambdas.jobs.service import Answer, JobSteps
from lambdas.jobs.settings import JobsSettings
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from visionflow import strict
from visionflow.access.budget import StageStop
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.errors import PlatformError, VisionFlowError
from visionflow.jobs.folder import JobFolders
from visionflow.jobs.record import ENDED
from visionflow.jobs.store import JobStore
from visionflow.models.gate import GateLimits
from visionflow.models.ref import ModelRef
from visionflow.sentences import say

LONGEST_CAUSE = 300


@lru_cache
def service() -> JobSteps:
    settings = JobsSettings.from_env(os.environ)
    machines = Machines(clients.ec2(), clients.ssm(), settings)
    dynamodb, s3 = clients.dynamodb(), clients.s3()
    store, stop = JobStore(settings.jobs_table, dynamodb), StageStop(settings.usage_table, dynamodb)
    folders = JobFolders(settings.jobs_bucket, s3)
    versions = VersionStore(
        settings.datasets_bucket, s3, DatasetStore(settings.datasets_table, dynamodb)
    )
    limits = strict.parse_json(GateLimits, settings.gate, "gate")
    inputs = Inputs(store, folders, s3, limits, versions)
    quotas = Quotas(clients.service_quotas())
    return JobSteps(store, inputs, machines, quotas, settings, stop)


@logged()
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    answer: dict[str, Any] = strict.to_dict(_run(event))
    logger.info("step", extra={"step": event.get("step"), "answer": answer})
    return answer


def _run(event: dict[str, Any]) -> Answer:
    steps = service()
    if "detail" in event:
        return _end_from_outside(steps, event["detail"])
    job_id = str(event["job_id"])
    match event["step"]:
        case "validate":
            return steps.validate(job_id)
        case "launch":
            return steps.launch(job_id)
        case "watch":
            return steps.watch(job_id)
        case "end":
            return _end(steps, job_id, event)
    raise VisionFlowError(f"There is no step {event['step']!r}.")


def _end(steps: JobSteps, job_id: str, event: dict[str, Any]) -> Answer:
    """``answer`` is that of the step before; if a step broke, it does not say how the job ends."""
    answer = event.get("answer") or {}
    state = answer.get("state")
    if state not in ENDED:
        return steps.end(job_id, "failed", _broken(event.get("error") or {}), None)
    model = answer.get("model")
    published = strict.parse(ModelRef, model, "answer.model") if model else None
    return steps.end(job_id, state, answer.get("reason"), published)


def _broken(error: dict[str, Any]) -> str:
    """A sentence from what Step Functions caught: of a function's error, the ``Cause`` is JSON with
    type, message and stack trace; of any other fault it is text, or missing."""
    kind, cause = str(error.get("Error") or say("no_reason")), str(error.get("Cause") or "")
    try:
        raised = json.loads(cause)
    except ValueError:
        raised = None
    if isinstance(raised, dict):
        kind, cause = str(raised.get("errorType") or kind), str(raised.get("errorMessage") or "")
    what = textwrap.shorten(
        f"{kind}: {cause}" if cause else kind, LONGEST_CAUSE, placeholder=" ..."
    )
    return say("step_broke", what=what)


def _end_from_outside(steps: JobSteps, execution: dict[str, Any]) -> Answer:
    """Raises while a machine is still ending: Lambda then makes the call again, twice."""
    job_id = str(json.loads(execution["input"])["job_id"])
    reason = say("execution_ended", status=str(execution["status"]).lower())
    answer = steps.end(job_id, "failed", reason, None)
    if answer.next != "done":
        raise PlatformError(f"Machines of job {job_id} are still ending.")
    return answer
