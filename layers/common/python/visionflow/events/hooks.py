"""A hook: which events it wants, where they go, and the rule of the bus that this makes."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from visionflow.errors import InvalidParameterError
from visionflow.events.shapes import SOURCE, Kind
from visionflow.models.ref import parse_ref
from visionflow.predictions.record import Source

HOOK_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
MOST_HOOKS: Final = 20
RULE_START: Final = "hook-"
"""What the names of hooks' rules begin with; all others on the bus are the team's."""
LONGEST_TARGET: Final = 500
MOST_VALUES: Final = 20
LONGEST_VALUE: Final = 100
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
LONGEST_PATTERN: Final = 2048
# For so long receivers may have the secret from before.
SECRET_OVERLAP: Final = timedelta(hours=24)

# What webhooks are tried with: ten times, after waits that quadruple from 5 s up to 4 h, about 14
# hours in all; and whatever happens, no longer than a day after the event.
MOST_ATTEMPTS: Final = 10
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 4 * 3600.0
LIFETIME_S: Final = 86_400.0

HookTarget = Literal["webhook", "email", "sqs"]
HookKind = Literal[
    "prediction.recorded",
    "model.moved",
    "training.ended",
    "backfill.ended",
    "drift.changed",
    "alarm.changed",
]
HookStatus = Literal[
    "ok",
    "unknown",
    "failed",
    "succeeded",
    "cancelled",
    "stopped",
    "OK",
    "ALARM",
    "INSUFFICIENT_DATA",
]

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,200}\.[^@\s.]{1,60}")
_QUEUE = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
TEST: Final[Kind] = "hook.test"


@dataclass(frozen=True)
class HookFilter:
    """What a hook wants: events that have one of the values of each list, and every event where a
    list is empty. An event without the field is not wanted. ``models`` are ``name/version``;
    ``confidence_at_least`` and ``confidence_below`` are bounds of the confidence."""

    kinds: tuple[HookKind, ...] = ()
    labels: tuple[str, ...] = ()
    statuses: tuple[HookStatus, ...] = ()
    sources: tuple[Source, ...] = ()
    models: tuple[str, ...] = ()
    confidence_at_least: float | None = None
    confidence_below: float | None = None

    def check(self) -> None:
        """Raises `InvalidParameterError`."""
        lists = {"labels": self.labels, "models": self.models}
        for name, values in lists.items():
            if len(values) > MOST_VALUES or not all(0 < len(v) <= LONGEST_VALUE for v in values):
                raise InvalidParameterError(
                    f"{name} takes at most {MOST_VALUES} values of 1 to {LONGEST_VALUE} "
                    "characters.",
                    name,
                )
        for model in self.models:
            parse_ref("models", model)
        for name, bound in (
            ("confidence_at_least", self.confidence_at_least),
            ("confidence_below", self.confidence_below),
        ):
            if bound is not None and not 0 <= bound <= 1:
                raise InvalidParameterError(f"{name} must lie between 0 and 1.", name)
        low, below = self.confidence_at_least, self.confidence_below
        if low is not None and below is not None and low >= below:
            raise InvalidParameterError(
                "confidence_at_least must be less than confidence_below.", "confidence_below"
            )


@dataclass(frozen=True)
class Hook:
    """Who listens. ``target``: an https address, an e-mail address, or the ARN of a queue.
    ``secret_version`` counts the secrets of a webhook, from 1; ``secret_at`` is when the latest was
    made. ``subscription``: SNS's name for an e-mail's."""

    name: str
    kind: HookTarget
    target: str
    wants: HookFilter
    created_at: str
    created_by: str
    secret_version: int | None = field(default=None, kw_only=True)
    secret_at: str | None = field(default=None, kw_only=True)
    subscription: str | None = field(default=None, kw_only=True)


def pattern(name: str, wants: HookFilter) -> str:
    """The event pattern of a hook's rule: what it wants, and tests of itself.

    Raises `InvalidParameterError` for more than EventBridge takes.
    """
    data: dict[str, Any] = {}
    for attribute, values in (
        ("label", wants.labels),
        ("status", wants.statuses),
        ("source", wants.sources),
        ("model", wants.models),
    ):
        if values:
            data[attribute] = list(values)
    bounds: list[str | float] = []
    if wants.confidence_at_least is not None:
        bounds += [">=", wants.confidence_at_least]
    if wants.confidence_below is not None:
        bounds += ["<", wants.confidence_below]
    if bounds:
        data["confidence"] = [{"numeric": bounds}]
    kinds: list[Any] = list(wants.kinds) or [{"anything-but": [TEST]}]
    wanted: dict[str, Any] = {"detail-type": kinds}
    if data:
        wanted["detail"] = {"data": data}
    tests = {"detail-type": [TEST], "detail": {"data": {"hook": [name]}}}
    text = json.dumps({"source": [SOURCE], "$or": [wanted, tests]}, separators=(",", ":"))
    if len(text) > LONGEST_PATTERN:
        raise InvalidParameterError(
            f"EventBridge takes filters of at most {LONGEST_PATTERN} characters; name fewer "
            "values, or make two hooks.",
            "labels",
        )
    return text


def rule_name(name: str) -> str:
    """A hook never takes the rule that a team has put on the bus under the same name."""
    return RULE_START + name


def check_name(name: str) -> None:
    """Raises `InvalidParameterError`."""
    if not HOOK_NAME.fullmatch(name):
        raise InvalidParameterError(
            "name must have 1 to 40 lower-case letters, digits and dashes, and start with a "
            "letter or a digit.",
            "name",
        )


def kind_of(target: str, *, allow_loopback: bool) -> HookTarget:
    """What kind of target this is. Raises `InvalidParameterError` for none.

    Where an address leads to is checked at each attempt, on what is connected to.
    """
    if len(target) > LONGEST_TARGET or not target.isascii() or not target.isprintable():
        raise InvalidParameterError(
            f"target must have at most {LONGEST_TARGET} printable ASCII characters.", "target"
        )
    if _QUEUE.fullmatch(target):
        return "sqs"
    if _EMAIL.fullmatch(target) and ":" not in target:
        return "email"
    if is_webhook(target, allow_loopback=allow_loopback):
        return "webhook"
    raise InvalidParameterError(
        "target must be an https address without a user name, an e-mail address, or the ARN of an "
        "SQS queue.",
        "target",
    )


def check_queue(target: str, own: str) -> None:
    """Raises `InvalidParameterError` for a queue that no rule beside the queue ``own`` reaches, and
    for ``own`` itself, which takes what was made for it alone."""
    account = own.rpartition(":")[0]
    if target.rpartition(":")[0] != account or target == own:
        raise InvalidParameterError(
            f"target must be a queue of yours in the stage's account and region, {account}.",
            "target",
        )


def is_webhook(address: str, *, allow_loopback: bool) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc or parts.fragment or port == 0 or " " in address:
        return False
    secure = parts.scheme == "https"
    local = parts.scheme == "http" and parts.hostname in _LOOPBACK and allow_loopback
    return secure or local


def without_secrets(target: str) -> str:
    """As logs and the audit trail may have it: paths and queries of webhooks often hold a key."""
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme.startswith("http") else target


def input_template(hook: Hook) -> Mapping[str, Any]:
    """What EventBridge makes of an event for the queue of webhooks, and for e-mails: its detail,
    and whose it is. By ``made`` what waits for a hook that was removed, and who confirms its mail
    later, has nothing to do with the next hook of that name."""
    return {
        "InputPathsMap": {"detail": "$.detail"},
        "InputTemplate": f'{{"hook":"{hook.name}","made":"{hook.created_at}","detail":<detail>}}',
    }
