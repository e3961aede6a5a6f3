"""Lambda entry point of the state machine's steps: ``{"step", "dataset", "run"}``.

A fault is raised, for the state machine to try again. What no second try can change ends the
training here. An execution that was ended from outside comes as an event of EventBridge.
"""

import json
import os
import tempfile
import textwrap
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from lambdas import clients
from lambdas.instant.service import Trainings
from lambdas.instant.settings import InstantSettings
from lambdas.outcomes import status_of
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from training.config import DEFAULTS, TrainConfig, load_config
from training.data.grouping.scene_features import Float32Array
from training.data.training_data import TrainingData
from training.errors import TrainingError
from training.instant.instant import on_starter, train_embedded
from training.reading import Observer
from training.results.report import Report
from visionflow import strict
from visionflow.access.audit import AuditLog
from visionflow.access.budget import StageStop
from visionflow.answers.embedder import Embedder
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.errors import (
    ArtifactError,
    ConfigError,
    QuotaExceededError,
    RunConflictError,
    RunNotFoundError,
    RunTooLongError,
    VisionFlowError,
)
from visionflow.loop.curation_queue import CurationQueue
from visionflow.models.gate import GateLimits
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore
from visionflow_starter import STARTER

LONGEST_CAUSE = 300
# What the same call would raise again.
_FINAL = (ArtifactError, ConfigError, QuotaExceededError, TrainingError)

Step = Callable[[str, str, Path, float], dict[str, Any]]


@lru_cache
def settings() -> InstantSettings:
    return InstantSettings.from_env(os.environ)


@lru_cache
def service() -> Trainings:
    found = settings()
    dynamodb, s3 = clients.dynamodb(), clients.s3()
    store = DatasetStore(found.datasets_table, dynamodb)
    return Trainings(
        runs=RunStore(found.datasets_table, dynamodb),
        store=store,
        versions=VersionStore(found.datasets_bucket, s3, store),
        models=ModelStore(found.models_bucket, s3),
        registry=ModelRegistry(found.registry_table, dynamodb),
        curation=CurationQueue(store, found.curation_queue, clients.sqs()),
        stop=StageStop(found.usage_table, dynamodb),
        s3=s3,
        embedder=Embedder(STARTER, os.cpu_count() or 1),
        config=config_of,
        train=train,
        limits=strict.parse_json(GateLimits, found.gate, "gate"),
    )


@lru_cache
def audit() -> AuditLog:
    return AuditLog(settings().audit_table, clients.dynamodb())


@logged()
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if "detail" in event:
        return _end_from_outside(event["detail"])
    dataset, run, step = str(event["dataset"]), str(event["run"]), str(event["step"])
    if step == "fail":
        return _fail(dataset, run, *_broken(event.get("error") or {}))
    try:
        with tempfile.TemporaryDirectory() as work:
            seconds = context.get_remaining_time_in_millis() / 1000
            answer = _STEPS[step](dataset, run, Path(work), seconds)
    except (RunConflictError, RunNotFoundError) as error:
        logger.info("ended", extra={"run": run, "reason": str(error)})
        return {"next": "end"}
    except VisionFlowError as error:
        if error.retryable and not isinstance(error, _FINAL):
            raise
        return _fail(dataset, run, error.code, str(error))
    logger.info("step", extra={"step": step, "run": run, "answer": answer})
    return answer


def config_of(model: str, version: str) -> TrainConfig:
    """The config of a training that makes ``version`` of ``model``."""
    return on_starter(load_config(str(DEFAULTS), {"name": model, "version": version}))


def train(
    config: TrainConfig,
    data: TrainingData,
    embeddings: Mapping[str, Float32Array],
    out: Path,
    on_prove: Callable[[], object],
    *,
    with_images: bool,
) -> Report:
    """`Train`, by the package `training`."""

    def on_step(step: str) -> None:
        if step == "export":
            on_prove()

    observer = Observer(on_step, lambda _history: None)
    return train_embedded(config, data, embeddings, out, observer, with_images=with_images)


def _freeze(dataset: str, run: str, _work: Path, _seconds: float) -> dict[str, Any]:
    frozen = service().freeze(dataset, run)
    return {"next": "embed" if frozen.missing else "fit", "chunks": frozen.chunks}


def _fit(dataset: str, run: str, work: Path, seconds: float) -> dict[str, Any]:
    service().fit(dataset, run, work, seconds)
    return {"next": "publish"}


def _publish(dataset: str, run: str, work: Path, _seconds: float) -> dict[str, Any]:
    by = f"instant training {run}"
    with audit().change(by, by, "publish", f"{dataset}/{run}", status_of) as outcome:
        published = service().publish(dataset, run, work)
        model = {"name": published.name, "version": published.version}
        outcome.details |= {"model": model, "serves": published.serves}
    return {"next": "end"}


_STEPS: Mapping[str, Step] = {"freeze": _freeze, "fit": _fit, "publish": _publish}


def _fail(dataset: str, run: str, code: str, sentence: str) -> dict[str, Any]:
    try:
        ended = service().fail(dataset, run, code, sentence)
    except RunNotFoundError:  # deleted with its dataset
        return {"next": "end"}
    logger.info("ended", extra={"run": run, "state": ended.state, "error": ended.error})
    return {"next": "end"}


def _broken(error: Mapping[str, Any]) -> tuple[str, str]:
    """A code and a sentence from what Step Functions caught: of a function's error, the ``Cause``
    is JSON with type, message and stack trace; of any other fault it is text, or missing."""
    kind, cause = str(error.get("Error") or "no reason given"), str(error.get("Cause") or "")
    try:
        raised = json.loads(cause)
    except ValueError:
        raised = None
    if isinstance(raised, dict):
        kind = str(raised.get("errorType") or kind)
        cause = str(raised.get("errorMessage") or "")
    if "timed out" in cause.lower() or "timedout" in kind.lower():
        return RunTooLongError.code, (
            "A step of the training took longer than a function may. Train on fewer images, or on "
            "a rented machine."
        )
    what = textwrap.shorten(
        f"{kind}: {cause}" if cause else kind, LONGEST_CAUSE, placeholder=" ..."
    )
    return VisionFlowError.code, f"A step of the training broke ({what}). Train again."


def _end_from_outside(execution: Mapping[str, Any]) -> dict[str, Any]:
    named = json.loads(execution["input"])
    status = str(execution["status"]).lower()
    sentence = f"The state machine's execution is {status}. Train again."
    return _fail(str(named["dataset"]), str(named["run"]), "run_stopped", sentence)
