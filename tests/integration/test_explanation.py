"""A heatmap of a record: by the version that answered, without another record or count."""

from pathlib import Path

import pytest

import lambdas.predict.handler
from lambdas.classification.loading import Serving
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.tiny_model import write_tiny_artifact
from visionflow.models.manifest import Manifest

RED = encode(plain("red"))


def test_it_is_the_one_that_came_with_the_answer(cloud: Cloud) -> None:
    answer = cloud.predict(RED, explain="true").body
    assert answer["explanation"] is not None
    before = cloud.dynamodb.scan(TableName="predictions")["Items"]
    again = cloud.call("GET", f"/predictions/{answer['id']}/explanation")
    assert again.status == 200
    assert again.body == {
        "id": answer["id"],
        "model": answer["model"],
        "explanation": answer["explanation"],
    }
    assert cloud.dynamodb.scan(TableName="predictions")["Items"] == before
    assert len(cloud.s3.list_object_versions(Bucket="images")["Versions"]) == 1
    assert len(cloud.stream()) == 1, "so nothing is counted"


def test_a_label_can_be_chosen(cloud: Cloud) -> None:
    prediction_id = cloud.predict(RED).body["id"]
    path = f"/predictions/{prediction_id}/explanation"
    assert cloud.call("GET", path, {"label": "BLUE"}).body["explanation"]["label"] == "blue"
    refused = cloud.call("GET", path, {"label": "dog"})
    assert (refused.status, refused.body["code"]) == (400, "invalid_parameter")


def test_it_is_by_the_version_that_answered_whatever_serves_now(
    cloud: Cloud, tmp_path: Path, tiny_artifact: tuple[Path, Manifest]
) -> None:
    answer = cloud.predict(RED, explain="true").body
    lambdas.predict.handler.service.cache_clear()  # another container
    write_tiny_artifact(tmp_path / "two", version="2")
    cloud.publish(tmp_path / "two")
    assert cloud.predict(RED).body["model"]["version"] == "2"
    again = cloud.call("GET", f"/predictions/{answer['id']}/explanation").body
    assert again["model"]["version"] == "1"
    assert again["explanation"] == answer["explanation"]
    assert cloud.predict(RED).body["model"]["version"] == "2"


def test_what_has_none_says_why(cloud: Cloud) -> None:
    assert cloud.call("GET", "/predictions/nobody/explanation").body["code"] == (
        "prediction_not_found"
    )
    cloud.drop("uploads/x.jpg", b"no image")
    cloud.deliver(cloud.messages())
    failed = cloud.logs()[0]["id"]
    assert cloud.call("GET", f"/predictions/{failed}/explanation").body["code"] == (
        "invalid_parameter"
    )
    asked = cloud.predict(RED).body
    cloud.s3.delete_object(Bucket="images", Key=asked["image"]["key"])
    for version in cloud.s3.list_object_versions(Bucket="images")["Versions"]:
        cloud.s3.delete_object(Bucket="images", Key=version["Key"], VersionId=version["VersionId"])
    gone = cloud.call("GET", f"/predictions/{asked['id']}/explanation")
    assert (gone.status, gone.body["code"]) == (404, "image_missing")


def used(cloud: Cloud, name: str = "images") -> int:
    quotas = cloud.call("GET", "/me").body["quotas"]
    found: dict[tuple[str, str, str], int] = {
        (quota["quota"], quota["of"], quota["per"]): quota["used"] for quota in quotas
    }
    return found[name, "stage", "month"]


def test_it_is_one_image_of_the_quota(cloud: Cloud) -> None:
    answer = cloud.predict(RED).body
    cloud.call("GET", f"/predictions/{answer['id']}/explanation")
    assert used(cloud) == 2


def test_what_cannot_be_explained_is_a_request_and_no_image(cloud: Cloud) -> None:
    path = f"/predictions/{cloud.predict(RED).body['id']}/explanation"
    before = used(cloud, "requests")
    assert cloud.call("GET", "/predictions/nobody/explanation").status == 404
    assert cloud.call("GET", path, {"label": "dog"}).status == 400
    assert used(cloud) == 1
    assert used(cloud, "requests") == before + 4, "with two of /me"


def test_a_version_that_fails_is_named_in_the_log(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answer = cloud.predict(RED).body

    def fail(_serving: Serving, _image: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Serving, "answer", fail)
    refused = cloud.call("GET", f"/predictions/{answer['id']}/explanation")
    assert refused.body["code"] == "model_unavailable"
    (line,) = (line for line in caplog.records if line.getMessage() == "version failed")
    assert vars(line)["model"] == "tiny/1"
