"""``s3://`` of a bucket of the local cloud is read there, without exported variables."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from infra.cli.local_data import local_buckets
from infra.local_cloud import presence
from infra.local_cloud.emulator import Emulator
from infra.packaging.workspace import Workspace
from tests.unit.infra.cli.test_main import OUTPUTS

FOUND = Emulator(pid=1, port=4590, token="token")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = Workspace(state=tmp_path)
    replace(OUTPUTS, datasets_bucket="local-datasets").write(workspace.outputs)
    monkeypatch.setenv("VISIONFLOW_STATE", str(tmp_path))
    monkeypatch.setattr(presence, "present", lambda _: FOUND)
    # What the user has set for AWS.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "mine")
    return workspace


@pytest.mark.parametrize("field", ["data", "source"])
@pytest.mark.parametrize("value", ["s3://local-datasets/flowers", ["s3://local-datasets//a+b"]])
def test_a_bucket_of_the_local_cloud_is_read_there(
    workspace: Workspace, field: str, value: object
) -> None:
    with local_buckets(argparse.Namespace(**{field: value})):
        client = boto3.client("s3")
        assert client.meta.endpoint_url == FOUND.endpoint_url
        credentials = boto3.Session().get_credentials()
        assert credentials is not None
        assert credentials.access_key == "test"
    assert {k: v for k, v in os.environ.items() if k.startswith("AWS_")} == {"AWS_PROFILE": "mine"}


@pytest.mark.parametrize(
    "arguments",
    [
        {"data": "s3://elsewhere/flowers"},
        {"data": "flowers"},
        {"data": "s3://local-datasets/flowers", "stage": "dev"},
        {},
    ],
)
def test_anything_else_stays_with_aws(workspace: Workspace, arguments: dict[str, str]) -> None:
    before = dict(os.environ)
    with local_buckets(argparse.Namespace(**arguments)):
        assert dict(os.environ) == before


def test_without_a_local_cloud_nothing_is_looked_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.outputs.unlink()
    monkeypatch.setattr(presence, "present", None)
    with local_buckets(argparse.Namespace(data="s3://local-datasets/flowers")):
        assert os.environ["AWS_PROFILE"] == "mine"
