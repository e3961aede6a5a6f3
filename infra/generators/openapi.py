"""Makes the API's OpenAPI description from the classes that the functions answer with.

Pydantic derives the schemas here, when the file is made, so the functions need not carry it.
"""

from http import HTTPStatus
from pathlib import Path
from typing import get_args

from infra.generators.operations.access import ACCESS_OPERATIONS, HOOK_OPERATIONS
from infra.generators.operations.datasets import DATASET_OPERATIONS
from infra.generators.operations.devices import DEVICE_BODIES, DEVICE_FIELD, DEVICE_OPERATIONS
from infra.generators.operations.models import MODEL_OPERATIONS
from infra.generators.operations.operation import (
    CURSOR,
    IMAGE,
    LIMIT,
    TEXT,
    TIME,
    Operation,
    Schema,
    in_path,
    query,
)
from infra.generators.operations.training import BACKFILL_OPERATIONS, TRAINING_OPERATIONS
from infra.generators.schemas import component_schemas
from lambdas.api.about.service import Health, ServiceStatus
from lambdas.api.predictions.service import LogPage
from lambdas.api.records import PredictionDetail
from lambdas.api.uploads.service import UploadForm
from lambdas.classification.service import DEFAULT_TOP_K, MAX_TOP_K
from lambdas.outcomes import STATUSES
from lambdas.predict.body import DEVICE, FIELD
from lambdas.predict.idempotency import HEADER
from lambdas.predict.service import PredictAnswer, RecordExplanation
from lambdas.predict.thumbnails import MOST, RecordThumbnails
from lambdas.web.answers import Problem
from lambdas.web.routes import HEAD, ROUTES, Route
from visionflow.access.budget import BudgetState
from visionflow.errors import CoverageUnmeasuredError
from visionflow.images.limits import DEFAULT_LIMITS
from visionflow.images.uploads import UPLOAD_TYPES
from visionflow.predictions.record import KEY, Origin, Source, Status
from visionflow.predictions.store import Verdict

OPENAPI_FILE = Path(__file__).parents[2] / "lambdas" / "api" / "openapi.json"

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/predict"): Operation(
        "predict",
        "Classify one image",
        {200: PredictAnswer},
        (
            query(
                "top_k",
                "How many of the best labels to return",
                {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_TOP_K,
                    "default": DEFAULT_TOP_K,
                },
            ),
            query(
                "explain",
                "Whether to return a heatmap of the evidence in the image",
                {"type": "boolean", "default": False},
            ),
            query("label", "The label or parent to explain instead of the answer", TEXT),
            query(
                "coverage",
                "Return the smallest set of labels that holds the true one with this probability. "
                "The set may be empty: then even the best label is less likely than the true one "
                "almost ever is. A version that has not measured this answers "
                f"{HTTPStatus.CONFLICT} `{CoverageUnmeasuredError.code}`.",
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            ),
            {
                "name": HEADER,
                "in": "header",
                "description": "A repeated request with the same key returns the first answer",
                "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"},
            },
            {
                "name": "Content-Disposition",
                "in": "header",
                "description": "Where the body is the image itself: the name of its file, as "
                "`attachment; filename*=UTF-8''cat.jpg`. A form has it in its part",
                "schema": TEXT,
            },
        ),
        {
            "multipart/form-data": {
                "type": "object",
                "properties": {FIELD: IMAGE, DEVICE: DEVICE_FIELD},
                "required": [FIELD],
            },
            "application/json": {
                "type": "object",
                "properties": {
                    "image": {
                        "type": "string",
                        "contentEncoding": "base64",
                        "description": "Base64 in either alphabet, or a data URL",
                    },
                    "filename": {"type": ["string", "null"]},
                    DEVICE: DEVICE_FIELD,
                },
                "required": ["image"],
            },
            "application/octet-stream": IMAGE,
            "image/*": IMAGE,
        },
    ),
    ("POST", "/uploads"): Operation(
        "uploads",
        "A signed request that uploads one large image to the bucket, once",
        {201: UploadForm},
        body={
            "application/json": {
                "type": "object",
                "properties": {
                    "content_type": {"enum": sorted(UPLOAD_TYPES)},
                    "bytes": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": DEFAULT_LIMITS.max_bytes,
                    },
                    "filename": {"type": ["string", "null"], "default": None},
                },
                "required": ["content_type", "bytes"],
                "additionalProperties": False,
            }
        },
    ),
    ("GET", "/health"): Operation(
        "health", "Whether the service can classify images now", {200: Health, 503: Health}
    ),
    ("GET", "/status"): Operation(
        "status",
        "Whether the service can classify images now, by which model and into which labels",
        {200: ServiceStatus, 503: ServiceStatus},
    ),
    ("POST", "/budget/resume"): Operation(
        "resumeBudget",
        "Take images and training jobs again although the month's budget is spent",
        {200: BudgetState},
    ),
    ("GET", "/logs"): Operation(
        "logs",
        "Predictions, newest first",
        {200: LogPage},
        (
            LIMIT,
            CURSOR,
            query("label", "Only this label, or what is below it where it is a parent", TEXT),
            query("model", "Only answers of this version, as name/version", TEXT),
            query("status", "Only this status", {"enum": list(get_args(Status))}),
            query("source", "Only images from this source", {"enum": list(get_args(Source))}),
            query("origin", "Only what was made there", {"enum": list(get_args(Origin))}),
            query("feedback", "Only what people said this of", {"enum": list(get_args(Verdict))}),
            query("filename", "Only files with this part of a name", TEXT),
            query("from", "Not before this time or date (UTC)", TIME),
            query("to", "Not after this time or date (UTC)", TIME),
        ),
    ),
    ("GET", "/predictions/{id}"): Operation(
        "prediction",
        "One prediction, with URLs of its image",
        {200: PredictionDetail},
        (in_path("id"),),
    ),
    ("GET", "/predictions/{id}/explanation"): Operation(
        "explanation",
        "A heatmap of the evidence in a recorded image, by the version that answered it. It adds "
        "no record, and is one image of the quota",
        {200: RecordExplanation},
        (
            in_path("id"),
            query("label", "The label or parent to explain instead of the answer", TEXT),
        ),
    ),
    ("GET", "/thumbnails"): Operation(
        "record_thumbnails",
        f"Thumbnails of at most {MOST} records. One that nobody has looked at before is made now, "
        "as long as the original is kept; those for which there is no time come later",
        {200: RecordThumbnails},
        (query("predictions", "Ids of records, with commas between them", TEXT),),
    ),
    ("GET", "/openapi.json"): Operation("openapi", "This description", {200: None}),
    **MODEL_OPERATIONS,
    **TRAINING_OPERATIONS,
    **ACCESS_OPERATIONS,
    **HOOK_OPERATIONS,
    **DATASET_OPERATIONS,
    **BACKFILL_OPERATIONS,
    **DEVICE_OPERATIONS,
}


