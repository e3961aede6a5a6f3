"""What is asked of the curation, through its queue."""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from visionflow.datasets.store import DatasetStore

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

QUIET_S: Final = 3
"""Images of a dataset are compared when none has arrived for so many seconds."""
MOST_TAKEN: Final = 25
"""Records in one message."""
WINDOW_S: Final = 15
"""Changes of so many seconds are answered by one comparison."""


@dataclass(frozen=True)
class ExamineOrder:
    """Compare the images of a dataset, unless they have changed since this wave."""

    examine: str
    wave: str


@dataclass(frozen=True)
class TakeOrder:
    """Look at records by the rule of a dataset."""

    dataset: str
    prediction_ids: tuple[str, ...]


Order = ExamineOrder | TakeOrder


def order_in(message: object) -> Order | None:
    """The order in a message of `CurationQueue`; None for any other message."""
    match message:
        case {"examine": str(name), "wave": str(wave)}:
            return ExamineOrder(name, wave)
        case {"take": {"dataset": str(name), "prediction_ids": list(ids)}}:
            return TakeOrder(name, tuple(map(str, ids)))
    return None


@dataclass(frozen=True)
class CurationQueue:
    """``url``: of the queue."""

    store: DatasetStore
    url: str
    sqs: "SQSClient"

    def announce(self, bucket: str, key: str, etag: str, size: int) -> None:
        """Have an image curated whose bytes have come, as if S3 announced it now. S3 announces each
        object at least once, but its message may end as a dead letter."""
        entry = {"key": quote(key), "size": size, "eTag": etag}
        self._send({"Records": [{"s3": {"bucket": {"name": bucket}, "object": entry}}]})

    def renew(self, name: str) -> None:
        """Have the images of a dataset compared anew, some seconds after the last change."""
        wave = f"window {int(time.time() // WINDOW_S)}"
        if self.store.due(name, wave):
            # Delivered when the window is over: a later change has a wave of its own.
            self._send({"examine": name, "wave": wave}, WINDOW_S)

    def renew_when_quiet(self, name: str) -> None:
        """Have the images of a dataset compared when no more arrive: the last who asks is heard."""
        wave = uuid.uuid4().hex
        self.store.due(name, wave)
        self._send({"examine": name, "wave": wave}, QUIET_S)

    def take(self, name: str, prediction_ids: Sequence[str]) -> None:
        """Have records looked at by the rule of the dataset ``name``."""
        for start in range(0, len(prediction_ids), MOST_TAKEN):
            some = list(prediction_ids[start : start + MOST_TAKEN])
            self._send({"take": {"dataset": name, "prediction_ids": some}})

    def _send(self, message: Mapping[str, object], delay_s: int = 0) -> None:
        self.sqs.send_message(
            QueueUrl=self.url, MessageBody=json.dumps(message), DelaySeconds=delay_s
        )
