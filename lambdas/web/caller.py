"""Who calls: what the authorizer found out about a request."""

from collections.abc import Mapping
from typing import Any

from lambdas.web.http import HttpEvent
from visionflow.access.caller import LOCAL, Caller
from visionflow.access.roles import ROLES, SCOPES
from visionflow.errors import NotSignedInError


def caller_of(event: HttpEvent, *, requires_sign_in: bool) -> Caller:
    """The caller by the authorizer's answer; `LOCAL` where requests need no token.

    Raises `NotSignedInError` where sign-in is required and no authorizer has identified the caller.
    """
    authorizer = event.raw_event.get("requestContext", {}).get("authorizer") or {}
    if context := authorizer.get("lambda"):
        return _identified(context)
    if requires_sign_in:
        raise NotSignedInError("The request has not been identified; sign in or send an API key.")
    return LOCAL


def authorizer_context(caller: Caller) -> dict[str, str]:
    """What the authorizer hands to the functions: texts, of which an empty one stands for None."""
    factor = caller.second_factor
    return {
        "id": caller.id,
        "name": caller.name,
        "scopes": " ".join(sorted(caller.scopes)),
        "roles": " ".join(caller.roles),
        "mfa": "" if factor is None else str(factor).lower(),
        "rpm": _text(caller.requests_per_minute),
        "rpmonth": _text(caller.requests_per_month),
    }


def _identified(context: Mapping[str, Any]) -> Caller:
    scopes, roles = str(context["scopes"]).split(), str(context["roles"]).split()
    factor = str(context["mfa"])
    return Caller(
        str(context["id"]),
        str(context["name"]),
        frozenset(scope for scope in SCOPES if scope in scopes),
        tuple(role for role in ROLES if role in roles),
        second_factor=factor == "true" if factor else None,
        requests_per_minute=_number(context["rpm"]),
        requests_per_month=_number(context["rpmonth"]),
    )


def _text(limit: int | None) -> str:
    return "" if limit is None else str(limit)


def _number(text: object) -> int | None:
    return int(str(text)) if text else None
