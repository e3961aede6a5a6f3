"""Large images: a form of the API, posted to the bucket as a browser does it, then the record."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from infra.client.image_upload import post_form
from infra.errors import CommandError
from tests.e2e.cloud import Cloud, Record, eventually
from tests.e2e.conftest import visionflow
from tests.images import encode, textured
from visionflow.images.uploads import MAX_DIRECT_BYTES

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def large() -> bytes:
    """An image over the limit of a direct call."""
    noise = np.random.default_rng(0).integers(0, 256, (1300, 1300, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), "PNG")
    assert len(data) > MAX_DIRECT_BYTES
    return data


def form_for(cloud: Cloud, size: int, content_type: str = "image/png") -> Any:
    request = {"content_type": content_type, "bytes": size, "filename": "large photo.png"}
    answer = cloud.call("POST", "/uploads", json.dumps(request).encode(), "application/json")
    assert answer.status == 201, answer.body
    return answer.body


def post(form: Any, data: bytes, **other_fields: str) -> None:
    post_form(form["url"], form["fields"] | other_fields, data, on_sent=lambda _: None)


def answer_to(cloud: Cloud, prediction_id: str) -> Callable[[], Record | None]:
    def look() -> Record | None:
        answer = cloud.call("GET", f"/predictions/{prediction_id}")
        return answer.body if answer.status == 200 else None

    return look


def test_a_large_image_is_answered_under_the_id_that_came_with_the_form(
    cloud: Cloud, large: bytes
) -> None:
    refused = cloud.call("POST", "/predict", large, "image/png")
    assert (refused.status, refused.body["code"]) == (413, "body_too_large")
    assert "POST /uploads" in refused.body["detail"]
    form = form_for(cloud, len(large))
    assert cloud.call("GET", f"/predictions/{form['id']}").body["code"] == "prediction_not_found"
    post(form, large)
    record = eventually(answer_to(cloud, form["id"]), 20, "the answer to an upload")
    assert record["source"] == "s3"
    assert record["image"]["bytes"] == len(large)
    assert record["image"]["key"] == form["key"]
    assert form["key"].endswith("/large photo.png")


def test_a_form_posted_twice_makes_two_records(cloud: Cloud) -> None:
    first, second = encode(textured(seed=31), "PNG"), encode(textured(seed=32), "PNG")
    second = second.ljust(len(first), b"\0")[: len(first)]
    form = form_for(cloud, len(first))
    for data in (first, second):
        post(form, data)
    cloud.wait_until_idle()
    records = cloud.records_of({form["key"]})
    assert len(records) == 2
    assert form["id"] in {record["id"] for record in records}
    assert len({record["image"]["version_id"] for record in records}) == 2


@pytest.mark.parametrize(
    ("size", "fields", "reason"),
    [
        (999, {}, "EntityTooSmall"),
        (1001, {}, "EntityTooLarge"),
        (1000, {"Content-Type": "text/html"}, "AccessDenied"),
        (1000, {"key": "uploads/elsewhere.png"}, "AccessDenied"),
        (1000, {"key": "thumbnails/elsewhere.png"}, "AccessDenied"),
        (1000, {"x-amz-meta-more": "1"}, "AccessDenied"),
        (1000, {"x-amz-signature": "0" * 64}, "SignatureDoesNotMatch"),
    ],
)
def test_a_form_takes_nothing_but_what_was_announced(
    cloud: Cloud, size: int, fields: dict[str, str], reason: str
) -> None:
    form = form_for(cloud, 1000)
    with pytest.raises(CommandError, match=reason):
        post(form, bytes(size), **fields)
    assert "Contents" not in cloud.s3.list_objects_v2(
        Bucket=cloud.outputs.images_bucket, Prefix=form["key"]
    )


def test_the_command_line_takes_the_way_that_the_size_asks_for(
    cloud: Cloud, large: bytes, tmp_path: Path
) -> None:
    image = tmp_path / "large.png"
    image.write_bytes(large)
    done = visionflow(
        *("predict", str(image), "infra/samples/panda.jpg", "--top-k", "2", "--json"),
        state=cloud.state,
    )
    assert done.returncode == 0, done.stderr
    uploaded, direct = (json.loads(line) for line in done.stdout.splitlines())
    assert (uploaded["source"], direct["source"]) == ("s3", "api")
    assert len(uploaded["top_k"]) == len(direct["top_k"]) == 2
    assert re.search(r"100 % of \d+\.\d MB large\.png uploaded", done.stderr)


def test_a_large_image_that_is_damaged_is_one_sentence(
    cloud: Cloud, large: bytes, tmp_path: Path
) -> None:
    image = tmp_path / "damaged.png"
    image.write_bytes(large[:-100_000])
    done = visionflow("predict", str(image), state=cloud.state)
    assert done.returncode == 1
    assert "image_truncated" in done.stderr.splitlines()[-1]
