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
from typing import Any, Final, Generic, TypeVar
from urllib.parse import unquote_plus

from lambdas.telemetry.log import logger

# Of a shape that is logged: names at most, characters of a name, and how deep it is told: down to
# the fields of an object in a record.
_MOST_NAMES, _LONGEST_NAME, _DEPTH = 20, 40, 5
# Of one message.
_MOST_SHAPES, _LONGEST_SHAPE = 3, 2_000
# SNS in a topic in a topic is nobody's set-up.
_MOST_WRAPPERS = 3
# What reading JSON of another form may raise.
_FAULTS: Final = (
    *(LookupError, TypeError, ValueError, AttributeError),
    *(ArithmeticError, RecursionError),
)


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
    """A message, or a record in one, that announces nothing in any known form. Its text is the
    shape of that, without any of its content."""


A = TypeVar("A", bound=Arrival)


@dataclass(frozen=True)
class Announced(Generic[A]):
    """Object versions, each with its request's id, and why not all of a message was understood."""

    arrivals: tuple[tuple[A, str | None], ...]
    unknown: UnknownEnvelopeError | None

    def check(self) -> None:
        """Raises `UnknownEnvelopeError` for what was not understood."""
        if self.unknown:
            raise self.unknown


def read_message(body: str) -> Any:
    """A message's JSON. Raises `UnknownEnvelopeError`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnknownEnvelopeError(f"not JSON, {len(body)} characters") from error


def announced(message: Any, kind: type[A], watched: Watched) -> Announced[A]:
    """The object versions in a message that were created where it is ``watched``. Test events have
    none, and neither have the empty objects that the console makes to show a folder; what was
    deleted, restored or moved is not an image that arrives. What is not understood takes nothing
    from what is, and neither does what is of another bucket, and so for another queue.
    """
    found, unknown = list[tuple[A, str | None]](), list[Any]()
    for one in _created(message, _MOST_WRAPPERS):
        if isinstance(one, _Unknown):
            unknown.append(one.shape)
            continue
        arrival, request_id = one
        if arrival.bucket != watched.bucket:
            unknown.append("an object of another bucket")
        elif not arrival.key.startswith(watched.prefixes):
            logger.warning("not of this queue", extra={"key": arrival.key})
        elif not (arrival.key.endswith("/") and arrival.size == 0):
            found.append((kind(**vars(arrival)), request_id))
    told = ", ".join(map(json.dumps, unknown[:_MOST_SHAPES]))
    return Announced(tuple(found), UnknownEnvelopeError(told[:_LONGEST_SHAPE]) if unknown else None)


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


@dataclass(frozen=True)
class _Unknown:
    shape: Any


_Found = tuple[Arrival, str | None] | _Unknown


def _created(message: Any, wrappers: int) -> Iterator[_Found]:
    try:
        match message:
            case {"Event": "s3:TestEvent"}:
                logger.info("a test event")
            case {"Records": list(records)}:
                for record in records:
                    yield from _of_record(record, wrappers)
            case {"Type": "Notification", "Message": str(text)} if wrappers:
                yield from _created(json.loads(text), wrappers - 1)
            case {"source": "aws.s3", "detail-type": str(kind), "detail": dict(detail)}:
                yield from _of_event_bridge(kind, detail)
            case _:
                yield _Unknown(shape(message))
    except _FAULTS:
        yield _Unknown(shape(message))


def _of_record(record: Any, wrappers: int) -> Iterator[_Found]:
    """Of a notification of S3, or of SNS that calls a function itself."""
    try:
        match record:
            case {"Sns": {"Message": str(text)}} if wrappers:
                yield from _created(json.loads(text), wrappers - 1)
            case _:
                yield from _of_s3(record)
    except _FAULTS:
        yield _Unknown(shape(record))


def _of_s3(record: Any) -> Iterator[_Found]:
    """Raises one of `_FAULTS` for what is no notification."""
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


def _of_event_bridge(kind: str, detail: Mapping[str, Any]) -> Iterator[_Found]:
    """Raises one of `_FAULTS` for what is not an event of an object."""
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
    """Raises `TypeError` or `ValueError` for what is no text that UTF-8 can hold."""
    if not isinstance(value, str):
        raise TypeError("not text")
    value.encode()
    return value


def _version(version_id: Any) -> str | None:
    """An object that was written while versioning was off has no version of its own."""
    return None if version_id in (None, "", "null") else _text(version_id)


def _pass_over(name: str) -> None:
    logger.info("passed over", extra={"event": name[:_LONGEST_NAME]})
