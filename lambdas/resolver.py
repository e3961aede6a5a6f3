"""The HTTP face that the API's functions share: JSON bodies, and a problem for every error."""

import json
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.answers import Problem
from lambdas.outcomes import outcome
from lambdas.routes import ROUTES
from visionflow import strict
from visionflow.errors import (
    MethodNotAllowedError,
    PlatformError,
    RouteNotFoundError,
    VisionFlowError,
)

logger = Logger(child=True)


def create_resolver() -> APIGatewayHttpResolver:
    """A resolver that turns every error into ``application/problem+json``."""
    app = APIGatewayHttpResolver()

    def problem(error: VisionFlowError) -> Response[str]:
        status = outcome(error).status
        body = Problem(
            type=f"urn:visionflow:problem:{error.code}",
            title=error.title,
            status=status,
            detail=str(error),
            code=error.code,
            request_id=app.current_event.request_context.request_id,
        )
        return json_response(body, status, "application/problem+json")

    def on_error(error: VisionFlowError) -> Response[str]:
        log = logger.exception if outcome(error).status >= 500 else logger.info
        log("refused", extra={"code": error.code, "detail": str(error)})
        return problem(error)

    def on_platform_error(error: Exception) -> Response[str]:
        logger.exception("aws call failed", exc_info=error)
        return problem(PlatformError("A service behind the API did not answer; try again."))

    def on_bug(error: Exception) -> Response[str]:
        logger.exception("unexpected error", exc_info=error)
        return problem(VisionFlowError("The request could not be handled."))

    def on_unknown_route(_: NotFoundError) -> Response[str]:
        return problem(_unknown_route(app.current_event.http_method, app.current_event.path))

    app.exception_handler(VisionFlowError)(on_error)
    app.exception_handler([ClientError, BotoCoreError])(on_platform_error)
    app.exception_handler(Exception)(on_bug)
    app.not_found(on_unknown_route)
    return app


def json_response(
    body: Any, status: int = 200, content_type: str = "application/json"
) -> Response[str]:
    """A response with dataclass ``body`` as JSON."""
    text = json.dumps(strict.to_dict(body), ensure_ascii=False)
    return Response(int(status), content_type, text)


def _unknown_route(method: str, path: str) -> VisionFlowError:
    if methods := [route.method for route in ROUTES if route.matches(path)]:
        return MethodNotAllowedError(f"{path} takes {', '.join(methods)}, not {method}.")
    return RouteNotFoundError(f"There is no {path} here; GET /openapi.json lists what there is.")
