"""Uploads the sample images and waits for their answers, as a user would."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.errors import CommandError
from infra.local_cloud.outputs import Outputs
from visionflow.client.connection import Connection
from visionflow.client.uploads import classified

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "uploads/samples/"
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.2


def sample_images(project: Path) -> list[Path]:
    return sorted((project / "infra" / "samples").glob("*.jpg"))


def classify_samples(
    images: list[Path], outputs: Outputs, s3: "S3Client"
) -> dict[str, dict[str, Any]]:
    """Post the first image to the API and drop the others into the bucket.

    Returns the prediction of each image by its name. Raises `CommandError` when one is not there in
    time.
    """
    api = Connection(outputs.api_url)
    posted, *dropped = images
    # Known by their versions: an earlier `up` may have left answers to the same keys.
    versions = {
        s3.put_object(
            Bucket=outputs.images_bucket,
            Key=_PREFIX + image.name,
            Body=image.read_bytes(),
            ContentType="image/jpeg",
        )["VersionId"]
        for image in dropped
    }
    first = {posted.name: classified(api, posted.read_bytes())}
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        answered = answered_samples(outputs)
        new = {n: p for n, p in answered.items() if p["image"]["version_id"] in versions}
        answers = first | new
        if len(answers) == len(images):
            return answers
        if time.monotonic() > deadline:
            raise CommandError(
                f"Only {len(answers)} of {len(images)} sample images were answered within"
                f" {_WAIT_SECONDS:.0f} s."
            )
        time.sleep(_POLL_SECONDS)


def answered_samples(outputs: Outputs) -> dict[str, dict[str, Any]]:
    """The newest prediction of each dropped sample image by its name."""
    page = Connection(outputs.api_url).send("GET", "/logs", {"source": "s3", "limit": 100})
    return {
        item["image"]["key"].removeprefix(_PREFIX): item
        for item in reversed(page["items"])
        if item["image"]["key"].startswith(_PREFIX)
    }
