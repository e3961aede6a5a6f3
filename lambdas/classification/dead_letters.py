"""Messages that no later delivery can make readable go to the dead letters at once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.classification.announcements import UnknownEnvelopeError
from lambdas.classification.deliveries import Message
from lambdas.telemetry.log import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class DeadLetters:
    """The queue into which SQS, too, puts what has failed after every delivery."""

    queue_url: str
    sqs: "SQSClient"

    def bury(self, record: Message, error: UnknownEnvelopeError) -> None:
        """Write a message there as it came, with the queue that it came from. Whoever calls this
        then lets it go; if it cannot be written, it is raised, and the message is delivered again.
        """
        logger.error(
            "unknown envelope, to the dead letters",
            extra={"message_id": record.id, "shape": str(error)},
        )
        try:
            self.sqs.send_message(
                QueueUrl=self.queue_url,
                MessageBody=record.body,
                MessageAttributes={
                    "queue": {"DataType": "String", "StringValue": record.queue_arn},
                    "why": {"DataType": "String", "StringValue": "unknown envelope"},
                },
            )
        except Exception:
            # The batch processor keeps a failed message's exception to itself.
            logger.exception("back to the queue", extra={"message_id": record.id})
            raise
