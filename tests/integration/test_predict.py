import base64
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectTimeoutError

import lambdas.predict.handler
from lambdas.predict.service import PredictAnswer
from tests.images import bad_files, encode, plain, textured
from tests.integration.conftest import Cloud
from tests.tiny_model import LABELS
from visionflow.models.manifest import Manifest

RED = encode(plain("red"))
BOUNDARY = "----boundary42"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def form(*parts: tuple[str, bytes]) -> bytes:
    body = b""
    for disposition, content in parts:
        head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
        body += head.encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def multipart(image: bytes) -> tuple[bytes, str]:
    return form(('name="note"', b"hi"), ('name="file"; filename="x.jpg"', image)), MULTIPART


def as_json(image: bytes) -> tuple[bytes, str]:
    document = {"image": base64.b64encode(image).decode()}
    return json.dumps(document).encode(), "application/json; charset=utf-8"


def raw(image: bytes) -> tuple[bytes, str]:
    return image, "image/jpeg"


@pytest.mark.parametrize("wrap", [multipart, as_json, raw])
def test_three_ways_to_send_an_image_give_one_answer(cloud: Cloud, wrap: Any) -> None:
    body, content_type = wrap(RED)
    answer = cloud.call("POST", "/predict", None, body, content_type)
    assert answer.status == 200
    prediction = answer.body
    assert prediction["label"] == "red"
    assert prediction["status"] == "ok"
    assert prediction["source"] == "api"
    assert prediction["model"] == {"name": "tiny", "version": "1"}
    assert prediction["top_k"][0]["label"] == "red"
    assert prediction["image"]["width"] == 40
    assert prediction["image"]["bytes"] == len(RED)
    assert {"decode", "prepare", "infer"} <= set(prediction["timings"])
    assert prediction["explanation"] is None


def test_the_answer_is_what_the_history_holds(cloud: Cloud) -> None:
    answer = cloud.predict(RED).body
    detail = cloud.call("GET", f"/predictions/{answer['id']}").body
    for own in PredictAnswer.__annotations__:
        del answer[own]
    assert {key: detail[key] for key in answer} == answer
    (entry,) = cloud.logs()
    assert entry["id"] == answer["id"]


def test_the_image_is_kept_beside_the_record(cloud: Cloud) -> None:
    large = encode(textured((900, 600)), "PNG")
    prediction = cloud.predict(large).body
    original = cloud.s3.get_object(Bucket="images", Key=prediction["image"]["key"])
    assert original["Body"].read() == large
    assert original["ContentType"] == "image/png"


@pytest.mark.parametrize("top_k", [1, 2, 3])
def test_top_k_is_the_number_of_scores_best_first(cloud: Cloud, top_k: int) -> None:
    scores = cloud.predict(RED, top_k=top_k).body["top_k"]
    assert len(scores) == top_k
    assert scores == sorted(scores, key=lambda score: -score["confidence"])


def test_explain_answers_a_map_and_an_overlay(cloud: Cloud) -> None:
    explanation = cloud.predict(RED, explain="true").body["explanation"]
    assert explanation["label"] == "red"
    assert len(explanation["values"]) == explanation["height"]
    assert explanation["overlay"].startswith("data:image/png;base64,")
    assert explanation["box"] == {"left": 0.125, "top": 0.0, "width": 0.75, "height": 1.0}


def test_any_label_can_be_explained(cloud: Cloud) -> None:
    image = encode(textured(seed=3), "PNG")
    maps = {
        label: cloud.predict(image, explain="true", label=label).body["explanation"]
        for label in LABELS
    }
    assert all(shown["label"] == label for label, shown in maps.items())
    assert len({json.dumps(shown["values"]) for shown in maps.values()}) == len(LABELS)
    assert len({shown["overlay"] for shown in maps.values()}) == len(LABELS)


@pytest.mark.parametrize(
    "query",
    [
        {"label": "red"},
        {"label": "red", "explain": "false"},
        {"label": "mauve", "explain": "true"},
        {"label": "", "explain": "true"},
    ],
)
def test_a_label_that_cannot_be_explained_is_refused(cloud: Cloud, query: Any) -> None:
    answer = cloud.predict(RED, **query)
    assert (answer.status, answer.body["code"]) == (400, "invalid_parameter")
    assert "label" in answer.body["detail"]
    assert cloud.logs() == []


def test_the_answer_says_how_sure_it_has_to_be(
    empty_cloud: Cloud, tiny_artifact: tuple[Path, Manifest]
) -> None:
    folder, manifest = tiny_artifact
    changed = replace(manifest, temperature=2.5, unknown_threshold=0.75)
    (folder / "manifest.json").write_text(changed.to_json())
    empty_cloud.publish(folder)
    answer = empty_cloud.predict(RED).body
    assert (answer["temperature"], answer["unknown_threshold"]) == (2.5, 0.75)
    # Logits of 10, 0 and 0, a little less for the JPEG.
    assert answer["confidence"] == pytest.approx(1 / (1 + 2 * math.exp(-10 / 2.5)), abs=0.01)
    assert answer["status"] == "ok"


def test_an_unsure_answer_is_called_unknown(cloud: Cloud) -> None:
    prediction = cloud.predict(encode(plain((128, 128, 128)))).body
    assert prediction["status"] == "unknown"
    assert prediction["label"] in LABELS


