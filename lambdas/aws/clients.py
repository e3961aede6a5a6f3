"""Clients of the functions that classify: without an SDK where that is enough."""

from typing import TYPE_CHECKING, Any

from lambdas import clients
from lambdas.aws.endpoints import endpoint_of, is_plain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


def dynamodb() -> "DynamoDBClient":
    """For the calls that `lambdas.aws.dynamodb.DynamoDB` has."""
    if not is_plain():
        return clients.dynamodb()
    from lambdas.aws.dynamodb import DynamoDB  # noqa: PLC0415  a snapshot of code needs none

    client: Any = DynamoDB(endpoint_of("dynamodb"))
    return client  # type: ignore[no-any-return]


def s3() -> "S3Client":
    """For the calls that `lambdas.aws.s3.S3` has."""
    if not is_plain():
        return clients.s3()
    from lambdas.aws.s3 import S3  # noqa: PLC0415

    client: Any = S3(endpoint_of("s3"))
    return client  # type: ignore[no-any-return]
