"""Objects that S3 announces, however the announcement came into the queue.

S3 sends its notifications to the queue itself, through an SNS topic (with or without raw delivery)
or through EventBridge, whose keys are not URL-encoded. What is not one of these is an
`UnknownEnvelopeError`: it can be read no better by a later delivery.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger

logger = Logger(child=True)

# Of a shape that is logged: names at most, characters of a name, and how deep it is told.
_MOST_NAMES, _LONGEST_NAME, _DEPTH = 20, 40, 3
# SNS in a topic in a topic is nobody's set-up.
_MOST_WRAPPERS = 3
_CONFIRMATIONS: Final = ("SubscriptionConfirmation", "UnsubscribeConfirmation")


@dataclass(frozen=True)
class Arrival:
    """An object version that S3 announced. ``etag`` names it in a bucket without versioning."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size: int


@dataclass(frozen=True)
class Watched:
    """Where the objects lie that a queue is about. An EventBridge rule or a topic may announce
    others too, such as the thumbnails that are written next to an image."""

    bucket: str
    prefixes: tuple[str, ...]


class UnknownEnvelopeError(Exception):
    """A message that announces nothing in any known form. Its text is the message's shape, without
    any of its content."""


A = TypeVar("A", bound=Arrival)


def read_message(body: str) -> Any:
    """A message's JSON. Raises `UnknownEnvelopeError`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnknownEnvelopeError(f"not JSON, {len(body)} characters") from error


def arrivals(message: Any, kind: type[A], watched: Watched) -> list[tuple[A, str | None]]:
    """The object versions in a message that were created where it is ``watched``, each with its
    request's id. Test events have none, and neither have the empty objects that the console makes
    to show a folder; what was deleted, restored or moved is not an image that arrives.

    Raises `UnknownEnvelopeError`.
    """
    try:
        found = list(_created(message, _MOST_WRAPPERS))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UnknownEnvelopeError(json.dumps(shape(message))) from error
    kept = []
    for arrival, request_id in found:
        if arrival.bucket != watched.bucket or not arrival.key.startswith(watched.prefixes):
            logger.warning("not of this queue", extra={"key": arrival.key})
        elif not (arrival.key.endswith("/") and arrival.size == 0):
            kept.append((kind(**vars(arrival)), request_id))
    return kept


def shape(value: Any, depth: int = _DEPTH) -> Any:
    """The names and types in JSON, without what they hold."""
    if isinstance(value, dict):
        if depth == 0:
            return "object"
        names = list(value)[:_MOST_NAMES]
        told = {name[:_LONGEST_NAME]: shape(value[name], depth - 1) for name in names}
        return told | ({"...": len(value) - len(names)} if len(value) > len(names) else {})
    if isinstance(value, list):
        return [shape(value[0], depth)] if value else []
    return "null" if value is None else type(value).__name__


def _created(message: Any, wrappers: int) -> Iterator[tuple[Arrival, str | None]]:
    """Raises `LookupError`, `TypeError`, `ValueError` or `AttributeError` for what is unknown."""
    match message:
        case {"Event": "s3:TestEvent"}:
            logger.info("a test event")
        case {"Records": list(records)}:
            for record in records:
                yield from _of_record(record, wrappers)
        case {"Type": "Notification", "Message": str(text)} if wrappers:
            yield from _created(json.loads(text), wrappers - 1)
        case {"Type": str(kind), "TopicArn": str(topic)} if kind in _CONFIRMATIONS:
            logger.warning("a topic waits for an answer", extra={"type": kind, "topic": topic})
        case {"source": "aws.s3", "detail-type": str(kind), "detail": dict(detail)}:
            yield from _of_event_bridge(kind, detail)
        case _:
            raise ValueError("no known envelope")


def _of_record(record: Any, wrappers: int) -> Iterator[tuple[Arrival, str | None]]:
    """Of a notification of S3, or of SNS that calls a function itself."""
    match record:
        case {"Sns": {"Message": str(text)}} if wrappers:
            yield from _created(json.loads(text), wrappers - 1)
            return
    s3 = record["s3"]
    # Without a name it is of `CurationQueue`, which announces what has come.
    name = str(record.get("eventName", "ObjectCreated")).removeprefix("s3:")
    if not name.startswith("ObjectCreated"):
        _pass_over(name)
        return
    found = s3["object"]
    yield (
        Arrival(
            _text(s3["bucket"]["name"]),
            unquote_plus(_text(found["key"])),  # notifications carry keys URL-encoded
            _version(found.get("versionId")),
            _text(found["eTag"]),
            int(found["size"]),
        ),
        (record.get("responseElements") or {}).get("x-amz-request-id"),
    )


def _of_event_bridge(kind: str, detail: Mapping[str, Any]) -> Iterator[tuple[Arrival, str | None]]:
    if not kind.startswith("Object "):
        raise ValueError("an event of another kind, such as a call that CloudTrail has seen")
    if kind != "Object Created":
        _pass_over(kind)
        return
    found = detail["object"]
    yield (
        Arrival(
            _text(detail["bucket"]["name"]),
            _text(found["key"]),  # as it is
            _version(found.get("version-id")),
            _text(found["etag"]),
            int(found["size"]),
        ),
        detail.get("request-id"),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _version(version_id: str | None) -> str | None:
    """An object that was written while versioning was off has no version of its own."""
    return None if version_id in (None, "", "null") else version_id


def _pass_over(name: str) -> None:
    logger.info("passed over", extra={"event": name[:_LONGEST_NAME]})
