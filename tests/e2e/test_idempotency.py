"""`Idempotency-Key` through the gateway, with several workers at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.cloud import Answer, Cloud
from tests.images import encode, textured

pytestmark = pytest.mark.e2e

IMAGE, OTHER = encode(textured(seed=41)), encode(textured(seed=42))


def post(cloud: Cloud, image: bytes, key: str) -> Answer:
    return cloud.call(
        *("POST", "/predict", image, "image/jpeg", {"explain": "true", "label": "cat"}),
        headers={"Idempotency-Key": key},
    )


def test_of_concurrent_duplicates_one_is_recorded_and_all_are_answered(cloud: Cloud) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: post(cloud, IMAGE, "six-at-once"), range(12)))
    assert {answer.status for answer in answers} == {200}
    assert all(answer.body == answers[0].body for answer in answers)
    assert answers[0].body["explanation"]["label"] == "cat"
    assert answers[0].body["temperature"] > 0
    assert 0 <= answers[0].body["unknown_threshold"] <= 1
    sha256 = answers[0].body["image"]["sha256"]
    assert [r["id"] for r in cloud.logs(source="api") if r["image"]["sha256"] == sha256] == [
        answers[0].body["id"]
    ]


def test_another_image_with_the_same_key_is_a_conflict(cloud: Cloud) -> None:
    assert post(cloud, IMAGE, "mine").status == 200
    conflict = post(cloud, OTHER, "mine")
    assert (conflict.status, conflict.body["code"]) == (409, "idempotency_conflict")
