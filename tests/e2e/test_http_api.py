"""The HTTP API through the gateway: what is answered, and how everything bad is refused."""

import base64
import json
import shutil
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cloud import Cloud
from tests.images import bad_files, encode, textured

pytestmark = pytest.mark.e2e

SAMPLE = Path("infra/samples/panda.jpg")


def test_curl_posts_a_form(cloud: Cloud) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    # As the README has it. curl appends the boundary to a Content-Type given by hand.
    command = [curl, "-s", "-X", "POST", f"{cloud.outputs.api_url}/predict"]
    command += ["-H", "Content-Type: multipart/form-data", "-F", f"file=@{SAMPLE}"]
    answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert answer["model"]["version"]
    assert answer["label"] == answer["top_k"][0]["label"]
    assert answer["confidence"] == answer["top_k"][0]["confidence"]
    assert answer["timings"]["infer"] > 0
    assert (answer["status"] == "unknown") is (answer["unknown_reason"] is not None)
    assert answer["prediction_set"] is None
    assert cloud.call("GET", f"/predictions/{answer['id']}").body["id"] == answer["id"]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        # curl asks first before it sends more than 1 MB, or when it is told to.
        (["-H", "Expect: 100-continue", "-F", f"file=@{SAMPLE}"], 200),
        (["-H", "Transfer-Encoding: chunked", "-F", f"file=@{SAMPLE}"], 200),
        (["-H", "Transfer-Encoding: chunked", "-T", str(SAMPLE)], 200),
        (["-F", f"file=@{SAMPLE};encoder=base64"], 200),
        (["-F", f"file=@{SAMPLE};encoder=quoted-printable"], 200),
        (["-F", f"file=@{SAMPLE}", "-F", f"file=@{SAMPLE}"], 400),
        (["-H", "Content-Encoding: gzip", "-T", str(SAMPLE)], 415),
    ],
)
def test_curl_sends_it_in_any_way(cloud: Cloud, options: list[str], status: int) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    kind = [] if "-F" in options else ["-H", "Content-Type: image/jpeg"]
    command = [curl, "-s", "-m", "60", "-X", "POST", "-w", "\n%{http_code}", *options, *kind]
    done = subprocess.run(
        [*command, f"{cloud.outputs.api_url}/predict"], capture_output=True, check=True, text=True
    )
    answer, _, code = done.stdout.rpartition("\n")
    assert (int(code), json.loads(answer).get("label", "refused")) in (
        (200, "giant panda"),
        (status, "refused"),
    ), answer
    assert int(code) == status


def test_raw_body_and_base64_json_give_the_same_answer(cloud: Cloud) -> None:
    data = SAMPLE.read_bytes()
    document = json.dumps({"image": base64.b64encode(data).decode()}).encode()
    raw = cloud.call("POST", "/predict", data, "image/jpeg")
    encoded = cloud.call("POST", "/predict", document, "application/json")
    assert raw.status == encoded.status == 200
    assert raw.body["top_k"] == encoded.body["top_k"]


def test_a_phone_s_heic_is_classified(cloud: Cloud) -> None:
    data = encode(textured((300, 200)), "HEIF")
    posted = cloud.call("POST", "/predict", data, "image/heic")
    assert (posted.status, posted.body["status"] in ("ok", "unknown")) == (200, True)
    assert (posted.body["image"]["width"], posted.body["image"]["height"]) == (300, 200)


def test_explain_brings_a_heatmap(cloud: Cloud) -> None:
    data = SAMPLE.read_bytes()
    answer = cloud.call(
        "POST", "/predict", data, "image/jpeg", {"explain": "true", "top_k": 2}
    ).body
    assert len(answer["top_k"]) == 2
    assert answer["explanation"]["label"] == answer["label"]
    assert answer["explanation"]["overlay"].startswith("data:image/png;base64,")


