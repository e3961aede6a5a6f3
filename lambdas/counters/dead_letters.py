"""Where a record goes that can never be counted."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class DeadLetters:
    """The queue in which Lambda, too, names records that failed after every retry."""

    queue_url: str
    sqs: "SQSClient"

    def send(self, record: dict[str, Any], why: str) -> None:
        """Name a record of the stream. Its content stays in the predictions table."""
        change = record["dynamodb"]
        message = {
            "prediction_id": change.get("Keys", {}).get("id", {}).get("S"),
            "event": record["eventName"],
            "sequence_number": change["SequenceNumber"],
            "why": why,
        }
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=json.dumps(message))
