"""Lambda entry point of a chunk: ``{"backfill", "execution", "chunk": {"number"}}``, and of the
examples of a comparison: ``{"backfill", "execution", "draw": {"begin"}}``.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from lambdas import clients
from lambdas.aws import clients as plain
from lambdas.chunk.drawing import Drawer
from lambdas.chunk.recording import Recorder
from lambdas.chunk.service import ChunkService
from lambdas.chunk.settings import ChunkSettings
from lambdas.chunk.versions import Versions
from lambdas.classification.decoder import process_decoder
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from visionflow.access.usage import UsageSettings
from visionflow.answers.session import begin_import
from visionflow.backfills.price import Setting
from visionflow.backfills.store import BackfillStore
from visionflow.errors import BackfillConflictError, BackfillNotFoundError
from visionflow.images.store import ImageStore
from visionflow.models.store import ModelStore
from visionflow.predictions.store import PredictionStore

# Before the function's own end: a decoder may hang for 20 s, and results are to be written.
_MARGIN_S = 30.0
_WRITERS = 8


@lru_cache
def service() -> ChunkService:
    decoder = process_decoder()  # forked, before there is a thread
    begin_import()
    settings = ChunkSettings.from_env(os.environ)
    dynamodb, s3 = clients.dynamodb(), plain.s3()
    region = os.environ.get("AWS_REGION", "")
    predictions = PredictionStore(settings.predictions_table, plain.dynamodb())
    return ChunkService(
        store=BackfillStore(settings.jobs_table, dynamodb),
        backfills=settings.backfills_bucket,
        s3=s3,
        source=lambda role: clients.s3_as(role, settings.external_id),
        versions=Versions(ModelStore(settings.models_bucket, s3), settings.ort_threads),
        images=settings.images_bucket,
        recorder=Recorder(
            predictions, settings.retention_days, ThreadPoolExecutor(_WRITERS, "records")
        ),
        usage=UsageSettings.from_env(os.environ).store(dynamodb),
        setting=Setting(region, settings.architecture, settings.chunk_memory_mb),
        decoder=decoder,
    )


def drawer() -> Drawer:
    settings, chunks = ChunkSettings.from_env(os.environ), service()
    s3 = clients.s3()  # which also looks for objects and deletes them
    return Drawer(
        chunks.store,
        settings.backfills_bucket,
        s3,
        ImageStore(settings.images_bucket, s3),
        chunks.source,
        chunks.decoder,
    )


@logged()
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    seconds = context.get_remaining_time_in_millis() / 1000 - _MARGIN_S
    if "draw" in event:
        return _draw(event, seconds)
    backfill, number = str(event["backfill"]), int(event["chunk"]["number"])
    try:
        done = service().work(backfill, int(event["execution"]), number, seconds)
    except (BackfillConflictError, BackfillNotFoundError) as error:
        # It was ended, or another call does the chunk; a failure here would be tried again.
        logger.info("ended", extra={"reason": str(error)})
        done = 0
    logger.info("classified", extra={"backfill": backfill, "chunk": number, "done": done})
    return {"done": done}


def _draw(event: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What comes next, as the state machine's steps say it."""
    backfill, execution = str(event["backfill"]), int(event["execution"])
    left = drawer().draw(backfill, execution, int(event["draw"]["begin"]), seconds)
    logger.info("drawn", extra={"backfill": backfill, "left": left})
    return {"next": "complete"} if left is None else {"next": "draw", "begin": left}
