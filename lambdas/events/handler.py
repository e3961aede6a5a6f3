"""Lambda entry point of the tables' streams and of CloudWatch's events about alarms."""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lambdas import clients
from lambdas.events.service import EventsService, Hopeless, Letter
from lambdas.events.settings import EventsSettings
from lambdas.streams import attributes
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged, logger
from visionflow.errors import PlatformError
from visionflow.events.alarms import alarm_event
from visionflow.events.changes import Change, Table, UntellableError, event_of
from visionflow.events.delivery import Delivery, DeliverySettings
from visionflow.events.hook_store import HookStore

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Of an event in a dead letter: SQS takes 1 MB.
_KEPT = 4_000


@dataclass(frozen=True)
class Unsent:
    """The queue of what can never be sent. Content that the tables have is not repeated in full."""

    queue_url: str
    sqs: "SQSClient"

    def bury(self, number: str, why: str, event: str | None) -> None:
        message = {"sequence_number": number, "why": why, "event": (event or "")[:_KEPT]}
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=json.dumps(message))


@lru_cache
def settings() -> EventsSettings:
    return EventsSettings.from_env(os.environ)


@lru_cache
def service() -> EventsService:
    own = bool(settings().own_records)
    return EventsService(
        settings().event_bus, clients.event_bus(), own_records=own, mend=_mend_delivery
    )


@lru_cache
def delivery() -> Delivery:
    found = DeliverySettings.from_env(os.environ)
    store = HookStore(found.hooks_table, clients.dynamodb())
    return Delivery(store, clients.functions(), found.hook_mapping)


def _mend_delivery() -> None:
    if delivery().mend():
        logger.warning("deliveries to webhooks are switched as the hooks want it")


@lru_cache
def unsent() -> Unsent:
    return Unsent(settings().unsent_queue_url, clients.sqs())


@logged()
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    if "Records" not in event:
        return _send_alarm(event)
    letters: list[Letter] = []
    for record in event["Records"]:
        number: str = record["dynamodb"]["SequenceNumber"]
        try:
            found = event_of(_change(record))
        except UntellableError as error:
            logger.exception("to the dead letters")
            unsent().bury(number, str(error), None)
        else:
            if found is not None:
                letters.append(Letter(number, found))
    sent = service().send(letters)
    _bury(sent.hopeless)
    # The stream goes on from the lowest number: what was sent is sent again, under the same id.
    # https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    failed = [letter.number for letter in sent.left[:1]]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def _send_alarm(event: dict[str, Any]) -> dict[str, Any]:
    """Raises `PlatformError` when it was not sent, so that Lambda calls again."""
    sent = service().send([Letter("alarm", alarm_event(event))])
    _bury(sent.hopeless)
    if sent.left:
        raise PlatformError("EventBridge did not take the event; try again.")
    return {}


def _bury(hopeless: tuple[Hopeless, ...]) -> None:
    for found in hopeless:
        logger.error("to the dead letters", extra={"event": found.event.id, "why": found.why})
        unsent().bury(found.number, found.why, found.event.to_json())


def _change(record: dict[str, Any]) -> Change:
    """Raises `UntellableError`."""
    try:
        images = record["dynamodb"]
        before, after = images.get("OldImage"), images.get("NewImage")
        return Change(
            _table(record["eventSourceARN"]),
            None if before is None else attributes(before),
            None if after is None else attributes(after),
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UntellableError(f"It is not a change of a row: {error!r:.300}") from error


def _table(stream: str) -> Table:
    """Which table's stream it is: ``arn:...:table/NAME/stream/TIME``."""
    name = stream.split("/")[1]
    tables: dict[str, Table] = {
        settings().predictions_table: "predictions",
        settings().registry_table: "registry",
        settings().jobs_table: "jobs",
        settings().datasets_table: "datasets",
    }
    return tables[name]
