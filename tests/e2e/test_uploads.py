"""Large images: signed by the API, sent to the bucket as a browser does it, then the record."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from tests.e2e.cloud import Cloud, Record, eventually
from tests.e2e.conftest import visionflow
from tests.images import encode, textured
from visionflow.client.connection import Connection
from visionflow.client.errors import AlreadyUploadedError, UploadRefusedError
from visionflow.client.uploads import put_image
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


def put(form: Any, data: bytes, **other: str) -> None:
    """``other``: headers, and the URL's path, that are not as the form says."""
    url = form["url"].replace(quote(form["key"]), other.pop("path", quote(form["key"])))
    put_image(Connection(url), url, form["headers"] | other, data)


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
    put(form, large)
    record = eventually(answer_to(cloud, form["id"]), 20, "the answer to an upload")
    assert record["source"] == "s3"
    assert record["image"]["bytes"] == len(large)
    assert record["image"]["key"] == form["key"]
    assert record["filename"] == "large photo.png"
    assert "large" not in form["key"]


def test_a_signed_upload_can_be_used_once(cloud: Cloud) -> None:
    first, second = encode(textured(seed=31), "PNG"), encode(textured(seed=32), "PNG")
    second = second.ljust(len(first), b"\0")[: len(first)]
    form = form_for(cloud, len(first))
    put(form, first)
    for data in (second, first):
        with pytest.raises(AlreadyUploadedError, match="has the image already"):
            put(form, data)
    cloud.wait_until_idle()
    (record,) = cloud.records_of({form["key"]})
    assert record["id"] == form["id"]
    versions = cloud.s3.list_object_versions(
        Bucket=cloud.outputs.images_bucket, Prefix=form["key"]
    )["Versions"]
    assert len(versions) == 1


@pytest.mark.parametrize(
    ("size", "changes"),
    [
        (999, {}),
        (1001, {}),
        (1000, {"Content-Type": "text/html"}),
        (1000, {"If-None-Match": '"0"'}),
        (1000, {"path": "uploads/elsewhere.png"}),
        (1000, {"path": "thumbnails/elsewhere.png"}),
    ],
)
def test_an_upload_takes_nothing_but_what_was_announced(
    cloud: Cloud, size: int, changes: dict[str, str]
) -> None:
    form = form_for(cloud, 1000)
    with pytest.raises(UploadRefusedError, match=r"SignatureDoesNotMatch|AccessDenied"):
        put(form, bytes(size), **changes)
    for prefix in (form["key"], "uploads/elsewhere", "thumbnails/elsewhere"):
        assert "Contents" not in cloud.s3.list_objects_v2(
            Bucket=cloud.outputs.images_bucket, Prefix=prefix
        )


def test_an_upload_without_its_condition_is_refused(cloud: Cloud) -> None:
    form = form_for(cloud, 1000)
    form["headers"].pop("If-None-Match")
    with pytest.raises(UploadRefusedError, match="SignatureDoesNotMatch"):
        put(form, bytes(1000))


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
    assert done.stderr == ""


def test_a_large_image_that_is_damaged_is_one_sentence(
    cloud: Cloud, large: bytes, tmp_path: Path
) -> None:
    image = tmp_path / "damaged.png"
    image.write_bytes(large[:-100_000])
    done = visionflow("predict", str(image), state=cloud.state)
    assert done.returncode == 1
    assert "image_truncated" in done.stderr.splitlines()[-1]
