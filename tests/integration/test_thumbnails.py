"""Thumbnails are made when somebody looks, kept, and erased with their records."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

import lambdas.predict.handler
from lambdas.api.resources import resources
from lambdas.predict.thumbnails import MOST
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from visionflow.access.caller import Caller
from visionflow.images.store import ImageStore
from visionflow.predictions.store import PredictionStore

RED = encode(plain("red"))


def look(cloud: Cloud, *ids: str, caller: Caller | None = None) -> dict[str, Any]:
    answer = cloud.call("GET", "/thumbnails", {"predictions": ",".join(ids)}, caller=caller)
    assert answer.status == 200, answer.body
    items: dict[str, Any] = answer.body["items"]
    return items


def kept(cloud: Cloud) -> list[str]:
    found = cloud.s3.list_object_versions(Bucket="images", Prefix="thumbnails/")
    return [version["Key"] for version in found.get("Versions", [])]


def dropped(cloud: Cloud, data: bytes) -> str:
    cloud.drop("uploads/x.jpg", data)
    cloud.deliver(cloud.messages())
    return str(cloud.logs()[0]["id"])


@pytest.fixture(autouse=True)
def _fresh_drawing() -> None:
    lambdas.predict.handler.drawing.cache_clear()


def test_a_prediction_makes_none_and_the_first_look_makes_and_keeps_it(cloud: Cloud) -> None:
    sent = str(cloud.predict(encode(plain("red", (600, 300)))).body["id"])
    found = dropped(cloud, RED)
    assert kept(cloud) == []
    assert [row["thumbnail_url"] for row in cloud.logs()] == [None, None]
    items = look(cloud, sent, found)
    assert set(items) == {sent, found}
    assert sorted(kept(cloud)) == sorted(f"thumbnails/{name}.jpg" for name in (sent, found))
    body = cloud.s3.get_object(Bucket="images", Key=f"thumbnails/{sent}.jpg")["Body"].read()
    assert Image.open(io.BytesIO(body)).size == (256, 128)
    assert f"thumbnails/{sent}.jpg" in items[sent]
    assert all(row["thumbnail_url"] for row in cloud.logs())
    # Again: nothing more is made, also where the original has gone.
    cloud.s3.delete_object(Bucket="images", Key=f"api/{sent}")
    assert set(look(cloud, sent, found)) == {sent, found}
    assert len(kept(cloud)) == 2


def test_looking_is_no_answer_and_counts_as_nothing(cloud: Cloud) -> None:
    sent = str(cloud.predict(RED).body["id"])
    cloud.count(cloud.stream())
    before = cloud.dynamodb.scan(TableName="insights")["Items"]
    look(cloud, sent)
    assert cloud.count(cloud.stream()) == []
    assert cloud.dynamodb.scan(TableName="insights")["Items"] == before


def test_what_cannot_be_drawn_is_null_and_what_is_not_there_is_left_out(cloud: Cloud) -> None:
    failed = dropped(cloud, b"no image")
    gone = cloud.predict(RED).body
    image = gone["image"]
    cloud.s3.delete_object(Bucket="images", Key=image["key"], VersionId=image["version_id"])
    assert look(cloud, failed, gone["id"], "nobody", "no id#") == {failed: None, gone["id"]: None}
    assert cloud.call("GET", f"/predictions/{gone['id']}").body["image_url"] is None
    assert kept(cloud) == []


def test_one_that_may_not_be_read_hides_none_of_the_others(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, other = (str(cloud.predict(RED).body["id"]) for _ in range(2))
    read = ImageStore.read

    def refuse(images: ImageStore, key: str, version_id: str | None) -> bytes:
        if key == f"api/{locked}":
            told = {"Error": {"Code": "KMS.DisabledException", "Message": "It is disabled."}}
            raise ClientError(told, "GetObject")  # type: ignore[arg-type]
        return read(images, key, version_id)

    monkeypatch.setattr(ImageStore, "read", refuse)
    items = look(cloud, locked, other)
    assert items[locked] is None
    assert items[other]


@pytest.mark.parametrize("ids", ["", ",".join(f"id-{n}" for n in range(MOST + 1))])
def test_too_few_and_too_many_are_refused(cloud: Cloud, ids: str) -> None:
    answer = cloud.call("GET", "/thumbnails", {"predictions": ids})
    assert (answer.status, answer.body["code"]) == (400, "invalid_parameter")


def test_an_erased_record_takes_its_thumbnail_along(cloud: Cloud) -> None:
    for prediction_id in (str(cloud.predict(RED).body["id"]), dropped(cloud, RED)):
        look(cloud, prediction_id)
        assert len(kept(cloud)) == 1
        assert cloud.call("DELETE", f"/predictions/{prediction_id}").status == 200
        assert kept(cloud) == []
        assert look(cloud, prediction_id) == {}


@pytest.mark.parametrize("moment", ["before it is written", "before it is noted"])
@pytest.mark.parametrize("way", ["sent", "dropped"])
def test_an_erasure_that_comes_while_it_is_made_leaves_none(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, moment: str, way: str
) -> None:
    prediction_id = str(cloud.predict(RED).body["id"]) if way == "sent" else dropped(cloud, RED)
    owner, name = (
        (ImageStore, "write")
        if moment == "before it is written"
        else (PredictionStore, "illustrate")
    )
    step = getattr(owner, name)

    def late(*given: Any) -> Any:
        monkeypatch.setattr(owner, name, step)
        assert resources().erasure.erase(prediction_id, datetime.now(UTC))
        return step(*given)

    monkeypatch.setattr(owner, name, late)
    assert look(cloud, prediction_id) == {}
    assert kept(cloud) == []
    assert cloud.logs() == []


def test_an_old_record_s_thumbnail_stays_and_is_erased(cloud: Cloud) -> None:
    """Before, each prediction made one, and a dropped file's had the name of its object."""
    prediction_id = dropped(cloud, RED)
    store = PredictionStore("predictions", cloud.dynamodb)
    cloud.s3.put_object(Bucket="images", Key="thumbnails/old.jpg", Body=RED)
    assert store.illustrate(prediction_id, "thumbnails/old.jpg")
    assert "thumbnails/old.jpg" in look(cloud, prediction_id)[prediction_id]
    assert kept(cloud) == ["thumbnails/old.jpg"]
    assert cloud.call("DELETE", f"/predictions/{prediction_id}").status == 200
    assert kept(cloud) == []


def test_where_callers_see_their_own_records_nobody_draws_another_s(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = str(cloud.predict(RED).body["id"])
    monkeypatch.setattr(lambdas.predict.handler, "sees_own", lambda caller: caller.id != "root")
    assert look(cloud, sent, caller=Caller("eve", "Eve", frozenset({"read"}))) == {}
    assert kept(cloud) == []
