"""Messages of a queue that are delivered again.

A message that ends its worker takes no other with it: what was delivered before comes last, under a
mark that stays only if the worker dies, and on its last delivery it is given up instead of tried.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lambdas.aws.errors import aws_errors
from lambdas.classification.decoder import DEFAULT_DECODER_LIMITS
from lambdas.classification.settings import MAX_RECEIVE_COUNT
from lambdas.telemetry.invocation import LambdaContext
from visionflow.errors import PlatformError
from visionflow.predictions.attempts import AttemptStore

# What its decoder may take until it counts as hung, and some seconds for the rest.
_MOST_MS_OF_A_MESSAGE = 1000 * (DEFAULT_DECODER_LIMITS.wall_s + 5)


@dataclass(frozen=True)
class Message:
    """A record of SQS's event. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""

    raw_event: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.raw_event["messageId"])

    @property
    def body(self) -> str:
        return str(self.raw_event["body"])

    @property
    def queue_arn(self) -> str:
        return str(self.raw_event["eventSourceARN"])


Messages = list[dict[str, Any]]


def each(messages: Messages, take: Callable[[Message], object]) -> dict[str, Any]:
    """Take one message after another; the answer by which SQS delivers those again that fail.

    ``take`` logs what it raises, which is kept here. A batch in which every message fails is still
    answered message by message: SQS counts each delivery.
    """
    failed = []
    for message in map(Message, messages):
        try:
            take(message)
        except Exception:
            failed.append({"itemIdentifier": message.id})
    return {"batchItemFailures": failed}


def deliveries(message: dict[str, Any]) -> int:
    return int(message["attributes"]["ApproximateReceiveCount"])


def in_order(messages: Messages, attempts: Callable[[], AttemptStore]) -> Messages:
    """First deliveries first: whatever a message does that was delivered before, it comes after
    them. Of the others those come last that a worker died with, the latest at the very end, so that
    each is the only one that an invocation can end with. Those that are given up need no work.
    """

    def rank(message: dict[str, Any]) -> tuple[int, str]:
        if deliveries(message) == 1:
            return 0, ""
        try:
            died_at = attempts().unended(message["messageId"])
        except aws_errors():  # named now: asking may have loaded an SDK
            died_at = None  # the message itself will meet the fault
        if died_at is None:
            return 1, ""
        return (0 if deliveries(message) >= MAX_RECEIVE_COUNT else 2), died_at

    return sorted(messages, key=rank)


def attempt(
    message: dict[str, Any],
    attempts: Callable[[], AttemptStore],
    take: Callable[[], None],
    give_up: Callable[[], None],
) -> None:
    """Take a message; what was delivered before, under a mark that stays only if this worker dies.

    On its last delivery a message whose worker died before is given up, and not taken. After a
    fault of the platform there is no mark, so it is taken, and may end as a dead letter.
    """
    if deliveries(message) == 1:
        take()
        return
    marks, message_id = attempts(), message["messageId"]
    if deliveries(message) >= MAX_RECEIVE_COUNT and marks.unended(message_id):
        give_up()
        return
    marks.begin(message_id, datetime.now(UTC))
    try:
        take()
    except Exception:
        marks.end(message_id, datetime.now(UTC))
        raise
    marks.end(message_id, datetime.now(UTC))


class Patience:
    """Whether an invocation has time for one more message; the first is always begun."""

    def __init__(self) -> None:
        self._started = False

    def begin(self, context: LambdaContext) -> None:
        """Raises `PlatformError` where too little is left: an invocation that runs out of time
        takes with it what it has done already."""
        if self._started and context.get_remaining_time_in_millis() < _MOST_MS_OF_A_MESSAGE:
            raise PlatformError("Too little time is left in this invocation.")
        self._started = True
