"""The events as other systems read them; `events.schema.json` is made from these classes.

Fields are only ever added to a version of the schema: a consumer passes over what it does not know.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from visionflow import strict
from visionflow.answers.answer import Score
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Action, Alias
from visionflow.predictions.record import DeviceAnswer, ImageRef, Origin, Source, Status

SCHEMA_VERSION: Final = 1
SOURCE: Final = "visionflow"
"""The ``source`` of every event on the bus."""
MOST_ENTRY_BYTES: Final = 256 * 1024
"""Of one entry, and of all of a call; rules and targets of every kind take as much."""

Kind = Literal[
    "prediction.recorded",
    "model.moved",
    "training.ended",
    "backfill.ended",
    "drift.changed",
    "alarm.changed",
    "hook.test",
]


@dataclass(frozen=True)
class PredictionRecorded:
    """An image was classified, or it never can be: then ``status`` is ``failed``, ``error_code``
    says why, and label and confidence are null. ``model`` is ``name/version``. ``label`` is the
    best guess where ``status`` is ``unknown``. ``owner`` is who sent the image; null for a file
    that was dropped into the bucket, and where callers see only their own records.

    ``origin``: where it was classified first, at ``made_at`` by the clock of a device; ``device``
    is what that said of an image that it sent. One that stayed there has no bucket and no key."""

    prediction_id: str
    source: Source
    status: Status
    label: str | None
    confidence: float | None
    parents: tuple[str, ...]
    unknown_reason: str | None
    top_k: tuple[Score, ...]
    model: str | None
    image: ImageRef
    filename: str | None
    owner: str | None
    error_code: str | None
    error_message: str | None
    origin: Origin
    made_at: str | None
    device: DeviceAnswer | None


@dataclass(frozen=True)
class ModelMoved:
    """From now on ``alias`` points at ``model``, ``name/version``; null where it was taken away.
    ``percent`` of a canary. ``by`` is a person's name, or the rule that did it."""

    alias: Alias
    action: Action
    model: str | None
    percent: int | None
    by: str
    reason: str | None


@dataclass(frozen=True)
class TrainingEnded:
    """A training is over. ``training``: ``job`` on a rented machine, ``instant`` in functions.
    ``dataset`` is null for a job on a folder of files; ``model`` is what was published. ``reason``
    says in a sentence why it failed."""

    training: Literal["job", "instant"]
    training_id: str
    status: Literal["succeeded", "failed", "cancelled"]
    dataset: str | None
    model: str | None
    reason: str | None
    cost_usd: float | None


@dataclass(frozen=True)
class BackfillEnded:
    """A backfill is over, or was ``stopped`` by its budget or a quota. ``reason`` says why it did
    not end well. One that is resumed or retried ends again."""

    backfill_id: str
    status: Literal["succeeded", "failed", "cancelled", "stopped"]
    source: str
    models: tuple[str, ...]
    into: Literal["files", "records"]
    images: int
    reason: str | None


@dataclass(frozen=True)
class AlarmChanged:
    """An alarm of the stage rings (``status`` is ``ALARM``) or no longer does; CloudWatch's own
    words are in ``reason``. The alarm about drift is an event ``drift.changed``."""

    alarm: str
    status: Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
    before: str | None
    description: str | None
    reason: str | None


@dataclass(frozen=True)
class HookTest:
    """Somebody tries a hook; receivers answer as to any event, and do nothing else."""

    hook: str


Data: TypeAlias = (
    PredictionRecorded | ModelMoved | TrainingEnded | BackfillEnded | AlarmChanged | HookTest
)


@dataclass(frozen=True)
class Event:
    """The ``detail`` on the bus, and the whole body of a webhook. ``id`` is made from the change
    alone: whoever gets an id twice has got one event twice. ``at`` is when it happened, ISO 8601 in
    UTC. ``kind`` is the ``detail-type`` on the bus too, and says which class ``data`` has."""

    schema_version: int
    id: str
    kind: Kind
    at: str
    data: Data

    def to_json(self) -> str:
        """Compact, since what is sent is billed by its size."""
        return json.dumps(strict.to_dict(self), separators=(",", ":"), ensure_ascii=False)


def event(kind: Kind, at: str, data: Data, *change: str) -> Event:
    """An event of a ``change``, named by what makes it different from all others of its kind."""
    return Event(SCHEMA_VERSION, event_id(kind, *change), kind, at, data)


def event_id(kind: Kind, *change: str) -> str:
    """The same for the same change, however often and by whomever it is read."""
    digest = hashlib.sha256(json.dumps([kind, *change]).encode()).digest()
    return "evt-" + base64.b32encode(digest[:20]).decode().lower()


def model_text(model: ModelRef | None) -> str | None:
    return None if model is None else model.text


def entry_bytes(detail: str, kind: str) -> int:
    """What EventBridge counts an entry with a time as.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
    """
    return 14 + len(SOURCE) + len(kind) + len(detail.encode())


Item: TypeAlias = dict[str, Any]
"""A row as attribute values, as a stream shows it."""
