"""Lambda entry point of every route but POST /predict, and of every path that does not exist."""

import os
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import clients
from lambdas.api.costs import service as costs
from lambdas.api.feedback import service as feedback
from lambdas.api.models import routes as models
from lambdas.api.predictions.service import DEFAULT_LIMIT, ApiService
from lambdas.api.settings import ApiSettings
from lambdas.api.stats import service as stats
from lambdas.api.training_jobs import routes as training_jobs
from lambdas.api.uploads import service as uploads
from lambdas.telemetry.trail import traced
from lambdas.web.parameters import choice, moment, only, short_text, whole_number
from lambdas.web.resolver import create_resolver, json_response
from visionflow.images.store import ImageStore
from visionflow.models.registry import ModelRegistry
from visionflow.models.store import ModelStore
from visionflow.predictions.record import Source, Status
from visionflow.predictions.store import LogQuery, PredictionStore

logger = Logger()
metrics = Metrics()
app = create_resolver()
for group in (uploads, models, feedback, stats, costs, training_jobs):
    app.include_router(group.router)


def build_service(settings: ApiSettings) -> ApiService:
    s3, dynamodb = clients.s3(), clients.dynamodb()
    return ApiService(
        PredictionStore(settings.predictions_table, dynamodb),
        ImageStore(settings.images_bucket, s3),
        ModelRegistry(settings.registry_table, dynamodb),
        ModelStore(settings.models_bucket, s3),
    )


@lru_cache
def service() -> ApiService:
    return build_service(ApiSettings.from_env(os.environ))


@lru_cache
def openapi() -> str:
    return Path(__file__).with_name("openapi.json").read_text(encoding="utf-8")


@app.get("/logs")
def logs() -> Response[str]:
    query = app.current_event.query_string_parameters
    only(query, "limit", "cursor", "label", "model_version", "status", "source", "from", "to")
    log_query = LogQuery(
        label=short_text("label", query.get("label")),
        model_version=short_text("model_version", query.get("model_version")),
        status=choice("status", query.get("status"), Status),
        source=choice("source", query.get("source"), Source),
        since=moment("from", query.get("from")),
        until=moment("to", query.get("to")),
    )
    limit = whole_number("limit", query.get("limit"))
    return json_response(
        service().logs(
            log_query,
            limit=DEFAULT_LIMIT if limit is None else limit,
            cursor=query.get("cursor"),
        )
    )


@app.get("/predictions/<prediction_id>")
def prediction(prediction_id: str) -> Response[str]:
    only(app.current_event.query_string_parameters)
    return json_response(service().prediction(prediction_id))


@app.get("/health")
def health() -> Response[str]:
    only(app.current_event.query_string_parameters)
    answer = service().health()
    well = answer.status == "ok"
    return json_response(answer, HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE)


@app.get("/openapi.json")
def description() -> Response[str]:
    only(app.current_event.query_string_parameters)
    return Response(HTTPStatus.OK, "application/json", openapi())


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@traced
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    return app.resolve(event, context)
