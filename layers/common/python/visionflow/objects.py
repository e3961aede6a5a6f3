"""Objects in S3 that may not be there, or not be readable."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ABSENT: Final = ("404", "NoSuchKey")
"""What S3 answers to who asks for an object that is not there, and may list the bucket."""


HEAD_BYTES: Final = 64
"""Enough to tell what any container of images is."""


def read_object(client: "S3Client", bucket: str, key: str) -> bytes | None:
    """The bytes of an object; None where there is none."""
    try:
        answer = client.get_object(Bucket=bucket, Key=key)
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in ABSENT:
            raise
        return None
    with answer["Body"] as body:
        return body.read()


def read_head(client: "S3Client", bucket: str, key: str) -> bytes:
    """The first `HEAD_BYTES` of an object that is not empty; none of one in an archive, say in
    Glacier, which cannot be looked into."""
    try:
        answer = client.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{HEAD_BYTES - 1}")
    except client.exceptions.InvalidObjectState:
        return b""
    with answer["Body"] as body:
        return body.read()
