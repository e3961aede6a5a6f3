"""What the HTTP functions answer with: JSON bodies, and a problem for every error."""

import base64
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from lambdas.aws.errors import answered_errors, aws_errors
from lambdas.aws.retries import may_pass
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

# Why DynamoDB cancels a transaction that it would take at another moment.
_CANCELLED_FOR_NOW = {"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"}


class Resolver(Router):
    """Answers each event by its endpoint; every error is ``application/problem+json``."""

    def resolve(self, raw_event: Mapping[str, Any]) -> dict[str, Any]:
        return answer_head(raw_event, lambda event: self._answer(HttpEvent(event)).to_event())

    def _answer(self, event: HttpEvent) -> Response:
        found = self.find(event)
        if found is None:
            return of_unknown_route(event)
        endpoint, in_path = found
        try:
            return endpoint(event, **in_path)
        except Exception as error:
            return of_error(event, error)


def answer_head(
    raw_event: Mapping[str, Any], answer: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """What ``answer`` makes of an event; HEAD gets the status and the headers of GET."""
    about = raw_event["requestContext"]
    if about["http"]["method"] != HEAD:
        return answer(raw_event)
    as_get = {**about, "http": {**about["http"], "method": "GET"}}
    answered = answer({**raw_event, "requestContext": as_get})
    body = (answered.get("body") or "").encode()
    length = len(base64.b64decode(body) if answered["isBase64Encoded"] else body)
    headers = {**answered.get("headers", {}), "Content-Length": str(length)}
    return {**answered, "headers": headers, "body": "", "isBase64Encoded": False}


def of_error(event: HttpEvent, error: Exception) -> Response:
    """What a caller is told of ``error``, which is logged."""
    if isinstance(error, VisionFlowError):
        log = logger.exception if STATUSES[type(error)] >= 500 else logger.info
        log(REFUSED, extra={"code": error.code, "detail": str(error)})
        return _problem(event, error)
    if isinstance(error, aws_errors()) and _is_passing(error):
        logger.exception("aws call failed", exc_info=error)
        return _problem(event, PlatformError("A service behind the API did not answer; try again."))
    logger.exception("unexpected error", exc_info=error)
    return _problem(event, VisionFlowError("The request could not be handled."))


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


def of_unknown_route(event: HttpEvent) -> Response:
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
    # The status says it where nobody here knows the code.
    return (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or status == HTTPStatus.REQUEST_TIMEOUT
        or may_pass(status, response["Error"]["Code"])
    )
