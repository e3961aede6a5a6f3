"""What devices answered: recorded once, with the image or without, counted, compared and erased."""

import json
from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from lambdas.api.resources import resources
from lambdas.predict.idempotency import HEADER
from lambdas.telemetry.measurements import RECORDED
from tests.images import encode, plain
from tests.integration.conftest import Answer, Cloud
from tests.integration.test_costs import SETTINGS
from tests.integration.test_erasure import erase, kept, objects, sums
from tests.integration.test_feedback import say
from tests.integration.test_owners import ADMIN, ANN, BOB
from tests.tiny_model import write_tiny_artifact
from training.data.sources.collect import collect
from visionflow.access.caller import Caller
from visionflow.access.quotas import Amounts, Quotas
from visionflow.access.usage import UsageSettings

RED, BLUE = encode(plain("red")), encode(plain("blue"))
MADE = "2020-01-31T12:00:00+09:00"
CALM = {"label": "red", "confidence": 0.9}


def said(device_id: str, **changes: Any) -> dict[str, Any]:
    """What a device answers to an image in red."""
    best = {"label": changes.get("label", "red"), "confidence": changes.get("confidence", 0.9)}
    return {
        **{"device_id": device_id, "origin": "browser", "made_at": MADE, "model": "tiny/1"},
        **{"status": "ok", "label": "red", "confidence": 0.9, "top_k": [best]},
        **{"unknown_reason": None, "familiarity": None},
        **changes,
    }


def sent(device_id: str, **changes: Any) -> dict[str, Any]:
    """The same of an image that stays on the device."""
    seen = {"filename": "cat.jpg", "width": 4, "height": 3, "milliseconds": 20.5}
    return said(device_id, **{**seen, **changes})


def post(cloud: Cloud, *records: Any, caller: Caller | None = ANN) -> Answer:
    body = json.dumps({"records": records}).encode()
    return cloud.call("POST", "/predictions", {}, body, "application/json", caller=caller)


def outcomes(answer: Answer) -> list[tuple[str, str | None]]:
    assert answer.status == 200, answer.body
    return [(it["outcome"], it["error"] and it["error"]["code"]) for it in answer.body["items"]]


def predict(
    cloud: Cloud,
    image: bytes,
    device: Any,
    caller: Caller = ANN,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Answer:
    body = {"image": b64encode(image).decode(), "filename": "cat.jpg", "device": device}
    data = json.dumps(body).encode()
    return cloud.call(
        "POST", "/predict", {}, data, "application/json", headers=headers, caller=caller
    )


def stats(cloud: Cloud) -> Any:
    cloud.count(cloud.stream())
    return cloud.call("GET", "/stats").body


def test_a_device_s_answer_is_recorded_once_without_its_image(cloud: Cloud) -> None:
    answer = post(cloud, sent("a"), sent("b", origin="edge"))
    assert outcomes(answer) == [("recorded", None)] * 2
    assert [item["device_id"] for item in answer.body["items"]] == ["a", "b"]
    assert outcomes(post(cloud, sent("b", origin="edge"), sent("c"), sent("a"))) == [
        ("known", None),
        ("recorded", None),
        ("known", None),
    ]
    assert len(cloud.logs()) == 3
    found = cloud.call("GET", f"/predictions/{answer.body['items'][0]['id']}").body
    assert found["image"] == {
        **{"bucket": None, "key": None, "version_id": None, "bytes": None, "sha256": None},
        **{"width": 4, "height": 3},
    }
    assert (found["origin"], found["made_at"]) == ("browser", "2020-01-31T03:00:00.000000Z")
    assert (found["owner"], found["source"], found["filename"]) == (ANN.id, "api", "cat.jpg")
    assert found["timings"] == {"device": 20.5}
    assert found["device"] is found["image_url"] is found["thumbnail_url"] is None
    assert objects(cloud) == set()


def test_only_what_is_new_leaves_a_line_of_its_record(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = sent("b", label="cat")
    for _ in range(2):
        post(cloud, sent("a"), wrong)
    (line,) = (found for found in caplog.records if found.message == RECORDED)
    said = vars(line)
    assert (said["status"], said["origin"], said["model"]) == ("ok", "browser", "tiny/1")
    assert said["timings"] == {"device": 20.5}


def test_devices_of_others_have_ids_of_their_own(cloud: Cloud) -> None:
    ids = {post(cloud, sent("a"), caller=who).body["items"][0]["id"] for who in (ANN, BOB, ANN)}
    assert len(ids) == len(cloud.logs()) == 2


def test_many_at_once_record_it_once(cloud: Cloud) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: post(cloud, sent("a"), sent("a")), range(4)))
    found = sorted(outcome for answer in answers for outcome, _ in outcomes(answer))
    assert found == ["known"] * 7 + ["recorded"]


