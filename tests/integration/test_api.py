import base64
import dataclasses
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import jsonschema
import pytest
from botocore.client import BaseClient

from infra.generators.openapi import OPERATIONS, document
from lambdas.api.resources import resources
from lambdas.classification.service import MAX_TOP_K
from lambdas.web.routes import ROUTES
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.tiny_model import write_tiny_artifact
from visionflow.answers.answer import Score
from visionflow.errors import ArtifactError
from visionflow.labels import label_problem
from visionflow.models.manifest import Manifest
from visionflow.models.ref import ModelRef
from visionflow.predictions import store
from visionflow.predictions.record import Failure, Feedback, ImageRef, Prediction
from visionflow.predictions.store import LogQuery, PredictionStore
from visionflow.timestamps import new_id, timestamp

START = datetime(2030, 1, 1, tzinfo=UTC)


def record(
    index: int, label: str | None = "red", source: str = "s3", version: str = "1"
) -> Prediction:
    at = START + timedelta(minutes=index)
    failed = label is None
    return Prediction(
        id=new_id(at),
        source=source,  # type: ignore[arg-type]
        status="failed" if failed else "ok",
        label=label,
        confidence=None if failed else 0.9,
        top_k=(),
        model=None if failed else ModelRef("tiny", version),
        image=ImageRef("images", f"uploads/{index}.jpg", None, None, None, None, None),
        thumbnail_key=None,
        timings={"decode": 1.5},
        created_at=timestamp(at),
        error=Failure("image_empty", "Zero bytes.") if failed else None,
        expires_at=int(at.timestamp()) + 86_400,
    )


def fill(cloud: Cloud, records: list[Prediction]) -> list[str]:
    """Write the records and return their ids, newest first."""
    store = PredictionStore("predictions", cloud.dynamodb)
    assert all(store.add(item) for item in records)
    return [item.id for item in reversed(records)]


def walk(cloud: Cloud, **query: Any) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = cloud.call("GET", "/logs", query | cursor).body
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def test_a_page_of_the_longest_records_stays_under_a_megabyte(cloud: Cloud) -> None:
    """Labels of 120 characters, as long in UTF-8 as they can be, with parents of the same kind."""

    def longest(index: int) -> str:
        return f"{index:03}" + "각" * 67 + "é" * 25 + "x" * 1

    scores = tuple(Score(longest(index), 0.123456789012345678) for index in range(MAX_TOP_K))
    assert len(scores[0].label.encode()) == 255
    assert label_problem(scores[0].label) is None
    parents = tuple(longest(100 + index) for index in range(4))
    made = [
        dataclasses.replace(
            record(index, scores[0].label),
            top_k=scores,
            parents=parents,
            thumbnail_key=f"thumbnails/{index}.jpg",
            feedback=Feedback(longest(200), timestamp(START), "x" * 60, parents=parents),
        )
        for index in range(100)
    ]
    ids = fill(cloud, made)
    page = cloud.call("GET", "/logs", {"limit": 100}).body
    # On AWS each URL has a session's token of about 1,300 characters.
    size = len(json.dumps(page, ensure_ascii=False).encode()) + 1_500 * len(page["items"])
    assert 500_000 < size < 1_000_000
    assert walk(cloud, limit=100) == ids


def test_the_history_is_newest_first_and_pages_meet_without_a_seam(cloud: Cloud) -> None:
    ids = fill(cloud, [record(i) for i in range(57)])
    assert walk(cloud, limit=10) == ids
    assert [item["id"] for item in cloud.logs()] == ids[:20]


@pytest.mark.parametrize("count", [0, 1, 10])
def test_a_full_last_page_ends_the_history(cloud: Cloud, count: int) -> None:
    ids = fill(cloud, [record(i) for i in range(count)])
    assert walk(cloud, limit=10) == ids


def test_paging_while_rows_arrive(cloud: Cloud) -> None:
    """Ten pages; the end-to-end tests go through a thousand rows."""
    ids = fill(cloud, [record(i) for i in range(100)])
    found: list[str] = []
    cursor: dict[str, Any] = {}
    arriving = 100
    while True:
        page = cloud.call("GET", "/logs", {"limit": 10} | cursor).body
        found += [item["id"] for item in page["items"]]
        fill(cloud, [record(arriving + i) for i in range(7)])
        arriving += 7
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == ids


