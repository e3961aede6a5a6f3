"""Large images by a signed request: from POST /uploads to the record under the promised id."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from botocore.exceptions import ClientError

from lambdas.classification.announcements import Watched, announced
from lambdas.classification.uploads import Upload
from lambdas.ingest.service import IngestService
from tests.images import encode, plain
from tests.integration.conftest import COUNTING, INGEST, Cloud
from visionflow.images.limits import DEFAULT_LIMITS
from visionflow.images.store import FORM_LIFETIME, StoredImage

RED, BLUE = encode(plain("red")), encode(plain("blue"))


def ask(cloud: Cloud, **request: Any) -> Any:
    body = json.dumps(request).encode()
    return cloud.call("POST", "/uploads", None, body, "application/json")


def form_for(cloud: Cloud, image: bytes, filename: str = "red.jpg") -> Any:
    answer = ask(cloud, content_type="image/jpeg", bytes=len(image), filename=filename)
    assert answer.status == 201, answer.body
    return answer.body


def uploads(cloud: Cloud) -> list[Upload]:
    """What the waiting messages announce."""
    return [
        upload
        for message in cloud.messages()
        for upload, _ in announced(
            json.loads(message["body"]), Upload, Watched("images", ("uploads/",))
        ).arrivals
    ]


def signed_part(form: Any) -> dict[str, str]:
    """What the signature says, by the names of SigV4."""
    return dict(parse_qsl(urlsplit(form["url"]).query))


def put(cloud: Cloud, form: Any, image: bytes) -> int:
    """Send the image with the headers of the form; the status of the bucket's answer."""
    headers = form["headers"]
    try:
        answer = cloud.s3.put_object(
            Bucket="images",
            Key=form["key"],
            Body=image,
            ContentType=headers["Content-Type"],
            IfNoneMatch=headers["If-None-Match"],
        )
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def test_the_signature_is_for_this_key_type_and_size_and_nothing_else(cloud: Cloud) -> None:
    asked_at = datetime.now(UTC)
    form = form_for(cloud, RED, "my cat.jpg")
    assert form["key"] == f"uploads/posted/{form['id']}/image"
    assert unquote(urlsplit(form["url"]).path) == f"/{form['key']}"
    assert form["headers"] == {
        "Content-Type": "image/jpeg",
        "If-None-Match": "*",
        "x-amz-meta-owner": "anonymous",
        "x-amz-meta-filename": "my%20cat.jpg",
    }
    assert "cat" not in form["url"], "an access log would hold the name"
    # S3 refuses a request whose signed headers have other values.
    signed = signed_part(form)
    assert signed["X-Amz-SignedHeaders"].split(";") == [
        *("content-length", "content-type", "host", "if-none-match"),
        *("x-amz-meta-filename", "x-amz-meta-owner"),
    ]
    assert int(signed["X-Amz-Expires"]) == FORM_LIFETIME.total_seconds()
    expires_at = datetime.fromisoformat(form["expires_at"])
    assert abs(expires_at - asked_at - FORM_LIFETIME) < timedelta(seconds=5)
    assert form["max_bytes"] == DEFAULT_LIMITS.max_bytes


def test_the_form_goes_to_the_host_that_the_page_s_security_policy_names(cloud: Cloud) -> None:
    url = form_for(cloud, RED)["url"]
    assert url.startswith("https://images.s3.eu-central-1.amazonaws.com/uploads/")


def test_an_upload_can_be_used_once(cloud: Cloud) -> None:
    form = form_for(cloud, RED)
    assert [put(cloud, form, image) for image in (RED, RED, BLUE)] == [200, 412, 412]
    assert cloud.s3.get_object(Bucket="images", Key=form["key"])["Body"].read() == RED
    assert cloud.deliver(cloud.messages()) == []
    assert [entry["label"] for entry in cloud.logs()] == ["red"]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"content_type": "image/svg+xml", "bytes": 1}, 415, "unsupported_media_type"),
        ({"content_type": "image/jpeg", "bytes": 32_000_001}, 413, "image_too_large"),
        ({"content_type": "image/jpeg", "bytes": 0}, 422, "image_empty"),
        ({"content_type": "image/jpeg"}, 400, "missing_field"),
        ({"bytes": 1}, 400, "missing_field"),
        ({"content_type": "image/jpeg", "bytes": "1"}, 400, "invalid_body"),
        ({"content_type": "image/jpeg", "bytes": True}, 400, "invalid_body"),
        ({"content_type": "image/jpeg", "bytes": 1, "name": "x"}, 400, "invalid_body"),
    ],
)
def test_what_could_not_be_classified_gets_no_form(
    cloud: Cloud, request_: dict[str, Any], status: int, code: str
) -> None:
    answer = ask(cloud, **request_)
    assert (answer.status, answer.body["code"]) == (status, code)


