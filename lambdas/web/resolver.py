"""What the HTTP functions answer with: JSON bodies, and a problem for every error."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from lambdas.aws.errors import answered_errors, aws_errors
from lambdas.outcomes import STATUSES
from lambdas.telemetry.log import logger
from lambdas.telemetry.measurements import REFUSED, measure_refusal
from lambdas.telemetry.metrics import metrics
from lambdas.web.answers import Problem
from lambdas.web.http import HttpEvent, Response
from lambdas.web.router import Router
from lambdas.web.routes import HEAD, ROUTES
from visionflow import strict
from visionflow.errors import (
    MethodNotAllowedError,
    PlatformError,
    RouteNotFoundError,
    VisionFlowError,
)

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


class Resolver(Router):
    """Answers each event by its endpoint, and turns every error into ``application/problem+json``.
    HEAD is answered as GET, with the same headers and no body."""

    def resolve(self, raw_event: Mapping[str, Any]) -> dict[str, Any]:
        event = HttpEvent(raw_event)
        if event.method != HEAD:
            return self._answer(event).to_event()
        answer = self._answer(_as_get(event)).to_event()
        headers = {**answer["headers"], "Content-Length": str(len(answer["body"].encode()))}
        return {**answer, "headers": headers, "body": ""}

    def _answer(self, event: HttpEvent) -> Response:
        found = self.find(event)
        if found is None:
            return _unknown_route(event)
        endpoint, in_path = found
        try:
            return endpoint(event, **in_path)
        except VisionFlowError as error:
            log = logger.exception if STATUSES[type(error)] >= 500 else logger.info
            log(REFUSED, extra={"code": error.code, "detail": str(error)})
            return _problem(event, error)
        except Exception as error:
            if isinstance(error, aws_errors()) and _is_passing(error):
                logger.exception("aws call failed")
                return _problem(
                    event, PlatformError("A service behind the API did not answer; try again.")
                )
            logger.exception("unexpected error")
            return _problem(event, VisionFlowError("The request could not be handled."))


def _as_get(event: HttpEvent) -> HttpEvent:
    about = event.raw_event["requestContext"]
    as_get = {**about, "http": {**about["http"], "method": "GET"}}
    return HttpEvent({**event.raw_event, "requestContext": as_get})


def _problem(
    event: HttpEvent, error: VisionFlowError, headers: Mapping[str, str] | None = None
) -> Response:
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
        request_id=event.request_id,
        field=error.field,
        retryable=error.retryable,
    )
    return json_response(body, status, "application/problem+json", headers)


def _unknown_route(event: HttpEvent) -> Response:
    method, path = event.method, event.path
    routes = [route for route in ROUTES if route.matches(path)]
    methods: list[str] = [route.method for route in routes]
    if methods and method not in methods:
        heads = [HEAD for route in routes if route.takes_head]
        allowed = ", ".join([*methods, *heads])
        error = MethodNotAllowedError(f"{path} does not take {method}, only {allowed}.")
        return _problem(event, error, {"Allow": allowed})
    return _problem(
        event,
        RouteNotFoundError(f"There is no {path} here; GET /openapi.json lists what there is."),
    )


def json_response(
    body: Any,
    status: int = 200,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A response with dataclass ``body`` as JSON."""
    text = json.dumps(strict.to_dict(body), ensure_ascii=False)
    return Response(int(status), content_type, text, headers or {})


def _is_passing(error: Exception) -> bool:
    """Whether AWS may answer the same call later: throttled, failed or not reached.

    A call that is refused or malformed is our fault, and must not look like a passing one.
    """
    if not isinstance(error, answered_errors()):
        return True
    response: Mapping[str, Any] = getattr(error, "response", {})
    reasons = {reason.get("Code") for reason in response.get("CancellationReasons", ())}
    if reasons & _CANCELLED_FOR_NOW:
        return True
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or response["Error"]["Code"] in _THROTTLED