def test_what_people_say_later_changes_nothing_about_a_repeat(cloud: Cloud) -> None:
    (item,) = post(cloud, sent("a")).body["items"]
    body = json.dumps({"label": "blue"}).encode()
    path = f"/predictions/{item['id']}/feedback"
    assert cloud.call("POST", path, None, body, "application/json", caller=ANN).status == 200
    assert outcomes(post(cloud, sent("a"))) == [("known", None)]


def test_a_repeated_id_with_other_content_is_a_conflict(cloud: Cloud) -> None:
    changes: list[dict[str, Any]] = [
        {"label": "blue"},
        {"origin": "edge"},
        {"made_at": "2020-01-31T12:00:01+09:00"},
        {"filename": None},
        {"milliseconds": 20.6},
    ]
    post(cloud, sent("a"))
    answer = post(cloud, *(sent("a", **other) for other in changes), sent("b"))
    conflict = ("refused", "idempotency_conflict")
    assert outcomes(answer) == [conflict] * len(changes) + [("recorded", None)]
    assert len(cloud.logs()) == 2


LATER = (datetime.now(UTC) + timedelta(days=400)).isoformat()
TWO = [{"label": "red", "confidence": 0.4}, {"label": "blue", "confidence": 0.5}]
BAD: list[tuple[dict[str, Any], str]] = [
    ({"device_id": "a b"}, "invalid_parameter"),
    ({"device_id": ""}, "invalid_parameter"),
    ({"device_id": 7}, "invalid_body"),
    ({"origin": "cloud"}, "invalid_body"),
    ({"made_at": LATER}, "invalid_parameter"),
    ({"made_at": "2020-01-31T12:00:00"}, "invalid_parameter"),
    ({"made_at": "yesterday"}, "invalid_parameter"),
    ({"model": "tiny"}, "invalid_parameter"),
    ({"model": "tiny/9"}, "model_not_found"),
    ({"status": "failed"}, "invalid_body"),
    ({"label": "cat"}, "invalid_parameter"),
    ({"label": "\u200b"}, "invalid_parameter"),
    ({"confidence": 1.5}, "invalid_parameter"),
    ({"confidence": -0.1}, "invalid_parameter"),
    ({"confidence": 0.3}, "invalid_parameter"),
    ({"confidence": 0.8, "top_k": [CALM]}, "invalid_parameter"),
    ({"label": "blue", "top_k": [CALM]}, "invalid_parameter"),
    ({"top_k": []}, "invalid_parameter"),
    ({"top_k": TWO}, "invalid_parameter"),
    ({"top_k": [CALM, CALM]}, "invalid_parameter"),
    ({"top_k": [CALM, {"label": "blue", "confidence": 0.2}]}, "invalid_parameter"),
    ({"top_k": [CALM, {"label": "cat", "confidence": 0.1}]}, "invalid_parameter"),
    ({"top_k": [CALM] * 21}, "invalid_parameter"),
    ({"unknown_reason": "unsure"}, "invalid_parameter"),
    ({"status": "unknown"}, "invalid_parameter"),
    ({"status": "unknown", "unknown_reason": "unsure"}, "invalid_parameter"),
    ({"status": "unknown", "unknown_reason": "unfamiliar"}, "invalid_parameter"),
    ({"width": 0}, "invalid_parameter"),
    ({"height": 2.5}, "invalid_body"),
    ({"milliseconds": -1}, "invalid_parameter"),
    ({"extra": 1}, "invalid_body"),
    # Numbers that no row holds.
    ({"top_k": [CALM, {"label": "blue", "confidence": 1e-200}]}, "invalid_parameter"),
    ({"familiarity": 1e300}, "invalid_parameter"),
    ({"familiarity": -1e-200}, "invalid_parameter"),
    ({"milliseconds": 1e-200}, "invalid_parameter"),
]


