"""Lambda entry point of a chunk: ``{"dataset", "run", "chunk": {"number", "images"}}``."""

import os
from functools import lru_cache
from typing import Any

from lambdas import clients
from lambdas.embed.service import ChunkEmbedder
from lambdas.embed.settings import EmbedSettings
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from visionflow.answers.embedder import Embedder
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.errors import RunConflictError, RunNotFoundError
from visionflow_starter import STARTER


@lru_cache
def service() -> ChunkEmbedder:
    settings = EmbedSettings.from_env(os.environ)
    dynamodb = clients.dynamodb()
    return ChunkEmbedder(
        RunStore(settings.datasets_table, dynamodb),
        DatasetStore(settings.datasets_table, dynamodb),
        settings.datasets_bucket,
        clients.s3(),
        Embedder(STARTER),
    )


@logged()
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    dataset, run, chunk = str(event["dataset"]), str(event["run"]), event["chunk"]
    try:
        done = service().embed(dataset, run, int(chunk["number"]), chunk["images"])
    except (RunConflictError, RunNotFoundError) as error:
        # It was stopped; its map ends by itself, and a failure here would be tried again.
        logger.info("ended", extra={"reason": str(error)})
        done = 0
    logger.info("embedded", extra={"run": run, "chunk": chunk["number"], "done": done})
    return {"done": done}