@pytest.mark.parametrize("name", bad_files())
def test_a_bad_image_is_a_4xx_with_its_code_and_leaves_nothing(cloud: Cloud, name: str) -> None:
    data, code = bad_files()[name]
    answer = cloud.predict(data)
    assert 400 <= answer.status < 500
    assert answer.body["code"] == code
    assert cloud.logs() == []
    assert cloud.s3.list_objects_v2(Bucket="images")["KeyCount"] == 0


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"", "application/octet-stream", 422, "image_empty"),
        (form(('name="file"; filename="x"', b"")), MULTIPART, 422, "image_empty"),
        (form(('name="image"', RED)), MULTIPART, 400, "missing_image"),
        (form(), MULTIPART, 400, "missing_image"),
        (b"", MULTIPART, 400, "missing_image"),
        (b"no boundary here", MULTIPART, 400, "invalid_body"),
        (form(('name="file"', RED))[:-40], MULTIPART, 400, "invalid_body"),
        (RED, "multipart/form-data", 400, "invalid_body"),
        (b"{}", "application/json", 400, "missing_image"),
        (b"[]", "application/json", 400, "missing_image"),
        (b'{"image": 5}', "application/json", 400, "missing_image"),
        (b"{", "application/json", 400, "invalid_body"),
        (b"\xff\xfe", "application/json", 400, "invalid_body"),
        (b'{"image": "@@@"}', "application/json", 400, "invalid_base64"),
        (b'{"image": "\xc3\xa9"}', "application/json", 400, "invalid_base64"),
        (b'{"image": ""}', "application/json", 422, "image_empty"),
        (RED, "text/plain", 415, "unsupported_media_type"),
        (RED, None, 415, "unsupported_media_type"),
        (bytes(6_500_000), "image/jpeg", 413, "body_too_large"),
    ],
)
def test_a_bad_request_is_a_problem_with_its_own_code(
    cloud: Cloud, body: bytes, content_type: str | None, status: int, code: str
) -> None:
    answer = cloud.call("POST", "/predict", None, body, content_type)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert answer.content_type == "application/problem+json"
    known = {"type", "title", "status", "detail", "code", "request_id", "retryable", "field"}
    assert set(answer.body) == known
    assert answer.body["status"] == status
    assert answer.body["type"] == f"urn:visionflow:problem:{code}"
    assert answer.body["request_id"] == "JKJaXmPLvHcESHA="


@pytest.mark.parametrize(
    "query",
    [
        {"top_k": 0},
        {"top_k": -1},
        {"top_k": 4},
        {"top_k": "many"},
        {"top_k": ""},
        {"top_k": "٣"},
        {"top_k": "1" * 5000},
        {"explain": "yes"},
        {"explain": ""},
        {"topk": 1},
        {"coverage": 0},
        {"coverage": 1},
        {"coverage": -0.5},
        {"coverage": "95 %"},
        {"coverage": "nan"},
        {"coverage": "1e-3"},
        {"coverage": ""},
    ],
)
def test_a_bad_parameter_is_refused_and_nothing_is_stored(
    cloud: Cloud, query: dict[str, Any]
) -> None:
    answer = cloud.predict(RED, **query)
    assert (answer.status, answer.body["code"]) == (400, "invalid_parameter")
    assert cloud.logs() == []


def test_without_a_model_the_answer_is_503_with_the_reason(empty_cloud: Cloud) -> None:
    answer = empty_cloud.predict(RED)
    assert (answer.status, answer.body["code"]) == (503, "model_unavailable")


@pytest.mark.parametrize(
    ("error", "http_status", "status", "code"),
    [
        ("ThrottlingException", 400, 503, "platform_unavailable"),
        ("InternalServerError", 500, 503, "platform_unavailable"),
        # A missing grant or a malformed call is a fault of the service, and no retry mends it.
        ("AccessDeniedException", 400, 500, "internal_error"),
        ("ValidationException", 400, 500, "internal_error"),
    ],
)
def test_what_aws_may_answer_later_is_a_503(
    cloud: Cloud, error: str, http_status: int, status: int, code: str
) -> None:
    def fail(**_: Any) -> Any:
        answer = {"Error": {"Code": error}, "ResponseMetadata": {"HTTPStatusCode": http_status}}
        return AWSResponse("", http_status, HTTPHeaders(), None), answer

    events = lambdas.predict.handler.service().predictions._client.meta.events
    events.register_first("before-call.dynamodb.PutItem", fail)
    found = cloud.predict(RED)
    assert (found.status, found.body["code"]) == (status, code)


def test_a_service_that_cannot_be_reached_is_a_503(cloud: Cloud) -> None:
    def lose_the_connection(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://dynamodb")

    events = lambdas.predict.handler.service().predictions._client.meta.events
    events.register_first("before-call.dynamodb.PutItem", lose_the_connection)
    answer = cloud.predict(RED)
    assert (answer.status, answer.body["code"]) == (503, "platform_unavailable")


@pytest.mark.parametrize("size", [(1, 513), (2000, 3), (3, 5000)])
def test_a_sliver_is_answered_like_any_image(cloud: Cloud, size: tuple[int, int]) -> None:
    answer = cloud.predict(encode(plain("red", size), "PNG"))
    assert (answer.status, answer.body["label"]) == (200, "red")


def test_an_altered_model_file_is_refused(
    empty_cloud: Cloud, tiny_artifact: tuple[Path, Manifest]
) -> None:
    empty_cloud.publish(tiny_artifact[0])
    empty_cloud.s3.put_object(Bucket="models", Key="models/tiny/1/model.onnx", Body=b"other")
    answer = empty_cloud.predict(RED)
    assert (answer.status, answer.body["code"]) == (503, "model_unavailable")
    assert "checksum" in answer.body["detail"]
