"""Versions, aliases and their history, through the API and the registry."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lambdas.classification.active_model import REFRESH_S
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.tiny_model import write_tiny_artifact
from visionflow.access.caller import Caller
from visionflow.access.roles import scopes_of
from visionflow.errors import ModelNotFoundError
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Order

IMAGE = encode(plain())


@pytest.fixture
def versions(cloud: Cloud, tmp_path: Path) -> Cloud:
    """Version 1 in production, 2 and 3 published."""
    for version in ("2", "3"):
        write_tiny_artifact(tmp_path / version, version)
        cloud.publish(tmp_path / version, promote=False)
    return cloud


def post(cloud: Cloud, path: str, body: Any = None, **options: Any) -> Any:
    data = None if body is None else json.dumps(body).encode()
    return cloud.call("POST", path, body=data, content_type="application/json", **options)


def production(cloud: Cloud) -> str:
    version: str = cloud.call("GET", "/models").body["aliases"]["production"]["version"]
    return version


def test_versions_are_listed_with_their_aliases(versions: Cloud) -> None:
    answer = versions.call("GET", "/models").body
    entries = {item["version"]: item for item in answer["items"]}
    assert set(entries) == {"1", "2", "3"}
    assert entries["1"]["aliases"] == ["production"]
    assert entries["2"]["aliases"] == []
    assert entries["1"]["labels"] == 3
    assert entries["1"]["gate_passed"]
    assert entries["1"]["retired"] is None
    none = {"canary": None, "shadow": None}
    assert answer["aliases"] == {"production": {"name": "tiny", "version": "1"}, **none}


def test_a_version_is_shown_with_its_manifest(versions: Cloud) -> None:
    answer = versions.call("GET", "/models/tiny/2").body
    assert answer["manifest"]["version"] == "2"
    assert answer["report"] is None
    missing = versions.call("GET", "/models/tiny/9")
    assert (missing.status, missing.body["code"]) == (404, "model_not_found")


def test_a_report_and_the_pages_come_with_the_version(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "report.json").write_text('{"test": {"top1": 1.0}}')
    (tmp_path / "two" / "report.html").write_text("<!doctype html>")
    write_tiny_artifact(tmp_path / "two", "2", extra=("report.json", "report.html"))
    cloud.publish(tmp_path / "two")
    answer = cloud.call("GET", "/models/tiny/2").body
    assert answer["report"] == {"test": {"top1": 1.0}}
    without = cloud.call("GET", "/models/tiny/2", query={"report": "false"}).body
    assert without["report"] is None and without["manifest"] == answer["manifest"]
    assert set(answer["files"]) == {"report.html"}
    assert "models/tiny/2/report.html" in answer["files"]["report.html"]


def test_promotions_can_be_taken_back_one_by_one(versions: Cloud) -> None:
    for version in ("2", "3"):
        answer = post(versions, f"/models/tiny/{version}/promote", {"reason": "better"})
        assert answer.status == 200
    for expected in ("2", "1"):
        assert post(versions, "/models/rollback").status == 200
        assert production(versions) == expected
    nowhere = post(versions, "/models/rollback")
    assert (nowhere.status, nowhere.body["code"]) == (409, "nothing_to_roll_back_to")


def test_the_history_says_who_moved_what_and_why(versions: Cloud) -> None:
    post(versions, "/models/tiny/2/canary", {"percent": 20, "reason": "a look"})
    post(versions, "/models/tiny/2/promote", {"reason": "good"})
    post(versions, "/models/rollback", {"reason": "bad"})
    items = versions.call("GET", "/models/history").body["items"]
    lines = [(m["alias"], m["version"], m["percent"], m["action"], m["reason"]) for m in items]
    assert lines[0] == ("production", "1", None, "rollback", "bad")
    assert set(lines[1:3]) == {
        ("production", "2", None, "promote", "good"),
        ("canary", None, None, "clear", "good"),
    }
    assert lines[3] == ("canary", "2", 20, "canary", "a look")
    assert lines[4][:4] == ("production", "1", None, "promote")
    assert {m["by"] for m in items[:4]} == {"anonymous"}


def test_the_history_is_paged_and_filtered(versions: Cloud) -> None:
    for version in ("2", "3", "1"):
        post(versions, f"/models/tiny/{version}/promote")
        post(versions, f"/models/tiny/{3 if version == '2' else 2}/canary", {"percent": 5})
    everything = versions.call("GET", "/models/history", {"limit": 100}).body["items"]
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = versions.call("GET", "/models/history", {"limit": 2, **cursor}).body
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == everything
    only = versions.call("GET", "/models/history", {"alias": "canary"}).body["items"]
    assert only == [move for move in everything if move["alias"] == "canary"]
    assert versions.call("GET", "/models/history", {"cursor": "x"}).status == 400


def test_which_version_served_at_a_time(versions: Cloud) -> None:
    start = datetime(2031, 1, 1, tzinfo=UTC)
    for hours, version in ((0, "2"), (2, "3"), (4, "1")):
        order = Order("somebody", start + timedelta(hours=hours))
        versions.registry.promote(ModelRef("tiny", version), order)
    for passed, expected in ((0, "2"), (1, "2"), (2, "3"), (3.9, "3"), (4, "1"), (99, "1")):
        at = (start + timedelta(hours=passed)).isoformat()
        move = versions.call("GET", "/models/served", {"at": at}).body["move"]
        assert move["version"] == expected, passed
    before = versions.call("GET", "/models/served", {"at": "2020-01-01T00:00:00Z"}).body
    assert before == {"move": None}


def test_moves_keep_their_order_where_clocks_disagree(versions: Cloud) -> None:
    now = datetime(2031, 1, 1, tzinfo=UTC)
    versions.registry.promote(ModelRef("tiny", "2"), Order("ahead", now))
    versions.registry.promote(ModelRef("tiny", "3"), Order("behind", now - timedelta(hours=1)))
    moves = versions.registry.history(10).items
    assert [move.version for move in moves[:2]] == ["3", "2"]
    assert moves[0].moved_at == "2031-01-01T00:00:00.000001Z"


def test_two_who_move_at_once_are_put_in_order(
    versions: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one has read what the first one is about to change."""
    slow = ModelRegistry("registry", versions.dynamodb)
    read = slow.aliases

    def overtaken() -> Any:
        found = read()
        monkeypatch.setattr(slow, "aliases", read)
        versions.promote("2")
        return found

    monkeypatch.setattr(slow, "aliases", overtaken)
    after = slow.promote(ModelRef("tiny", "3"), Order("slow", datetime.now(UTC)))
    assert after.trail == (ModelRef("tiny", "1"), ModelRef("tiny", "2"))
    moves = versions.registry.history(10).items
    assert [move.version for move in moves] == ["3", "2", "1"]


