"""Drop the sample pictures and wait for their answers, as a person would."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.api_client import ApiClient
from infra.errors import CommandError
from infra.outputs import Outputs

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "uploads/samples/"
_WAIT_SECONDS = 60.0


def sample_pictures(project: Path) -> list[Path]:
    return sorted((project / "infra" / "samples").glob("*.jpg"))


def classify_samples(
    pictures: list[Path], outputs: Outputs, s3: "S3Client"
) -> list[dict[str, Any]]:
    """Drop all but the first into the bucket, post the first to the API.

    Returns the predictions as the API lists them, the posted one first. Raises `CommandError` when
    an answer does not come in time.
    """
    api = ApiClient(outputs.api_url)
    posted, *dropped = pictures
    for picture in dropped:
        s3.upload_file(str(picture), outputs.images_bucket, _PREFIX + picture.name)
    answer = api.predict(posted.read_bytes())
    return [answer, *_wait_for({_PREFIX + picture.name for picture in dropped}, api)]


def answered_samples(outputs: Outputs) -> list[dict[str, Any]]:
    """The answers to the samples that an earlier start dropped."""
    items = ApiClient(outputs.api_url).logs(source="s3", limit=100)["items"]
    return [item for item in items if item["image"]["key"].startswith(_PREFIX)]


def _wait_for(keys: set[str], api: ApiClient) -> list[dict[str, Any]]:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        items = api.logs(source="s3", limit=100)["items"]
        answered = [item for item in items if item["image"]["key"] in keys]
        if len(answered) == len(keys):
            return answered
        if time.monotonic() > deadline:
            raise CommandError(
                f"Only {len(answered)} of {len(keys)} dropped pictures were answered within"
                f" {_WAIT_SECONDS:.0f} s."
            )
        time.sleep(0.2)