def document() -> Schema:
    """The whole description, OpenAPI 3.1. Raises `KeyError` for a route without an `Operation`."""
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        operation = OPERATIONS[route.method, route.path]
        item = _path_item(route, operation)
        paths.setdefault(route.path, {})[route.method.lower()] = item
        if route.takes_head:
            paths[route.path][HEAD.lower()] = _head_of(item)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "VisionFlow",
            "version": "1",
            "description": "Classifies images and records the predictions.",
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The access token of a person, or a program's API key (vf_...)",
                }
            },
        },
    }


def _path_item(route: Route, operation: Operation) -> Schema:
    responses: Schema = {
        str(status): _response("The answer", "application/json", answer)
        for status, answer in operation.answers.items()
    }
    responses["default"] = _response("What went wrong", "application/problem+json", Problem)
    item: Schema = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "responses": responses,
        "security": [{"token": [route.needs]}] if route.needs else [],
    }
    if operation.parameters:
        item["parameters"] = list(operation.parameters)
    if operation.body:
        content = {media_type: {"schema": schema} for media_type, schema in operation.body.items()}
        item["requestBody"] = {"required": operation.body_required, "content": content}
    return item


def _head_of(item: Schema) -> Schema:
    """The same operation without bodies."""
    responses = {
        status: {"description": response["description"]}
        for status, response in item["responses"].items()
    }
    return {
        **item,
        "operationId": f"{item['operationId']}Head",
        "summary": "The headers of GET without its body",
        "responses": responses,
    }


def _response(description: str, media_type: str, answer: type | None) -> Schema:
    schema = {"type": "object"}
    if answer is not None:
        schema = {"$ref": f"#/components/schemas/{answer.__name__}"}
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _schemas() -> Schema:
    answers = {
        answer
        for operation in OPERATIONS.values()
        for answer in operation.answers.values()
        if answer is not None
    }
    schemas = component_schemas({*answers, *DEVICE_BODIES, Problem})
    schemas["Problem"]["properties"]["code"]["enum"] = sorted(error.code for error in STATUSES)
    return schemas
