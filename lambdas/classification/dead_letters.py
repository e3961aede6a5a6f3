"""Messages that no later delivery can make readable go to the dead letters at once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from lambdas.classification.announcements import UnknownEnvelopeError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

logger = Logger(child=True)


@dataclass(frozen=True)
class DeadLetters:
    """The queue into which SQS, too, puts what has failed after every delivery."""

    queue_url: str
    sqs: "SQSClient"

    def bury(self, record: SQSRecord, error: UnknownEnvelopeError) -> None:
        """Write a message there as it came, with the queue that it came from. Whoever calls this
        then lets it go; if it cannot be written, it is raised, and the message is delivered again.
        """
        logger.error(
            "unknown envelope, to the dead letters",
            extra={"message_id": record.message_id, "shape": str(error)},
        )
        try:
            self.sqs.send_message(
                QueueUrl=self.queue_url,
                MessageBody=record.body,
                MessageAttributes={
                    "queue": {"DataType": "String", "StringValue": record.event_source_arn},
                    "why": {"DataType": "String", "StringValue": "unknown envelope"},
                },
            )
        except Exception:
            # The batch processor keeps a failed message's exception to itself.
            logger.exception("back to the queue", extra={"message_id": record.message_id})
            raise
