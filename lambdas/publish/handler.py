"""Lambda entry point of the publishing step: ``{"job_id": ...}``."""

import os
import tempfile
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from lambdas import clients
from lambdas.outcomes import status_of
from lambdas.publish.service import JobPublisher
from lambdas.publish.settings import PublishSettings
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from visionflow import strict
from visionflow.access.audit import AuditLog
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.jobs.folder import JobFolders
from visionflow.jobs.store import JobStore
from visionflow.models.gate import GateLimits
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore


@lru_cache
def service() -> JobPublisher:
    settings = PublishSettings.from_env(os.environ)
    s3, dynamodb = clients.s3(), clients.dynamodb()
    datasets = DatasetStore(settings.datasets_table, dynamodb)
    return JobPublisher(
        JobStore(settings.jobs_table, dynamodb),
        JobFolders(settings.jobs_bucket, s3),
        s3,
        ModelStore(settings.models_bucket, s3),
        ModelRegistry(settings.registry_table, dynamodb),
        strict.parse_json(GateLimits, settings.gate, "gate"),
        VersionStore(settings.datasets_bucket, s3, datasets),
        RunStore(settings.datasets_table, dynamodb),
    )


@lru_cache
def audit() -> AuditLog:
    return AuditLog(PublishSettings.from_env(os.environ).audit_table, clients.dynamodb())


@logged()
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    job_id = str(event["job_id"])
    by = f"training job {job_id}"
    with (
        tempfile.TemporaryDirectory() as folder,
        audit().change(by, by, "publish", job_id, status_of) as outcome,
    ):
        published = service().publish(job_id, Path(folder))
        answer: dict[str, Any] = strict.to_dict(published)
        outcome.details |= {"model": answer["model"], "reason": published.reason}
        if published.state == "failed":
            outcome.status = HTTPStatus.UNPROCESSABLE_ENTITY
    logger.info("published", extra={"answer": answer})
    return answer