def test_a_device_gets_what_it_classifies_with(versions: Cloud) -> None:
    device = versions.call("GET", "/models/tiny/2/device").body
    manifest = versions.call("GET", "/models/tiny/2").body["manifest"]
    for field in (
        *("name", "version", "created_at", "precision", "labels", "parents", "input"),
        *("temperature", "unknown_threshold"),
    ):
        assert device[field] == manifest[field]
    files = [(device["model"], manifest["files"][manifest["precision"]])]
    rule = manifest["familiarity"]
    assert (device["familiarity"] is None) == (rule is None)
    if rule:
        assert device["familiarity"]["threshold"] == rule["threshold"]
        assert device["familiarity"]["least_detail"] == rule["least_detail"]
        files.append((device["familiarity"]["file"], rule["file"]))
    for file, entry in files:
        assert (file["sha256"], file["size"]) == (entry["sha256"], entry["size"])
        address, _, signature = file["url"].partition("?")
        assert address.endswith(f"models/tiny/2/{entry['path']}")
        assert "Signature=" in signature
    assert versions.call("GET", "/models/tiny/9/device").body["code"] == "model_not_found"


def test_who_may_predict_may_hold_the_model(versions: Cloud) -> None:
    reader = Caller("key:reader", "reader", frozenset({"read"}))
    refused = versions.call("GET", "/models/tiny/2/device", caller=reader)
    assert refused.status == 403
    assert "predict" in refused.body["detail"]