def test_signed_urls_open_image_and_thumbnail(cloud: Cloud) -> None:
    data = SAMPLE.read_bytes()
    posted = cloud.call("POST", "/predict", data, "image/jpeg").body
    query = {"predictions": posted["id"]}
    made = cloud.call("GET", "/thumbnails", query=query).body["items"][posted["id"]]
    record = cloud.call("GET", f"/predictions/{posted['id']}").body
    assert record["thumbnail_key"] in made
    with urllib.request.urlopen(record["image_url"]) as response:  # noqa: S310
        assert response.read() == data
    with urllib.request.urlopen(record["thumbnail_url"]) as response:  # noqa: S310
        assert response.read().startswith(b"\xff\xd8")


def test_strangers_learn_the_state_alone(cloud: Cloud) -> None:
    assert cloud.call("GET", "/health").body == {"status": "ok"}


def test_the_status_names_the_model_and_its_labels(cloud: Cloud) -> None:
    answer = cloud.call("GET", "/status")
    assert (answer.status, answer.body["status"]) == (200, "ok")
    assert "giant panda" in answer.body["labels"]
    assert answer.body["parents"]["giant panda"]


def test_the_api_describes_itself(cloud: Cloud) -> None:
    document = cloud.call("GET", "/openapi.json").body
    assert document["openapi"].startswith("3.1")
    assert "/predict" in document["paths"]


@dataclass(frozen=True)
class Bad:
    """A request that must be refused with ``status`` and ``code``."""

    name: str
    status: int
    code: str
    method: str = "POST"
    path: str = "/predict"
    body: bytes | None = None
    content_type: str | None = None
    query: tuple[tuple[str, Any], ...] = ()


IMAGE = encode(textured())
FORM = "multipart/form-data; boundary=b"
OTHER_FIELD = b'--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--b--\r\n'
IMAGE_STATUS = {"image_too_large": 413}
BAD = [
    *(
        Bad(name, IMAGE_STATUS.get(code, 422), code, body=data, content_type="image/jpeg")
        for name, (data, code) in bad_files().items()
    ),
    Bad("no field file", 400, "missing_image", body=OTHER_FIELD, content_type=FORM),
    Bad("no field image", 400, "missing_image", body=b"{}", content_type="application/json"),
    Bad("broken form", 400, "invalid_body", body=b"--x", content_type=FORM),
    Bad("broken json", 400, "invalid_body", body=b"{", content_type="application/json"),
    Bad("wrong type", 415, "unsupported_media_type", body=IMAGE, content_type="text/plain"),
    Bad("base64", 400, "invalid_base64", body=b'{"image":"%"}', content_type="application/json"),
    Bad("over 6 MB", 413, "body_too_large", body=bytes(6_000_001), content_type="image/jpeg"),
    *(
        Bad(
            f"{name}={value}",
            400,
            "invalid_parameter",
            body=IMAGE,
            content_type="image/jpeg",
            query=((name, value),),
        )
        for name, value in (("top_k", 0), ("top_k", 1001), ("top_k", "x"), ("explain", "maybe"))
    ),
    Bad("unknown route", 404, "route_not_found", method="GET", path="/nowhere"),
    Bad("wrong method", 405, "method_not_allowed", method="DELETE", path="/predict"),
    Bad("no such id", 404, "prediction_not_found", method="GET", path="/predictions/nothing"),
    *(
        Bad(f"{name}={value}", 400, code, method="GET", path="/logs", query=((name, value),))
        for name, value, code in (
            ("cursor", "made-up", "invalid_cursor"),
            ("limit", 0, "invalid_parameter"),
            ("limit", 101, "invalid_parameter"),
            ("status", "great", "invalid_parameter"),
            ("from", "yesterday", "invalid_parameter"),
        )
    ),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_bad_requests_are_problems_with_a_code_of_their_own(cloud: Cloud, bad: Bad) -> None:
    answer = cloud.call(bad.method, bad.path, bad.body, bad.content_type, dict(bad.query))
    assert (answer.status, answer.body["code"]) == (bad.status, bad.code)
    assert answer.content_type == "application/problem+json"
    known = {"type", "title", "status", "detail", "code", "request_id", "retryable", "field"}
    assert set(answer.body) == known
