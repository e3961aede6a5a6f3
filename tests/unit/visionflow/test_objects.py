"""An object that is there, one that is not, and a fault."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from visionflow.objects import read_object


@pytest.fixture(autouse=True)
def _bucket() -> Iterator[None]:
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="files")
        yield


def test_an_object_is_read_or_is_not_there() -> None:
    client = boto3.client("s3", region_name="us-east-1")
    client.put_object(Bucket="files", Key="here", Body=b"data")
    assert read_object(client, "files", "here") == b"data"
    assert read_object(client, "files", "there") is None


def test_a_fault_is_not_an_absence() -> None:
    client = boto3.client("s3", region_name="us-east-1")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        read_object(client, "nowhere", "here")
