"""Labels with parents: what is answered, recorded, found, and counted as right."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.integration.test_api import fill, record, walk
from tests.integration.test_feedback import say
from tests.tiny_model import write_tiny_artifact
from visionflow.dynamodb import to_item
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Order
from visionflow.predictions import store

RED, BLUE, OLIVE, TEAL = (
    encode(plain(colour), "PNG") for colour in ("red", "blue", (200, 200, 0), (0, 180, 180))
)


@pytest.fixture
def nested(cloud: Cloud, tmp_path: Path) -> Cloud:
    """Version 1, without parents, has served; version 2 calls red and green warm."""
    write_tiny_artifact(tmp_path / "2", "2", 0.6, nested=True)
    cloud.publish(tmp_path / "2")
    return cloud


def days() -> dict[str, str]:
    now = datetime.now(UTC).isoformat()
    return {"from": now, "to": now}


@pytest.mark.parametrize(
    ("image", "label", "parents", "status"),
    [
        (RED, "red", ["warm"], "ok"),
        (OLIVE, "warm", [], "ok"),
        (BLUE, "blue", [], "ok"),
        (TEAL, "green", ["warm"], "unknown"),
    ],
    ids=["label", "parent", "top", "unsure"],
)
def test_what_is_named_is_recorded_with_what_is_above_it(
    nested: Cloud, image: bytes, label: str, parents: list[str], status: str
) -> None:
    answer = nested.predict(image).body
    found = nested.call("GET", f"/predictions/{answer['id']}").body
    for body in (answer, found):
        assert (body["label"], body["parents"], body["status"]) == (label, parents, status)
        assert [score["label"] for score in body["top_k"][:1]] != ["warm"]
        assert len(body["top_k"]) == 3


def test_a_dropped_image_is_named_alike(nested: Cloud) -> None:
    nested.drop("uploads/olive.png", OLIVE)
    nested.deliver(nested.messages())
    (entry,) = nested.logs()
    assert (entry["label"], entry["parents"]) == ("warm", [])


def test_a_parent_is_explained_by_default_or_by_name(nested: Cloud) -> None:
    assert nested.predict(OLIVE, explain="true").body["explanation"]["label"] == "warm"
    named = nested.predict(RED, explain="true", label="warm").body
    assert (named["label"], named["explanation"]["label"]) == ("red", "warm")
    refused = nested.predict(RED, explain="true", label="cold")
    assert refused.status == 400
    assert "no label or parent 'cold'" in refused.body["detail"]


def test_the_status_shows_what_is_above_what(nested: Cloud) -> None:
    health = nested.call("GET", "/status").body
    assert health["labels"] == ["red", "green", "blue"]
    assert health["parents"] == {"red": "warm", "green": "warm"}
    nested.promote("1")
    assert nested.call("GET", "/status").body["parents"] == {}


def test_a_parent_finds_what_is_below_it(nested: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of the version before, whose records have no parents, where it is named itself."""
    below = nested.predict(RED).body["id"]
    itself = nested.predict(OLIVE).body["id"]
    unsure = nested.predict(TEAL).body["id"]
    nested.predict(BLUE)
    assert walk(nested, label="warm") == [unsure, itself, below]
    assert walk(nested, label="warm", limit=1) == [unsure, itself, below]
    assert walk(nested, label="red") == [below]
    assert walk(nested, label="warm", status="unknown") == [unsure]
    assert walk(nested, label="warm", model="tiny/2") == [unsure, itself, below]
    assert walk(nested, label="warm", model="tiny/1") == []
    monkeypatch.setattr(store, "MAX_ROWS_READ", 2)
    assert walk(nested, label="warm") == [unsure, itself, below]


def test_records_from_before_there_were_parents_have_none(nested: Cloud) -> None:
    (old,) = fill(nested, [record(0)])
    nested.dynamodb.update_item(
        TableName="predictions",
        Key={"id": {"S": old}},
        UpdateExpression="REMOVE parents SET feedback = :said",
        ExpressionAttributeValues={
            ":said": {"M": to_item({"label": "red", "at": "2030-01-01", "by": "ann"})}
        },
    )
    found = nested.call("GET", f"/predictions/{old}").body
    assert found["parents"] == []
    assert (found["feedback"]["parents"], found["feedback"]["is_parent"]) == ([], False)


def right(cloud: Cloud) -> dict[str, Any]:
    cloud.count(cloud.stream())
    stats = cloud.call("GET", "/stats", days()).body
    per_label: dict[str, Any] = stats["feedback"]["by_model"]["tiny/2"]["per_label"]
    return {label: (share["correct"], share["n"]) for label, share in per_label.items()}


def test_a_parent_is_right_for_every_label_below_it(nested: Cloud) -> None:
    said = {"green": OLIVE, "warm": OLIVE, "blue": OLIVE, "red": RED}
    asked = {label: nested.predict(image).body["id"] for label, image in said.items()}
    for label, prediction_id in asked.items():
        assert say(nested, prediction_id, {"label": label}).status == 200
    assert right(nested) == {"green": (1, 1), "warm": (1, 1), "blue": (0, 1), "red": (1, 1)}
    # Taken back: the sums are as if it had never been said.
    say(nested, asked["green"], {"label": "blue"})
    assert right(nested) == {"warm": (1, 1), "blue": (0, 2), "red": (1, 1)}
    given = nested.call("GET", f"/predictions/{asked['warm']}/feedback").body["items"]
    assert [(one["parents"], one["is_parent"]) for one in given] == [([], True)]
    given = nested.call("GET", f"/predictions/{asked['red']}/feedback").body["items"]
    assert [(one["parents"], one["is_parent"]) for one in given] == [(["warm"], False)]


def test_a_label_is_not_confirmed_by_its_parent(nested: Cloud) -> None:
    """Who says only "warm" of red has not said that it is red."""
    say(nested, nested.predict(RED).body["id"], {"label": "warm"})
    assert right(nested) == {"warm": (0, 1)}


def test_statistics_count_what_was_named(nested: Cloud) -> None:
    for image in (RED, OLIVE, OLIVE, TEAL):
        nested.predict(image)
    nested.count(nested.stream())
    assert nested.call("GET", "/stats", days()).body["by_label"] == {
        "green": 1,
        "red": 1,
        "warm": 2,
    }


def test_versions_with_other_trees_are_compared(nested: Cloud) -> None:
    """A label and its parent do not contradict each other; each version is judged by its own
    tree."""
    one = ModelRef("tiny", "1")
    nested.registry.set_shadow(one, Order("somebody", datetime.now(UTC)))
    asked = [nested.predict(image).body["id"] for image in (OLIVE, RED, BLUE)]
    nested.count(nested.stream())
    nested.run_shadow()
    for prediction_id in asked:
        say(nested, prediction_id, {"label": "red"})
    nested.count(nested.stream())
    answer = nested.call("GET", "/models/compare", {"models": "tiny/2,tiny/1", **days()})
    two, beside = answer.body["items"]
    # Version 1 calls olive red or green, which has no parents in its own tree.
    assert (beside["compared"], beside["agreement"]) == (3, pytest.approx(1.0))
    assert (two["feedback"]["n"], two["feedback"]["accuracy"]) == (3, pytest.approx(2 / 3))
    assert beside["feedback"]["n"] == 3
