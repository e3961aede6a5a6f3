"""Who calls: what the token of an API Gateway request says, once its authorizer has checked it."""

import re
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from visionflow.errors import ForbiddenError

ADMIN_GROUP = "admin"
ADMIN_SCOPE = "visionflow/admin"

# Where requests need no token, the API is reached from its own machine only.
NOBODY = "anonymous"


def name_of(event: APIGatewayProxyEventV2) -> str:
    """The caller's address or name, for the record; `NOBODY` where requests need no token."""
    claims = _claims(event)
    for claim in ("email", "username", "cognito:username", "client_id", "sub"):
        if claims.get(claim):
            return str(claims[claim])
    return NOBODY


def require_admin(event: APIGatewayProxyEventV2, *, requires_sign_in: bool) -> None:
    """Raise `ForbiddenError` unless the token belongs to the group of admins, or to a program that
    was given their scope. Without sign-in, everyone may."""
    claims = _claims(event)
    if not requires_sign_in and not claims:
        return
    groups = _words(claims.get("cognito:groups"))
    if ADMIN_GROUP not in groups and ADMIN_SCOPE not in _words(claims.get("scope")):
        raise ForbiddenError(
            f"This needs the group {ADMIN_GROUP!r} or the scope {ADMIN_SCOPE!r}; you have neither."
        )


def _claims(event: APIGatewayProxyEventV2) -> Mapping[str, Any]:
    authorizer = event.raw_event.get("requestContext", {}).get("authorizer") or {}
    claims: Mapping[str, Any] = authorizer.get("jwt", {}).get("claims") or {}
    return claims


def _words(claim: object) -> set[str]:
    """A scope is ``a b``; API Gateway passes a list as ``[a b]``."""
    if isinstance(claim, list):
        return set(map(str, claim))
    return set(re.split(r"[\s,]+", str(claim or "").strip("[]")))
