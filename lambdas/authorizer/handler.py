"""Lambda entry point of API Gateway's authorizer: payload 2.0, simple responses.

API Gateway answers 401 itself when there is no ``Authorization`` header, and 403 when this function
says no. Neither reaches another function.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

import os
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lambdas.authorizer.service import Authorizer
from lambdas.authorizer.settings import AuthorizerSettings
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from lambdas.web.caller import authorizer_context
from visionflow.errors import NotSignedInError


@lru_cache
def service() -> Authorizer:
    return Authorizer.build(AuthorizerSettings.from_env(os.environ))


@logged()
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    (authorization,) = event["identitySource"]
    try:
        caller = service().identify(str(authorization), datetime.now(UTC))
    except NotSignedInError as error:
        logger.info("refused", extra={"reason": str(error)})
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": authorizer_context(caller)}
