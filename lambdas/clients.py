"""boto3 clients as the functions use them."""

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

# Presigned URLs must name the bucket's regional host: the dashboard's content security policy lists
# that one, and the global host redirects while a bucket is new, which breaks the signature. With
# the style "auto" botocore presigns for the global host; an emulator on an IP address gets paths.
_REGIONAL_URLS = Config(
    signature_version="s3v4",
    s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
)

# Short enough that a caller gets a clean 503 before the function's own time-out, with retries for
# a lost packet or a throttled call.
_TIMEOUTS = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3}
)


def cloudwatch() -> Any:
    return boto3.client("cloudwatch", config=_TIMEOUTS)


def cognito() -> "CognitoIdentityProviderClient":
    return boto3.client("cognito-idp", config=_TIMEOUTS)


def dynamodb() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=_TIMEOUTS)


def s3() -> "S3Client":
    return boto3.client("s3", config=_TIMEOUTS.merge(_REGIONAL_URLS))


def sqs() -> "SQSClient":
    return boto3.client("sqs", config=_TIMEOUTS)


def sns() -> "SNSClient":
    return boto3.client("sns", config=_TIMEOUTS)


def functions() -> "LambdaClient":
    return boto3.client("lambda", config=_TIMEOUTS)


def ec2() -> "EC2Client":
    # A fleet answers when EC2 has tried every pool.
    return boto3.client("ec2", config=_TIMEOUTS.merge(Config(read_timeout=60)))


def ssm() -> "SSMClient":
    return boto3.client("ssm", config=_TIMEOUTS)


def service_quotas() -> "ServiceQuotasClient":
    return boto3.client("service-quotas", config=_TIMEOUTS)


def states() -> "SFNClient":
    return boto3.client("stepfunctions", config=_TIMEOUTS)
