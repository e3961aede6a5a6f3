"""The description of the routes about who may do what."""

from infra.generators.openapi_operation import Operation, in_path, json_body
from lambdas.api.keys.service import KeyPage, KeyRequest, NewKey
from lambdas.api.me.service import Me
from visionflow.access.keys import ApiKey

ACCESS_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/me"): Operation("me", "The caller, and what the caller may do", {200: Me}),
    ("GET", "/keys"): Operation("keys", "API keys of programs, the newest first", {200: KeyPage}),
    ("POST", "/keys"): Operation(
        "createKey",
        "Make an API key; its text is in this answer alone",
        {201: NewKey},
        body=json_body(KeyRequest),
    ),
    ("DELETE", "/keys/{prefix}"): Operation(
        "revokeKey", "Refuse an API key from now on", {200: ApiKey}, (in_path("prefix"),)
    ),
}
