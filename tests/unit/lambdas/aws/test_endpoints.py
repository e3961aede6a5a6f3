"""The clients without an SDK go where boto3's go, and leave to boto3 what they do not know."""

from urllib.parse import urlsplit

import boto3
import pytest

from lambdas.aws import clients
from lambdas.aws.dynamodb import DynamoDB
from lambdas.aws.endpoints import endpoint_of, is_plain
from lambdas.aws.s3 import S3
from tests.unit.lambdas.aws.conftest import in_lambda


@pytest.mark.parametrize("region", ["us-east-1", "ap-northeast-2", "cn-north-1", "us-gov-west-1"])
def test_the_regional_hosts_are_boto3_s(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    in_lambda(monkeypatch)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    assert is_plain()
    for service in ("s3", "dynamodb"):
        known = urlsplit(boto3.client(service).meta.endpoint_url)
        found = endpoint_of(service)
        # boto3 names S3's host of us-east-1 without its region until it is asked for the regional.
        assert found.netloc == known.netloc.replace("s3.amazonaws", "s3.us-east-1.amazonaws")
        assert found.secure


@pytest.mark.parametrize(
    ("endpoint", "bucket", "host"),
    [
        (None, "images", "images.s3.eu-central-1.amazonaws.com"),
        (None, "with.dots", None),
        ("http://127.0.0.1:4566", "images", None),
        ("http://localhost:4566", "images", "images.localhost"),
    ],
)
def test_a_bucket_has_a_host_where_it_can(
    monkeypatch: pytest.MonkeyPatch, endpoint: str | None, bucket: str, host: str | None
) -> None:
    in_lambda(monkeypatch)
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert S3(endpoint_of("s3"))._host(bucket) == host


def test_in_a_plain_function_the_clients_are_lean(monkeypatch: pytest.MonkeyPatch) -> None:
    in_lambda(monkeypatch)
    assert isinstance(clients.s3(), S3)
    assert isinstance(clients.dynamodb(), DynamoDB)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_LAMBDA_FUNCTION_NAME", None),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("HTTPS_PROXY", "http://proxy:3128"),
        ("AWS_DEFAULT_REGION", "us-iso-east-1"),
    ],
)
def test_all_else_is_for_boto3(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    in_lambda(monkeypatch)
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    assert not is_plain()
    assert clients.s3().meta.service_model.service_name == "s3"
    assert clients.dynamodb().meta.service_model.service_name == "dynamodb"
