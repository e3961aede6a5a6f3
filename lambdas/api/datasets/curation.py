"""What the API asks of the curation, through its queue."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from visionflow.datasets.names import content_key
from visionflow.images.store import ImageStore

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class Curation:
    """``content``: the bucket of datasets. ``queue``: the URL of the curation's queue."""

    content: ImageStore
    queue: str
    sqs: "SQSClient"

    def look_again(self, name: str, sha256: str) -> bool:
        """Have an image curated whose bytes have come, as if S3 announced it now; False where they
        have not. S3 announces each object at least once, but its message may end as a dead letter.
        """
        key = content_key(name, sha256)
        found = self.content.found(key)
        if found is None:
            return False
        etag, size = found
        entry = {"key": quote(key), "size": size, "eTag": etag}
        record = {"s3": {"bucket": {"name": self.content.bucket}, "object": entry}}
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=json.dumps({"Records": [record]}))
        return True