def test_filters_alone_and_together(cloud: Cloud) -> None:
    records = [
        record(0, "red"),
        record(1, "blue", source="api"),
        record(2, "red", version="2"),
        record(3, None),
        record(4, "red", source="api"),
    ]
    fill(cloud, records)

    def indexes(**query: Any) -> list[int]:
        order = [item.id for item in records]
        return [order.index(found) for found in walk(cloud, **query)]

    assert indexes(label="red") == [4, 2, 0]
    assert indexes(status="failed") == [3]
    assert indexes(status="ok") == [4, 2, 1, 0]
    assert indexes(source="api") == [4, 1]
    assert indexes(model="tiny/2") == [2]
    assert indexes(label="red", source="api") == [4]
    assert indexes(label="red", status="failed") == []
    assert indexes(label="red", model="tiny/1", limit=1) == [4, 0]
    assert indexes(**{"from": "2030-01-01T00:01:00Z", "to": "2030-01-01T00:03:00Z"}) == [3, 2, 1]
    assert indexes(**{"from": "2030-01-01T09:04:00+09:00"}) == [4]
    assert indexes(**{"from": "2031-01-01T00:00:00Z"}) == []


def test_two_models_with_the_same_version_are_listed_apart(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [
        dataclasses.replace(record(index), model=ModelRef(("tiny", "other")[index % 2], "1"))
        for index in range(24)
    ]
    fill(cloud, made)
    for rows_read in (store.MAX_ROWS_READ, 3):
        monkeypatch.setattr(store, "MAX_ROWS_READ", rows_read)
        for name in ("tiny", "other"):
            own = [one.id for one in reversed(made) if one.model == ModelRef(name, "1")]
            assert walk(cloud, model=f"{name}/1", limit=5) == own
    assert walk(cloud, model="third/1") == []


def test_a_rare_match_ends_the_page_early_and_the_cursor_goes_on(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call reads a bounded number of rows, however few of them match."""
    assert store.MAX_ROWS_READ <= 1_000
    monkeypatch.setattr(store, "MAX_ROWS_READ", 50)
    rare = record(0, source="api")
    fill(cloud, [rare, *(record(i) for i in range(1, 60))])
    first = cloud.call("GET", "/logs", {"source": "api"}).body
    assert first["items"] == []
    assert first["next_cursor"] is not None
    assert walk(cloud, source="api") == [rare.id]


def test_no_route_takes_a_parameter_that_it_does_not_know(cloud: Cloud) -> None:
    """A misspelt one would look like an answer."""
    for route in ROUTES:
        path = re.sub(r"{\w+}", "1", route.path)
        body = b'{"percent": 5}' if path.endswith("/canary") else b"{}"
        answer = cloud.call(route.method, path, {"lable": "cat"}, body)
        assert (answer.status, answer.body["code"]) == (400, "invalid_parameter"), route
        assert "'lable'" in answer.body["detail"], route


def test_no_read_scans(cloud: Cloud) -> None:
    operations: list[str] = []
    fill(cloud, [record(i) for i in range(5)])

    def note(model: Any, **_: Any) -> None:
        operations.append(model.name)

    resources().dynamodb.meta.events.register("before-call.dynamodb", note)
    walk(cloud, limit=2)
    walk(cloud, label="red")
    # A label may be a parent in what serves, so its row is read; and each request is counted.
    assert set(operations) == {"Query", "GetItem", "UpdateItem"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 0}, "invalid_parameter"),
        ({"limit": 101}, "invalid_parameter"),
        ({"limit": "ten"}, "invalid_parameter"),
        ({"status": "great"}, "invalid_parameter"),
        ({"source": "ftp"}, "invalid_parameter"),
        ({"from": "yesterday"}, "invalid_parameter"),
        ({"to": "2030-01-01T00:00:00"}, "invalid_parameter"),
        ({"from": "0001-01-01T00:00:00+23:00"}, "invalid_parameter"),
        ({"lable": "red"}, "invalid_parameter"),
        ({"label": ""}, "invalid_parameter"),
        ({"label": "x" * 3000}, "invalid_parameter"),
        ({"model": "x" * 3000}, "invalid_parameter"),
        ({"model": "1"}, "invalid_parameter"),
        ({"model": "tiny/1/2"}, "invalid_parameter"),
        ({"model_version": "1"}, "invalid_parameter"),
        (
            {"from": "2030-01-02T00:00:00Z", "to": "2030-01-01T00:00:00Z"},
            "invalid_parameter",
        ),
        ({"cursor": "nonsense"}, "invalid_cursor"),
        ({"cursor": base64.b64encode(b"[" * 990).decode()}, "invalid_cursor"),
        ({"cursor": "고양이"}, "invalid_cursor"),
        ({"cursor": ""}, "invalid_cursor"),
        ({"cursor": "WyJ4IiwieSJd"}, "invalid_cursor"),
        ({"cursor": "bnVsbA"}, "invalid_cursor"),
        ({"cursor": "WzEsMl0"}, "invalid_cursor"),
    ],
)
def test_a_bad_query_is_a_problem(cloud: Cloud, query: dict[str, Any], code: str) -> None:
    answer = cloud.call("GET", "/logs", query)
    assert (answer.status, answer.body["code"]) == (400, code)


def test_a_cursor_of_another_query_is_refused(cloud: Cloud) -> None:
    fill(cloud, [record(i) for i in range(5)])
    cursor = cloud.call("GET", "/logs", {"limit": 2}).body["next_cursor"]
    answer = cloud.call("GET", "/logs", {"cursor": cursor, "label": "red"})
    assert answer.body["code"] == "invalid_cursor"


def test_a_cursor_from_outside_the_time_range_is_refused(cloud: Cloud) -> None:
    query = LogQuery(since="2030-01-01T00:00:00.000000Z")
    position = "2029-01-01T00:00:00.000000Z#x"
    forged = base64.b64encode(f"{position} {query.fingerprint()}".encode()).decode()
    answer = cloud.call("GET", "/logs", {"from": "2030-01-01T00:00:00Z", "cursor": forged})
    assert (answer.status, answer.body["code"]) == (400, "invalid_cursor")


def test_a_record_of_a_newer_version_is_read_without_what_it_added(cloud: Cloud) -> None:
    (prediction_id,) = fill(cloud, [record(0)])
    cloud.dynamodb.update_item(
        TableName="predictions",
        Key={"id": {"S": prediction_id}},
        UpdateExpression="SET added_later = :value",
        ExpressionAttributeValues={":value": {"S": "x"}},
    )
    assert cloud.call("GET", f"/predictions/{prediction_id}").status == 200


def test_one_prediction_comes_with_urls_that_open_its_images(cloud: Cloud) -> None:
    prediction = cloud.predict(encode(plain())).body
    cloud.call("GET", "/thumbnails", {"predictions": prediction["id"]})
    detail = cloud.call("GET", f"/predictions/{prediction['id']}").body
    for field, key in (
        ("image_url", prediction["image"]["key"]),
        ("thumbnail_url", detail["thumbnail_key"]),
    ):
        url = urlparse(detail[field])
        assert url.path.endswith(key)
        assert parse_qs(url.query)["X-Amz-Expires"] == ["900"]


@pytest.mark.parametrize(
    "prediction_id", ["nothing", "s3-x", "고양이", "a%2Fb", "x" * 2100, '"x', "\0"]
)
def test_an_unknown_id_is_404(cloud: Cloud, prediction_id: str) -> None:
    answer = cloud.call("GET", f"/predictions/{prediction_id}")
    assert answer.status == 404
    assert answer.body["code"] in ("prediction_not_found", "route_not_found")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "route_not_found"),
        ("GET", "/nowhere", 404, "route_not_found"),
        ("DELETE", "/logs", 405, "method_not_allowed"),
        ("GET", "/predict", 405, "method_not_allowed"),
        ("PUT", "/predictions/1", 405, "method_not_allowed"),
    ],
)
def test_an_unknown_route_is_a_problem(
    cloud: Cloud, method: str, path: str, status: int, code: str
) -> None:
    answer = cloud.call(method, path)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert answer.allow == {"/predict": "POST", "/predictions/1": "GET, DELETE, HEAD"}.get(
        path, "GET, HEAD" if status == 405 else None
    )


def test_the_status_names_the_model_and_its_labels(cloud: Cloud) -> None:
    answer = cloud.call("GET", "/status")
    assert answer.status == 200
    assert answer.body["model"] == {"name": "tiny", "version": "1"}
    assert answer.body["labels"] == ["red", "green", "blue"]
    assert answer.body["uptime_s"] >= 0


def test_a_stranger_learns_whether_the_service_works_and_nothing_else(cloud: Cloud) -> None:
    answer = cloud.call("GET", "/health")
    assert (answer.status, answer.body) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "public, max-age=10"


def test_a_flood_of_health_checks_reads_nothing(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cloud.call("GET", "/health").status == 200
    calls: list[str] = []
    monkeypatch.setattr(
        BaseClient, "_make_api_call", lambda _, operation, __: calls.append(operation)
    )
    assert {cloud.call("GET", "/health").status for _ in range(20)} == {200}
    assert calls == []


@pytest.mark.parametrize("missing", [None, "manifest.json", "model.onnx"])
def test_the_status_is_503_with_the_reason(
    empty_cloud: Cloud, tiny_artifact: tuple[Path, Manifest], missing: str | None
) -> None:
    if missing:
        empty_cloud.publish(tiny_artifact[0])
        empty_cloud.s3.delete_object(Bucket="models", Key=f"models/tiny/1/{missing}")
    assert empty_cloud.call("GET", "/health").status == 503
    answer = empty_cloud.call("GET", "/status")
    assert answer.status == 503
    assert answer.body["status"] == "unavailable"
    assert (missing or "promoted") in answer.body["reason"]


def test_each_route_is_answered_and_described() -> None:
    from lambdas.api.handler import app as api  # noqa: PLC0415
    from lambdas.predict.handler import app as predict  # noqa: PLC0415

    def shape(path: str) -> str:
        """Whatever the parameters are called."""
        return re.sub(r"<\w+>|\{\w+\}", "{}", path)

    of_api = {(route.method, route.path) for route in [*api._static_routes, *api._dynamic_routes]}
    for routes, function in ((of_api, "api"), (predict.routes, "predict")):
        registered = {(method, shape(path)) for method, path in routes}
        assert registered == {(r.method, shape(r.path)) for r in ROUTES if r.function == function}
    assert set(OPERATIONS) == {(route.method, route.path) for route in ROUTES}


def test_answers_are_what_the_description_says(cloud: Cloud) -> None:
    description = document()
    prediction = cloud.predict(encode(plain()), explain="true")
    answers = {
        "PredictAnswer": prediction.body,
        "LogPage": cloud.call("GET", "/logs").body,
        "PredictionDetail": cloud.call("GET", f"/predictions/{prediction.body['id']}").body,
        "Health": cloud.call("GET", "/health").body,
        "ServiceStatus": cloud.call("GET", "/status").body,
        "Problem": cloud.call("GET", "/nowhere").body,
    }
    for name, body in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": description["components"]}
        jsonschema.Draft202012Validator(schema).validate(body)
        properties = description["components"]["schemas"][name]["properties"]
        assert set(body) == set(properties)
    assert cloud.call("GET", "/openapi.json").body == description


def test_a_promotion_is_followed_and_a_broken_one_refused(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr("lambdas.classification.active_model.REFRESH_S", 0)
    image = encode(plain())
    assert cloud.predict(image).body["model"]["version"] == "1"
    write_tiny_artifact(tmp_path / "second", version="2")
    cloud.publish(tmp_path / "second")
    assert cloud.predict(image).body["model"]["version"] == "2"
    write_tiny_artifact(tmp_path / "third", version="3")
    cloud.publish(tmp_path / "third")
    cloud.s3.delete_object(Bucket="models", Key="models/tiny/3/model.onnx")
    assert cloud.predict(image).body["model"]["version"] == "2"


def test_a_version_is_published_once(
    cloud: Cloud, tiny_artifact: tuple[Path, Manifest], tmp_path: Path
) -> None:
    cloud.publish(tiny_artifact[0])  # the same again changes nothing
    write_tiny_artifact(tmp_path / "other", unknown_threshold=0.1)
    with pytest.raises(ArtifactError, match="published with other content"):
        cloud.publish(tmp_path / "other")
    assert cloud.predict(encode(plain())).status == 200


def test_a_manifest_in_the_wrong_place_is_refused(
    empty_cloud: Cloud, tiny_artifact: tuple[Path, Manifest]
) -> None:
    empty_cloud.publish(tiny_artifact[0])
    manifest = (tiny_artifact[0] / "manifest.json").read_bytes()
    empty_cloud.s3.put_object(Bucket="models", Key="models/tiny/2/manifest.json", Body=manifest)
    with pytest.raises(ArtifactError, match="tiny 2 is that of tiny 1"):
        empty_cloud.models.manifest(ModelRef("tiny", "2"))


def test_a_damaged_file_in_the_cache_is_fetched_again(cloud: Cloud, tmp_path: Path) -> None:
    import lambdas.predict.handler  # noqa: PLC0415

    image = encode(plain())
    cloud.predict(image)
    (cached,) = (tmp_path / "models").rglob("model.onnx")
    cached.write_bytes(b"half a fi")
    lambdas.predict.handler.service.cache_clear()
    assert cloud.predict(image).status == 200
    shutil.rmtree(tmp_path / "models")