def test_a_bad_record_takes_no_other_with_it(cloud: Cloud) -> None:
    for start in range(0, len(BAD), 20):
        some = BAD[start : start + 20]
        wrong = [sent(f"bad-{start + i}") | changes for i, (changes, _) in enumerate(some)]
        missing = sent("missing")
        del missing["width"]
        answer = post(cloud, sent(f"a-{start}"), *wrong, missing, sent(f"b-{start}"))
        found = outcomes(answer)
        assert found[0] == found[-1] == ("recorded", None)
        assert found[-2] == ("refused", "missing_field")
        for outcome, (changes, code) in zip(found[1:-2], some, strict=True):
            assert outcome == ("refused", code), changes
    assert len(cloud.logs()) == 2 * len(range(0, len(BAD), 20))


def test_what_a_version_can_answer_is_taken(cloud: Cloud, tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "next", version="2", familiar=True, nested=True)
    cloud.publish(tmp_path / "next")
    both = [{"label": "red", "confidence": 0.45}, {"label": "green", "confidence": 0.4}]
    warm = sent("warm", model="tiny/2", label="warm", confidence=0.85, top_k=both, familiarity=0.9)
    unsure = sent("unsure", confidence=0.4, status="unknown", unknown_reason="unsure")
    strange = {"status": "unknown", "unknown_reason": "unfamiliar", "familiarity": 0.1}
    odd = sent("odd", model="tiny/2", **strange)
    blurred = sent("blurred", model="tiny/2", **strange | {"familiarity": 0.9})
    close = sent("close", confidence=0.5, top_k=[{"label": "red", "confidence": 0.4999}])
    answer = post(cloud, warm, unsure, odd, blurred, close)
    assert outcomes(answer) == [("recorded", None)] * 5
    parents = {item["label"]: item["parents"] for item in cloud.logs(model="tiny/2")}
    assert parents == {"warm": [], "red": ["warm"]}
    familiar = sent("no", model="tiny/2", familiarity=0.1)
    less = sent("less", model="tiny/2", label="warm", confidence=0.6, top_k=both)
    assert outcomes(post(cloud, familiar, less)) == [("refused", "invalid_parameter")] * 2


def test_a_call_has_one_to_twenty_five_records(cloud: Cloud) -> None:
    wrong: list[Any] = [[], [sent(str(i)) for i in range(26)], [1], {}]
    for records in wrong:
        body = json.dumps({"records": records}).encode()
        answer = cloud.call("POST", "/predictions", {}, body, "application/json", caller=ANN)
        assert answer.status == 400, records
    assert cloud.logs() == []


