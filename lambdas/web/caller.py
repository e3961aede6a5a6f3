"""Who calls: what API Gateway's authorizer found out about a request."""

import re
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from visionflow.access.caller import LOCAL, Caller
from visionflow.access.roles import SCOPES, scopes_of
from visionflow.errors import ForbiddenError


def caller_of(event: APIGatewayProxyEventV2, *, requires_sign_in: bool) -> Caller:
    """The caller by the authorizer's answer; `LOCAL` where requests need no token.

    Raises `ForbiddenError` where sign-in is required and no authorizer has identified the caller.
    """
    authorizer = event.raw_event.get("requestContext", {}).get("authorizer") or {}
    if context := authorizer.get("lambda"):
        return _identified(context)
    if claims := authorizer.get("jwt", {}).get("claims"):
        return _signed_in(claims)
    if requires_sign_in:
        raise ForbiddenError("The request has not been identified; sign in or send an API key.")
    return LOCAL


def authorizer_context(caller: Caller) -> dict[str, str]:
    """What the authorizer hands to the functions; API Gateway passes texts alone."""
    return {
        "id": caller.id,
        "name": caller.name,
        "scopes": " ".join(sorted(caller.scopes)),
        "rpm": _text(caller.requests_per_minute),
        "rpmonth": _text(caller.requests_per_month),
    }


def _identified(context: Mapping[str, Any]) -> Caller:
    held = str(context["scopes"]).split()
    return Caller(
        str(context["id"]),
        str(context["name"]),
        frozenset(scope for scope in SCOPES if scope in held),
        _number(context.get("rpm")),
        _number(context.get("rpmonth")),
    )


def _text(number: int | None) -> str:
    """Empty for the stage's default."""
    return "" if number is None else str(number)


def _number(text: object) -> int | None:
    return int(str(text)) if text else None


def _signed_in(claims: Mapping[str, Any]) -> Caller:
    name = next(
        str(claims[claim])
        for claim in ("email", "username", "cognito:username", "client_id", "sub")
        if claims.get(claim)
    )
    identity = claims.get("sub") or claims.get("client_id")
    return Caller(f"user:{identity}", name, scopes_of(_words(claims.get("cognito:groups"))))


def _words(claim: object) -> set[str]:
    """API Gateway passes a list as ``[a b]``."""
    if isinstance(claim, list):
        return set(map(str, claim))
    return set(re.split(r"[\s,]+", str(claim or "").strip("[]")))
