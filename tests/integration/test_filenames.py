"""The name of an image's file: in its record however it came, and nowhere else."""

import dataclasses
import json
from typing import Any

import pytest

from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.integration.test_api import fill, record
from visionflow.access.caller import Caller
from visionflow.access.roles import SCOPES_OF
from visionflow.predictions import store

RED = encode(plain("red"))
NAME = "우리 고양이=1.jpg"
BROKEN = b"no image"


def _form(name: str, image: bytes) -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + image + b"\r\n--b--\r\n"


def _post(cloud: Cloud, image: bytes, name: str = NAME, caller: Caller | None = None) -> str:
    """Upload through a signed request; returns the id."""
    body = json.dumps({"content_type": "image/png", "bytes": len(image), "filename": name})
    form = cloud.call(
        "POST", "/uploads", None, body.encode(), "application/json", caller=caller
    ).body
    metadata = {
        header.removeprefix("x-amz-meta-"): value
        for header, value in form["headers"].items()
        if header.startswith("x-amz-meta-")
    }
    cloud.s3.put_object(Bucket="images", Key=form["key"], Body=image, Metadata=metadata)
    return str(form["id"])


def _record(cloud: Cloud, prediction_id: str) -> Any:
    return cloud.call("GET", f"/predictions/{prediction_id}").body


def test_each_way_in_keeps_the_name(cloud: Cloud) -> None:
    answers = [
        cloud.call("POST", "/predict", None, _form(NAME, RED), "multipart/form-data; boundary=b"),
        cloud.call(
            "POST",
            "/predict",
            None,
            RED,
            "image/png",
            {"content-disposition": "attachment; filename*=UTF-8''%EA%B0%80%20=1.jpg"},
        ),
    ]
    assert [answer.body["filename"] for answer in answers] == [NAME, "가 =1.jpg"]
    assert cloud.predict(RED).body["filename"] is None
    posted, refused = _post(cloud, RED), _post(cloud, BROKEN, "깨진.jpg")
    cloud.drop("uploads/누나/강아지.jpg", encode(plain("blue")))
    assert cloud.deliver(cloud.messages()) == []
    assert _record(cloud, answers[0].body["id"])["filename"] == NAME
    assert _record(cloud, posted)["filename"] == NAME
    failed = _record(cloud, refused)
    assert (failed["status"], failed["filename"]) == ("failed", "깨진.jpg")
    names = [row["filename"] for row in cloud.logs()]
    assert sorted(name for name in names if name) == sorted(
        [NAME, NAME, "가 =1.jpg", "깨진.jpg", "강아지.jpg"]
    )


def test_a_repeated_request_gets_the_first_name(cloud: Cloud) -> None:
    headers = {"idempotency-key": "k", "content-disposition": 'attachment; filename="a.jpg"'}
    for _ in range(2):
        answer = cloud.call("POST", "/predict", None, RED, "image/png", headers)
        assert answer.body["filename"] == "a.jpg"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("uploads/2026/old.jpg", "old.jpg"),
        ("uploads/posted/01JCZZZZZZZZZZZZZZZZZZZZZZ/old name.jpg", "old name.jpg"),
    ],
)
def test_a_record_from_before_there_were_names_has_that_of_its_key(
    cloud: Cloud, key: str, name: str
) -> None:
    cloud.drop(key, RED)
    cloud.deliver(cloud.messages())
    (row,) = cloud.logs()
    cloud.dynamodb.update_item(
        TableName="predictions",
        Key={"id": {"S": row["id"]}},
        UpdateExpression="REMOVE filename",
    )
    assert _record(cloud, row["id"])["filename"] == name
    direct = cloud.predict(RED).body["id"]
    cloud.dynamodb.update_item(
        TableName="predictions", Key={"id": {"S": direct}}, UpdateExpression="REMOVE filename"
    )
    assert _record(cloud, direct)["filename"] is None


def test_a_name_is_in_no_log_url_key_or_message(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "Kim Minji 1990"
    asked = cloud.call(
        "POST", "/predict", None, _form(secret, RED), "multipart/form-data; boundary=b"
    )
    cloud.call("POST", "/predict", None, _form(secret, BROKEN), "multipart/form-data; boundary=b")
    posted = [_post(cloud, RED, secret), _post(cloud, BROKEN, secret)]
    messages = cloud.messages()
    cloud.deliver(messages)
    cloud.deliver(messages)  # "already recorded"
    detail = _record(cloud, asked.body["id"])
    for found in (detail, *(_record(cloud, prediction_id) for prediction_id in posted)):
        assert found.pop("filename") == secret
        assert "Minji" not in json.dumps(found), "such as the key and the URLs of the image"
    cloud.count(cloud.stream())
    erased = cloud.call("DELETE", f"/predictions/{posted[0]}")
    assert erased.status == 200
    output = capsys.readouterr()
    assert "recorded" in output.out
    assert "Minji" not in output.out + output.err + json.dumps(messages)
    elsewhere = ("insights", "audit", "usage", "registry", "datasets-table")
    rows = [cloud.dynamodb.scan(TableName=table)["Items"] for table in elsewhere]
    assert "Minji" not in str(rows)


def test_a_name_is_erased_with_its_record(cloud: Cloud) -> None:
    prediction_id = _post(cloud, RED)
    cloud.deliver(cloud.messages())
    assert cloud.call("DELETE", f"/predictions/{prediction_id}").status == 200
    assert "고양이" not in str(cloud.dynamodb.scan(TableName="predictions")["Items"])
    assert cloud.s3.list_object_versions(Bucket="images").get("Versions", []) == []


def test_others_never_see_a_name_in_an_own_stage(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISIONFLOW_OWN_RECORDS", "1")
    scopes = SCOPES_OF["viewer"]
    ann, bob = (Caller(f"user:{name}", name, scopes) for name in ("ann", "bob"))
    prediction_id = _post(cloud, RED, caller=ann)
    cloud.deliver(cloud.messages())
    for path in ("/logs", f"/predictions/{prediction_id}"):
        assert NAME in str(cloud.call("GET", path, caller=ann).body)
        assert NAME not in str(cloud.call("GET", path, caller=bob).body)
    path = f"/predictions/{prediction_id}/explanation"
    assert cloud.call("GET", path, caller=ann).status == 200
    assert cloud.call("GET", path, caller=bob).body["code"] == "prediction_not_found"


def test_records_are_found_by_a_part_of_the_name(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In any case and spelling, from page to page: a page says how far it has looked."""
    names = ["IMG_1.JPG", "cat.png", None, "img_2.jpg", "\u1109\u1161\u110c\u1175\u11ab.png"]
    rows = [dataclasses.replace(record(place), filename=name) for place, name in enumerate(names)]
    fill(cloud, rows)
    ids = [row.id for row in rows]

    def found(part: str, cursor: str | None = None) -> list[str]:
        query = {"filename": part, **({"cursor": cursor} if cursor else {})}
        page = cloud.call("GET", "/logs", query).body
        more = found(part, page["next_cursor"]) if page["next_cursor"] else []
        return [item["id"] for item in page["items"]] + more

    for looked_at in (1_000, 2):
        monkeypatch.setattr(store, "MAX_ROWS_READ", looked_at)
        assert found("img_") == [ids[3], ids[0]]
        assert found("사진") == [ids[4]]
        assert found("dog") == []
    assert cloud.call("GET", "/logs", {"filename": ""}).status == 400