def test_a_call_is_one_request_and_as_many_images(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = UsageSettings.of("usage", Quotas(10**6, Amounts(9, 3, 10**6), Amounts(9, 3, 10**6)))
    for name, value in few.to_env().items():
        monkeypatch.setenv(name, value)
    assert outcomes(post(cloud, sent("a"), sent("b"))) == [("recorded", None)] * 2
    answer = post(cloud, sent("c"), sent("d"))
    assert (answer.status, answer.body["code"]) == (429, "quota_exceeded")
    assert len(cloud.logs()) == 2


def test_it_needs_the_scope_to_classify(cloud: Cloud) -> None:
    assert post(cloud, sent("a"), caller=Caller("key:a", "a", frozenset({"read"}))).status == 403
    rows = cloud.dynamodb.scan(TableName="audit")["Items"]
    assert rows == []


def test_an_image_with_the_device_s_answer_has_the_cloud_s_answer(cloud: Cloud) -> None:
    first = predict(cloud, RED, said("a", confidence=0.95))
    assert first.status == 200, first.body
    assert (first.body["label"], first.body["origin"]) == ("red", "browser")
    assert first.body["made_at"] == "2020-01-31T03:00:00.000000Z"
    assert first.body["device"] == {
        **{"status": "ok", "label": "red", "confidence": 0.95, "unknown_reason": None},
        **{"best": "red", "best_confidence": 0.95, "model": {"name": "tiny", "version": "1"}},
    }
    assert first.body["image"]["key"] is not None
    again = predict(cloud, RED, said("a", confidence=0.95), headers={HEADER.lower(): "a"})
    assert again == first
    (record,) = cloud.logs()
    assert record["id"] == first.body["id"]
    # By either road one id is one record.
    assert outcomes(post(cloud, sent("a", confidence=0.95))) == [("known", None)]
    assert outcomes(post(cloud, sent("a"))) == [("refused", "idempotency_conflict")]
    assert len(cloud.logs()) == 1


def test_the_form_carries_it_too(cloud: Cloud) -> None:
    text = json.dumps(said("a")).encode()
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    image = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    form = part % (b"device", text) + image + RED + b"\r\n--x--\r\n"
    kind = "multipart/form-data; boundary=x"
    answer = cloud.call("POST", "/predict", {}, form, kind, caller=ANN)
    assert (answer.status, answer.body["origin"]) == (200, "browser"), answer.body
    twice = part % (b"device", text) + form
    assert cloud.call("POST", "/predict", {}, twice, kind, caller=ANN).status == 400
    none = part % (b"device", b"\xff") + image + RED + b"\r\n--x--\r\n"
    assert cloud.call("POST", "/predict", {}, none, kind, caller=ANN).status == 400


def test_a_device_s_answer_that_cannot_be_is_refused(cloud: Cloud) -> None:
    wrong: list[tuple[Any, str]] = [
        (said("a", label="cat"), "invalid_parameter"),
        (said("a", confidence=0.2), "invalid_parameter"),
        (said("a", made_at=LATER), "invalid_parameter"),
        (said("a") | {"width": 1}, "invalid_body"),
        ({"device_id": "a"}, "missing_field"),
        ("no JSON", "invalid_body"),
        ([], "invalid_body"),
        (7, "invalid_body"),
    ]
    for device, code in wrong:
        answer = predict(cloud, RED, device)
        assert (answer.status, answer.body["code"]) == (400, code), answer.body
    assert (cloud.logs(), objects(cloud)) == ([], set())


def test_the_key_is_the_device_s_id(cloud: Cloud) -> None:
    answer = predict(cloud, RED, said("a"), headers={HEADER.lower(): "b"})
    assert (answer.status, answer.body["code"]) == (400, "invalid_parameter")


def test_another_image_or_answer_under_the_id_is_a_conflict(cloud: Cloud) -> None:
    predict(cloud, RED, said("a"))
    for image, device in ((BLUE, said("a")), (RED, said("a", label="blue"))):
        answer = predict(cloud, image, device)
        assert (answer.status, answer.body["code"]) == (409, "idempotency_conflict")


def test_an_image_does_not_come_after_its_record(cloud: Cloud) -> None:
    post(cloud, sent("a"))
    answer = predict(cloud, RED, said("a"))
    assert (answer.status, answer.body["code"]) == (409, "idempotency_conflict")
    assert "without its image" in answer.body["detail"]
    assert objects(cloud) == set()


def test_origins_and_agreement_are_counted_once_and_taken_back(cloud: Cloud) -> None:
    cloud.predict(RED)
    post(cloud, sent("a"), sent("b", origin="edge"))
    red = predict(cloud, RED, said("c", confidence=0.9)).body
    blue = predict(cloud, BLUE, said("d")).body
    other = predict(cloud, RED, said("e", origin="edge", model="tiny/0")).body
    assert (blue["label"], blue["device"]["best"]) == ("blue", "red")
    found = stats(cloud)
    assert found["by_origin"] == {"cloud": 1, "browser": 3, "edge": 2}
    assert found["total"] == 6
    gap = abs(red["top_k"][0]["confidence"] - 0.9)
    agreement = found["agreement"]["tiny/1"]
    assert (agreement["compared"], agreement["agreed"]) == (2, 1)
    assert agreement["confidence_gap"] == pytest.approx(gap, abs=1e-5)
    assert 0 < agreement["low"] < 0.5 < agreement["high"] < 1
    (day,) = cloud.call("GET", "/stats/daily").body["days"]
    assert day["agreement"] == agreement
    assert (day["ok"], day["browser"], day["edge"]) == (6, 3, 2)
    assert stats(cloud) == found  # the stream delivers everything again
    for gone in (red, blue, other):
        assert erase(cloud, gone["id"]).status == 200
    left = stats(cloud)
    assert (left["by_origin"], left["agreement"]) == (
        {"cloud": 1, "browser": 1, "edge": 1},
        {},
    )


def test_a_device_s_record_costs_and_measures_nothing_of_a_function(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SETTINGS.to_env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "ap-northeast-2")
    cloud.predict(RED)
    before = stats(cloud)["total"]
    costs = cloud.call("GET", "/costs").body
    post(cloud, sent("a"), sent("b"))
    assert stats(cloud)["total"] == before + 2
    after = cloud.call("GET", "/costs").body
    for name in ("today", "predictions_today", "per_1000"):
        assert after[name] == costs[name], name
    assert after["period"]["predictions"] == costs["period"]["predictions"]
    (day,) = cloud.call("GET", "/stats/daily").body["days"]
    assert (day["ok"], day["latency"]["n"]) == (3, 1)


def test_an_erased_record_stays_erased_and_leaves_nothing(cloud: Cloud) -> None:
    before = sums(cloud)
    (item,) = post(cloud, sent("a")).body["items"]
    cloud.count(cloud.stream())
    assert erase(cloud, item["id"], BOB).status == 403
    assert erase(cloud, item["id"], ANN).status == 200
    assert (sums(cloud), kept(cloud, item["id"])) == (before, [])
    assert outcomes(post(cloud, sent("a"))) == [("refused", "idempotency_conflict")]
    answer = predict(cloud, RED, said("a"))
    assert (answer.status, answer.body["code"]) == (409, "idempotency_conflict")
    assert cloud.logs() == []


def test_the_history_lists_by_origin(cloud: Cloud) -> None:
    cloud.predict(RED)
    post(cloud, *(sent(str(i), origin="edge" if i % 2 else "browser") for i in range(7)))
    assert len(cloud.logs(origin="cloud")) == 1
    assert len(cloud.logs(origin="edge")) == 3
    assert len(cloud.logs(origin="edge", label="red", status="ok", model="tiny/1")) == 3
    assert cloud.logs(origin="edge", label="blue") == []
    first = cloud.call("GET", "/logs", {"origin": "browser", "limit": 3}).body
    rest = cloud.call(
        "GET", "/logs", {"origin": "browser", "limit": 3, "cursor": first["next_cursor"]}
    ).body
    found = [*first["items"], *rest["items"]]
    assert [item["origin"] for item in found] == ["browser"] * 4
    assert len({item["id"] for item in found}) == 4
    wrong = {"origin": "edge", "cursor": first["next_cursor"]}
    assert cloud.call("GET", "/logs", wrong).body["code"] == "invalid_cursor"
    assert cloud.call("GET", "/logs", {"origin": "mars"}).status == 400


def test_whatever_needs_the_image_says_that_it_never_came(cloud: Cloud) -> None:
    unsure = sent("a", confidence=0.4, status="unknown", unknown_reason="unsure")
    (item,) = post(cloud, unsure).body["items"]
    path = f"/predictions/{item['id']}"
    answer = cloud.call("GET", f"{path}/explanation", caller=ANN)
    assert (answer.status, answer.body["code"]) == (404, "image_never_sent")
    thumbnails = cloud.call("GET", "/thumbnails", {"predictions": item["id"]}, caller=ANN).body
    assert thumbnails == {"items": {item["id"]: None}, "later": []}
    assert cloud.call("GET", "/uncertain").body["items"] == []
    create = json.dumps({"name": "things", "classes": ["red"]}).encode()
    assert cloud.call("POST", "/datasets", None, create, "application/json").status == 201
    ids = json.dumps({"ids": [item["id"]]}).encode()
    taken = cloud.call("POST", "/datasets/things/predictions", None, ids, "application/json").body
    assert taken == {"added": 0, "known": 0, "missing": [item["id"]]}


def test_a_label_without_its_image_is_not_collected(cloud: Cloud, tmp_path: Path) -> None:
    kept = post(cloud, sent("a")).body["items"][0]["id"]
    came = predict(cloud, RED, said("b")).body["id"]
    for one in (kept, came):
        say(cloud, one, {"label": "red"})
    found = resources()
    *_, done = collect(found.reviews, found.images, tmp_path / "collected")
    assert (done.added, done.gone) == (1, 1)
    assert [path.stem for path in (tmp_path / "collected").glob("red/*")] == [came]


def test_the_shadow_is_not_called_for_what_it_cannot_see(cloud: Cloud, tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "next", version="2", turned=True)
    cloud.publish(tmp_path / "next", promote=False)
    body = json.dumps({"reason": "try"}).encode()
    path = "/models/tiny/2/shadow"
    assert cloud.call("POST", path, None, body, "application/json", caller=ADMIN).status == 200
    post(cloud, sent("a"))
    seen = predict(cloud, RED, said("b")).body["id"]
    cloud.count(cloud.stream())
    assert [call["prediction_ids"] for call in cloud.shadow.events] == [[seen]]