def test_a_retired_version_never_serves_again(versions: Cloud) -> None:
    used = post(versions, "/models/tiny/1/retire")
    assert (used.status, used.body["code"]) == (409, "model_in_use")
    versions.promote("2")
    assert post(versions, "/models/tiny/1/retire", {"reason": "old"}).status == 200
    entry = versions.call("GET", "/models/tiny/1").body
    assert entry["retired"]["at"]
    assert entry["retired"]["reason"] == "old"
    for path, body in (("promote", {}), ("shadow", {}), ("canary", {"percent": 1})):
        refused = post(versions, f"/models/tiny/1/{path}", body)
        assert (refused.status, refused.body["code"]) == (409, "model_retired")
    held = versions.call("GET", "/models/tiny/1/device")
    assert (held.status, held.body["code"]) == (409, "model_retired")
    # Nor is it gone back to.
    assert post(versions, "/models/rollback").body["code"] == "nothing_to_roll_back_to"


def test_a_version_that_is_not_registered_serves_nowhere(versions: Cloud) -> None:
    order = Order("somebody", datetime.now(UTC))
    with pytest.raises(ModelNotFoundError):
        versions.registry.promote(ModelRef("tiny", "9"), order)
    with pytest.raises(ModelNotFoundError):
        versions.registry.retire(ModelRef("tiny", "9"), order)
    assert production(versions) == "1"


def test_canary_and_shadow_need_another_version(versions: Cloud) -> None:
    for path, body in (("shadow", {}), ("canary", {"percent": 5})):
        refused = post(versions, f"/models/tiny/1/{path}", body)
        assert (refused.status, refused.body["code"]) == (409, "model_in_use")
    for percent in (0, 100, "5"):
        assert post(versions, "/models/tiny/2/canary", {"percent": percent}).status == 400
    assert post(versions, "/models/tiny/2/canary", {}).body["code"] == "missing_field"


def test_a_version_is_canary_or_shadow_and_not_both(versions: Cloud) -> None:
    for first, second in (("canary", "shadow"), ("shadow", "canary")):
        body = {"percent": 5}
        assert (
            post(versions, f"/models/tiny/2/{first}", body if first == "canary" else {}).status
            == 200
        )
        refused = post(versions, f"/models/tiny/2/{second}", body if second == "canary" else {})
        assert (refused.status, refused.body["code"]) == (409, "canary_or_shadow")
        assert first in refused.body["detail"]
        assert versions.call("DELETE", f"/models/{first}").status == 200


def test_a_version_alone_names_no_model(versions: Cloud, tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "other", "2", name="other")
    versions.publish(tmp_path / "other", promote=False)
    for name in ("tiny", "other"):
        found = versions.call("GET", f"/models/{name}/2").body
        assert (found["name"], found["manifest"]["name"]) == (name, name)
    assert versions.call("GET", "/models/2").status == 404
    for path in ("/models/other/1", "/models/other/..", f"/models/other/{'2' * 2000}"):
        missing = versions.call("GET", path)
        assert (missing.status, missing.body["code"]) == (404, "model_not_found"), path
    post(versions, "/models/other/2/promote")
    found = versions.call("GET", "/models").body
    assert found["aliases"]["production"] == {"name": "other", "version": "2"}
    aliases = {(item["name"], item["version"]): item["aliases"] for item in found["items"]}
    assert (aliases["other", "2"], aliases["tiny", "2"]) == (["production"], [])
    post(versions, "/models/tiny/2/canary", {"percent": 50})
    both = {"models": "tiny/2,other/2"}
    names = [item["name"] for item in versions.call("GET", "/models/compare", both).body["items"]]
    assert names == ["tiny", "other"]
    for wrong in ("tiny/2", "tiny/2,2"):
        refused = versions.call("GET", "/models/compare", {"models": wrong})
        assert (refused.status, refused.body["field"]) == (400, "models")
    assert post(versions, "/models/other/2/retire").body["code"] == "model_in_use"


