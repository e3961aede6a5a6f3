"""boto3 clients as the functions use them; the first imports boto3."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from visionflow.errors import BackfillRefusedError

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

# Short enough that a caller gets a clean 503 before the function's own time-out, with retries for
# a lost packet or a throttled call.
_TIMEOUTS = {
    "connect_timeout": 2,
    "read_timeout": 5,
    "retries": {"mode": "standard", "max_attempts": 3},
}


def _client(
    service: str, *, credentials: Mapping[str, str] = MappingProxyType({}), **options: Any
) -> Any:
    """``credentials``: by boto3's names, where they are not the function's own."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(**{**_TIMEOUTS, **options})
    return boto3.client(service, config=config, **credentials)  # type: ignore[call-overload]


def cloudwatch() -> Any:
    return _client("cloudwatch")


def cognito() -> "CognitoIdentityProviderClient":
    client: CognitoIdentityProviderClient = _client("cognito-idp")
    return client


def dynamodb() -> "DynamoDBClient":
    client: DynamoDBClient = _client("dynamodb")
    return client


def s3() -> "S3Client":
    # Presigned URLs must name the bucket's regional host: the dashboard's content security policy
    # lists that one, and the global host redirects while a bucket is new, which breaks the
    # signature. With the style "auto" botocore presigns for the global host; an emulator on an IP
    # address gets paths. A new dictionary for each client, because botocore writes to it.
    style = {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
    client: S3Client = _client("s3", signature_version="s3v4", s3=style)
    return client


def s3_as(role: str, external_id: str) -> "S3Client":
    """As a role of whoever owns a bucket, for an hour. Raises `BackfillRefusedError` where it does
    not let this stage in."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        answer = _client("sts").assume_role(
            RoleArn=role, RoleSessionName="visionflow", ExternalId=external_id
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AccessDenied", "NoSuchEntity"):
            raise
        raise BackfillRefusedError(
            f"The role {role} does not let this stage in. Its trust policy must name the account "
            f"of the stage, with the external id {external_id}."
        ) from error
    found = answer["Credentials"]
    credentials = {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }
    client: S3Client = _client("s3", credentials=credentials)
    return client


def sqs() -> "SQSClient":
    client: SQSClient = _client("sqs")
    return client


def sns() -> "SNSClient":
    client: SNSClient = _client("sns")
    return client


def functions() -> "LambdaClient":
    client: LambdaClient = _client("lambda")
    return client


def ec2() -> "EC2Client":
    # A fleet answers when EC2 has tried every pool.
    client: EC2Client = _client("ec2", read_timeout=60)
    return client


def ssm() -> "SSMClient":
    client: SSMClient = _client("ssm")
    return client


def service_quotas() -> "ServiceQuotasClient":
    client: ServiceQuotasClient = _client("service-quotas")
    return client


def states() -> "SFNClient":
    client: SFNClient = _client("stepfunctions")
    return client


def event_bus() -> Any:
    return _client("events")
