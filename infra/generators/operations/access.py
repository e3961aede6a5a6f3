"""The description of the routes about who may do what, hooks, erasing, and the audit trail."""

from typing import get_args

from infra.generators.operations.operation import (
    CURSOR,
    LIMIT,
    TIME,
    Operation,
    Schema,
    in_path,
    query,
)
from lambdas.api.audit.service import AuditPage
from lambdas.api.hooks.bodies import (
    HookPage,
    HookReplay,
    HookSecret,
    HookState,
    HookTry,
    NewHook,
)
from lambdas.api.keys.service import (
    LONGEST_LIFE_DAYS,
    LONGEST_NAME,
    MOST_PER_MINUTE,
    MOST_PER_MONTH,
    KeyPage,
    NewKey,
)
from lambdas.api.me.service import Me
from lambdas.api.owners.service import ErasedOwner
from lambdas.api.predictions.service import Erased
from visionflow.access.keys import ApiKey
from visionflow.access.roles import SCOPES
from visionflow.events.hooks import (
    HOOK_NAME,
    LONGEST_TARGET,
    LONGEST_VALUE,
    MOST_VALUES,
    HookKind,
    HookStatus,
)
from visionflow.predictions.record import Source


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
    ("DELETE", "/predictions/{id}"): Operation(
        "erasePrediction",
        "Erase a prediction with its image and all that was made from it",
        {200: Erased},
        (in_path("id"),),
    ),
    ("DELETE", "/owners/{owner}"): Operation(
        "eraseOwner",
        "Erase what an owner has sent, some records at a time",
        {200: ErasedOwner},
        (in_path("owner"),),
    ),
    ("GET", "/audit"): Operation(
        "audit",
        "Changes and who made them, the latest first",
        {200: AuditPage},
        (
            LIMIT,
            CURSOR,
            query(
                "from",
                "Not before this time or date (UTC; default: a year before `to`)",
                TIME,
            ),
            query("to", "Not after this time or date (UTC; default: now)", TIME),
        ),
    ),
}


def _some(item: Schema, most: int) -> Schema:
    return {"type": "array", "items": item, "maxItems": most, "default": []}


def _one_of(literal: object) -> Schema:
    return {"type": "string", "enum": list(get_args(literal))}


_TEXTS = _some({"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE}, MOST_VALUES)
_BOUND: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1, "default": None}
_HOOK_REQUEST: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": f"^{HOOK_NAME.pattern}$"},
        "target": {"type": "string", "minLength": 1, "maxLength": LONGEST_TARGET},
        "kinds": _some(_one_of(HookKind), len(get_args(HookKind))),
        "labels": _TEXTS,
        "statuses": _some(_one_of(HookStatus), len(get_args(HookStatus))),
        "sources": _some(_one_of(Source), len(get_args(Source))),
        "models": _TEXTS,
        "confidence_at_least": _BOUND,
        "confidence_below": _BOUND,
    },
    "required": ["name", "target"],
    "additionalProperties": False,
}
_NAME = (in_path("name"),)

HOOK_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/hooks"): Operation(
        "hooks", "Who is told of events, and how that went", {200: HookPage}
    ),
    ("POST", "/hooks"): Operation(
        "createHook",
        "Tell somebody of events; a webhook's secret is in this answer alone",
        {201: NewHook},
        body={"application/json": _HOOK_REQUEST},
    ),
    ("DELETE", "/hooks/{name}"): Operation(
        "removeHook", "Tell nobody any more; what waits for it is dropped", {200: HookState}, _NAME
    ),
    ("POST", "/hooks/{name}/secret"): Operation(
        "replaceHookSecret",
        "Make a new secret; for a day, events are signed with the one from before as well",
        {201: HookSecret},
        _NAME,
    ),
    ("POST", "/hooks/{name}/test"): Operation(
        "testHook", "Send an event `hook.test` the way of every other", {202: HookTry}, _NAME
    ),
    ("POST", "/hooks/{name}/replay"): Operation(
        "replayHook", "Deliver again what was given up", {200: HookReplay}, _NAME
    ),
}
