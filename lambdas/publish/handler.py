"""Lambda entry point of the publishing step: ``{"job_id": ...}``."""

import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import clients
from lambdas.publish.service import JobPublisher
from lambdas.publish.settings import PublishSettings
from lambdas.telemetry.trail import traced
from visionflow import strict
from visionflow.jobs.folder import JobFolders
from visionflow.jobs.store import JobStore
from visionflow.models.gate import GateLimits
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore

logger = Logger()


@lru_cache
def service() -> JobPublisher:
    settings = PublishSettings.from_env(os.environ)
    s3, dynamodb = clients.s3(), clients.dynamodb()
    return JobPublisher(
        JobStore(settings.jobs_table, dynamodb),
        JobFolders(settings.jobs_bucket, s3),
        s3,
        ModelStore(settings.models_bucket, s3),
        ModelRegistry(settings.registry_table, dynamodb),
        strict.parse_json(GateLimits, settings.gate, "gate"),
    )


@logger.inject_lambda_context
@traced
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        published = service().publish(str(event["job_id"]), Path(folder))
    answer: dict[str, Any] = strict.to_dict(published)
    logger.info("published", extra={"answer": answer})
    return answer
