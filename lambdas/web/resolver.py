"""What the HTTP functions answer with: JSON bodies, and a problem for every error."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.outcomes import STATUSES
from lambdas.telemetry.measurements import REFUSED, measure_refusal
from lambdas.web.answers import Problem
from lambdas.web.routes import HEAD, ROUTES
from visionflow import strict
from visionflow.errors import (
    MethodNotAllowedError,
    PlatformError,
    RouteNotFoundError,
    VisionFlowError,
)

logger = Logger(child=True)
metrics = Metrics()  # the functions' own: instances share what they hold

# What S3 and DynamoDB call it.
_THROTTLED = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "SlowDown",
    "ThrottlingException",
    "TransactionInProgressException",
}
# Why DynamoDB cancels a transaction that it would take at another moment.
_CANCELLED_FOR_NOW = {"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"}


class _Resolver(APIGatewayHttpResolver):
    """Answers HEAD as GET, with the same headers and no body."""

    def resolve(self, event: Any, context: Any) -> dict[str, Any]:
        if _method_of(event) != HEAD:
            return super().resolve(event, context)
        answer = super().resolve(_as_get(event), context)
        length = len((answer.get("body") or "").encode())
        headers = {**answer.get("headers", {}), "Content-Length": str(length)}
        return {**answer, "headers": headers, "body": "", "isBase64Encoded": False}


def _method_of(event: Mapping[str, Any]) -> str:
    return str(event["requestContext"]["http"]["method"])


def _as_get(event: Mapping[str, Any]) -> dict[str, Any]:
    about = event["requestContext"]
    return {**event, "requestContext": {**about, "http": {**about["http"], "method": "GET"}}}


def create_resolver() -> APIGatewayHttpResolver:
    """A resolver that turns every error into ``application/problem+json``."""
    app = _Resolver()

    def problem(
        error: VisionFlowError, headers: dict[str, str | list[str]] | None = None
    ) -> Response[str]:
        measure_refusal(error, metrics)
        if error.retry_after is not None:
            headers = {**(headers or {}), "Retry-After": str(error.retry_after)}
        status = STATUSES[type(error)]
        body = Problem(
            type=f"urn:visionflow:problem:{error.code}",
            title=error.title,
            status=status,
            detail=str(error),
            code=error.code,
            request_id=app.current_event.request_context.request_id,
            field=error.field,
            retryable=error.retryable,
        )
        return json_response(body, status, "application/problem+json", headers)

    def on_error(error: VisionFlowError) -> Response[str]:
        log = logger.exception if STATUSES[type(error)] >= 500 else logger.info
        log(REFUSED, extra={"code": error.code, "detail": str(error)})
        return problem(error)

    def on_aws_error(error: Exception) -> Response[str]:
        if not _is_passing(error):
            return on_bug(error)
        logger.exception("aws call failed", exc_info=error)
        return problem(PlatformError("A service behind the API did not answer; try again."))

    def on_bug(error: Exception) -> Response[str]:
        logger.exception("unexpected error", exc_info=error)
        return problem(VisionFlowError("The request could not be handled."))

    def on_unknown_route(_: NotFoundError) -> Response[str]:
        method, path = app.current_event.http_method, app.current_event.path
        routes = [route for route in ROUTES if route.matches(path)]
        methods: list[str] = [route.method for route in routes]
        if methods and method not in methods:
            heads = [HEAD for route in routes if route.takes_head]
            allowed = ", ".join([*methods, *heads])
            error = MethodNotAllowedError(f"{path} does not take {method}, only {allowed}.")
            return problem(error, {"Allow": allowed})
        return problem(
            RouteNotFoundError(f"There is no {path} here; GET /openapi.json lists what there is.")
        )

    app.exception_handler(VisionFlowError)(on_error)
    app.exception_handler([ClientError, BotoCoreError])(on_aws_error)
    app.exception_handler(Exception)(on_bug)
    app.not_found(on_unknown_route)
    return app


def json_response(
    body: Any,
    status: int = 200,
    content_type: str = "application/json",
    headers: dict[str, str | list[str]] | None = None,
) -> Response[str]:
    """A response with dataclass ``body`` as JSON."""
    text = json.dumps(strict.to_dict(body), ensure_ascii=False)
    return Response(int(status), content_type, text, headers)


def _is_passing(error: Exception) -> bool:
    """Whether AWS may answer the same call later: throttled, failed or not reached.

    A call that is refused or malformed is our fault, and must not look like a passing one.
    """
    if not isinstance(error, ClientError):
        return True
    reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
    if reasons & _CANCELLED_FOR_NOW:
        return True
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.response["Error"]["Code"] in _THROTTLED
    )