@pytest.fixture
def signed_in(versions: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv("VISIONFLOW_REQUIRES_SIGN_IN", "1")
    yield versions


def test_an_admin_moves_and_is_named(signed_in: Cloud) -> None:
    body = json.dumps({"percent": 5}).encode()
    admin = Caller("user:1", "a@example.com", scopes_of(["model-admin"]))
    moved = signed_in.call("POST", "/models/tiny/2/canary", body=body, caller=admin)
    assert moved.body["aliases"]["canary"] == {"name": "tiny", "version": "2", "percent": 5}
    (move, _) = signed_in.registry.history(10).items
    assert move.by == "a@example.com"


def test_a_token_counts_even_where_none_is_required(versions: Cloud) -> None:
    viewer = Caller("user:2", "b@example.com", scopes_of([]))
    refused = versions.call("POST", "/models/rollback", caller=viewer)
    assert refused.status == 403


def test_the_rule_is_off_until_it_is_set(versions: Cloud) -> None:
    assert versions.call("GET", "/models/rule").body["enabled"] is False
    wanted = {"enabled": True, "min_images": 5, "max_unknown_rate": 0.2}
    assert post(versions, "/models/rule", wanted).status == 200
    found = versions.registry.rule()
    assert found == RollbackRule(enabled=True, min_images=5, max_unknown_rate=0.2)
    assert post(versions, "/models/rule", {"max_error_rate": 2}).status == 400


def test_the_promotion_rule_is_read_and_replaced(versions: Cloud) -> None:
    rule = {"enabled": False, "min_images": 100, "min_gain": 0.0}
    assert versions.call("GET", "/models/promotion-rule").body == rule
    wanted = {"enabled": True, "min_images": 200, "min_gain": 0.01}
    assert post(versions, "/models/promotion-rule", wanted).body == wanted
    assert versions.call("GET", "/models/promotion-rule").body == wanted
    for wrong in ({"min_images": 0}, {"min_gain": -0.1}, {"min_gain": 1e-200}, {"enabled": "yes"}):
        assert post(versions, "/models/promotion-rule", wrong).status == 400
    assert versions.call("GET", "/models/tiny/1").body["verified"] is None


def test_a_canary_answers_its_share_by_the_id(
    versions: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from visionflow.models.routing import share_of  # noqa: PLC0415

    post(versions, "/models/tiny/2/canary", {"percent": 50})
    seen = set()
    for _ in range(12):
        answer = versions.predict(IMAGE).body
        seen.add(answer["model"]["version"])
        assert answer["model"]["version"] == ("2" if share_of(answer["id"]) < 0.5 else "1")
    assert seen == {"1", "2"}


def test_a_canary_that_cannot_be_loaded_reaches_nobody(
    versions: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    versions.s3.delete_object(Bucket="models", Key="models/tiny/2/model.onnx")
    post(versions, "/models/tiny/2/canary", {"percent": 99})
    answers = [versions.predict(IMAGE).body for _ in range(4)]
    assert {answer["model"]["version"] for answer in answers} == {"1"}
    assert {"name": "tiny", "version": "2"} in [answer["refused"] for answer in answers]
    assert '"service":"models","ModelRefused":[1.0]' in capsys.readouterr().out


def test_a_cold_function_goes_back_to_the_version_before_a_broken_one(versions: Cloud) -> None:
    versions.promote("2")
    versions.s3.put_object(Bucket="models", Key="models/tiny/2/model.onnx", Body=b"altered")
    answer = versions.predict(IMAGE).body
    assert answer["model"]["version"] == "1"
    assert answer["refused"] == {"name": "tiny", "version": "2"}


def test_aliases_are_followed_within_15_seconds() -> None:
    assert REFRESH_S < 15
