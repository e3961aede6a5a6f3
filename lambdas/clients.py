"""boto3 clients as the functions use them."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

# Short enough that a caller gets a clean 503 before the function's own time-out, with retries for
# a lost packet or a throttled call.
_TIMEOUTS = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3}
)


def dynamodb() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=_TIMEOUTS)


def s3() -> "S3Client":
    # Presigned URLs need Signature Version 4 and the regional host: the global one answers with a
    # redirect that invalidates the signature while a bucket is new.
    return boto3.client(
        "s3",
        config=_TIMEOUTS.merge(Config(signature_version="s3v4", s3={"addressing_style": "auto"})),
    )
