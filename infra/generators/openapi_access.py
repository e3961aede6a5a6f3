"""The description of the routes about who may do what."""

from infra.generators.openapi_operation import Operation, Schema, in_path
from lambdas.api.keys.service import (
    LONGEST_LIFE_DAYS,
    LONGEST_NAME,
    MOST_PER_MINUTE,
    MOST_PER_MONTH,
    KeyPage,
    NewKey,
)
from lambdas.api.me.service import Me
from visionflow.access.keys import ApiKey
from visionflow.access.roles import SCOPES


def _up_to(most: int) -> Schema:
    return {"type": ["integer", "null"], "minimum": 1, "maximum": most, "default": None}


_KEY_REQUEST: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
        "scopes": {"type": "array", "items": {"enum": list(SCOPES)}, "minItems": 1},
        "requests_per_minute": _up_to(MOST_PER_MINUTE),
        "requests_per_month": _up_to(MOST_PER_MONTH),
        "expires_in_days": _up_to(LONGEST_LIFE_DAYS),
    },
    "required": ["name", "scopes"],
    "additionalProperties": False,
}
ACCESS_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/me"): Operation("me", "The caller, and what the caller may do", {200: Me}),
    ("GET", "/keys"): Operation("keys", "API keys of programs, the newest first", {200: KeyPage}),
    ("POST", "/keys"): Operation(
        "createKey",
        "Make an API key; its text is in this answer alone",
        {201: NewKey},
        body={"application/json": _KEY_REQUEST},
    ),
    ("DELETE", "/keys/{prefix}"): Operation(
        "revokeKey", "Refuse an API key from now on", {200: ApiKey}, (in_path("prefix"),)
    ),
}