@pytest.mark.parametrize("body", [None, b"", b"{}"])
def test_an_empty_body_lacks_a_field(cloud: Cloud, body: bytes | None) -> None:
    answer = cloud.call("POST", "/uploads", None, body, "application/json")
    assert (answer.status, answer.body["code"]) == (400, "missing_field")
    assert '"content_type"' in answer.body["detail"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_an_object_is_refused(cloud: Cloud, body: bytes) -> None:
    answer = cloud.call("POST", "/uploads", None, body, "application/json")
    assert (answer.status, answer.body["code"]) == (400, "invalid_body")


def test_the_image_is_found_under_the_promised_id_once_it_is_classified(cloud: Cloud) -> None:
    form = form_for(cloud, RED)
    waiting = cloud.call("GET", f"/predictions/{form['id']}")
    assert (waiting.status, waiting.body["code"]) == (404, "prediction_not_found")
    cloud.drop(form["key"], RED)
    messages = cloud.messages()
    for _ in range(3):
        assert cloud.deliver(messages) == []
    found = cloud.call("GET", f"/predictions/{form['id']}")
    assert (found.status, found.body["label"], found.body["source"]) == (200, "red", "s3")
    assert found.body["image"]["key"] == form["key"]
    assert len(cloud.logs()) == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (bytes(DEFAULT_LIMITS.max_bytes + 1), "image_too_large"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image_unreadable"),
    ],
)
def test_size_and_type_are_checked_again_when_the_image_arrives(
    cloud: Cloud, data: bytes, code: str
) -> None:
    form = form_for(cloud, RED)
    cloud.drop(form["key"], data)
    assert cloud.deliver(cloud.messages()) == []
    found = cloud.call("GET", f"/predictions/{form['id']}").body
    assert (found["status"], found["error"]["code"]) == ("failed", code)


def test_two_versions_under_one_key_make_two_records(cloud: Cloud) -> None:
    form = form_for(cloud, RED)
    cloud.drop(form["key"], RED)
    cloud.drop(form["key"], BLUE)
    messages = cloud.messages()
    for order in (messages, messages[::-1], messages):
        assert cloud.deliver(order) == []
    entries = cloud.logs()
    assert sorted(entry["label"] for entry in entries) == ["blue", "red"]
    assert cloud.call("GET", f"/predictions/{form['id']}").body["label"] == "red"


def test_the_version_that_loses_the_promised_id_is_recorded_under_its_own(cloud: Cloud) -> None:
    """Both workers have looked, and found nothing, before the first of them writes."""
    form = form_for(cloud, RED)
    cloud.drop(form["key"], RED)
    cloud.drop(form["key"], BLUE)
    first, second = uploads(cloud)
    slow, fast = IngestService.build(INGEST, COUNTING), IngestService.build(INGEST, COUNTING)
    now = datetime.now(UTC)
    fetch = slow.images.fetch

    def fetch_while_the_other_finishes(*args: Any, **kwargs: Any) -> StoredImage:
        assert fast.ingest(second, now) is not None
        return fetch(*args, **kwargs)

    slow.images.fetch = fetch_while_the_other_finishes  # type: ignore[method-assign]
    recorded = slow.ingest(first, now)
    assert recorded is not None
    assert (recorded.id, recorded.label, recorded.error) == (first.own_id, "red", None)
    assert cloud.call("GET", f"/predictions/{form['id']}").body["label"] == "blue"
    for upload in (first, second):
        assert IngestService.build(INGEST, COUNTING).ingest(upload, now) is None
    assert len(cloud.logs()) == 2


def test_a_key_cannot_take_the_id_of_a_direct_call(cloud: Cloud) -> None:
    posted = cloud.predict(BLUE).body
    cloud.drop(f"uploads/posted/{posted['id']}/other", RED)
    assert cloud.deliver(cloud.messages()) == []
    assert cloud.call("GET", f"/predictions/{posted['id']}").body["label"] == "blue"
    assert sorted(entry["label"] for entry in cloud.logs()) == ["blue", "red"]


def test_a_body_that_is_too_large_is_told_the_way(cloud: Cloud) -> None:
    answer = cloud.predict(bytes(4_600_000))
    assert (answer.status, answer.body["code"]) == (413, "body_too_large")
    assert "POST /uploads" in answer.body["detail"]
