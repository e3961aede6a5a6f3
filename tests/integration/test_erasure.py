"""Erasing: nothing of an image is left, everything is subtracted once, and nothing comes back."""

import dataclasses
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from lambdas.api.owners.service import ERASED_PER_CALL
from lambdas.api.resources import resources
from lambdas.shadow.handler import service as shadow
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.integration.test_api import fill, record
from tests.integration.test_feedback import say
from tests.integration.test_owners import ADMIN, ANN, BOB, form_of, predict
from tests.tiny_model import write_tiny_artifact
from training.data.sources.collect import LINEAGE_FILE, collect, forget_erased, read_lineage
from visionflow.dynamodb import to_item
from visionflow.insights.changes import created
from visionflow.insights.erasure import ErasedList
from visionflow.insights.shadows import ShadowAnswer
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Order, Trial
from visionflow.predictions.record import Prediction

RED, BLUE = encode(plain("red")), encode(plain("blue"))
TWO = ModelRef("tiny", "2")
NOW = datetime(2030, 2, 1, tzinfo=UTC)


def erase(cloud: Cloud, prediction_id: str, caller: Any = ADMIN) -> Any:
    return cloud.call("DELETE", f"/predictions/{prediction_id}", caller=caller)


def objects(cloud: Cloud) -> set[str]:
    """Keys with any version or delete marker."""
    found = cloud.s3.list_object_versions(Bucket="images")
    return {entry["Key"] for entry in found.get("Versions", [])} | {
        entry["Key"] for entry in found.get("DeleteMarkers", [])
    }


def rows(cloud: Cloud, table: str = "insights") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for page in cloud.dynamodb.get_paginator("scan").paginate(TableName=table):
        found += page["Items"]
    return found


def sums(cloud: Cloud) -> dict[tuple[str, str], int]:
    """Every counter that is not zero."""
    found = Counter[tuple[str, str]]()
    for row in rows(cloud):
        kind, name = row["pk"]["S"], row["sk"]["S"].rpartition("#")[0]
        if kind in ("COUNTS", "PAIRS"):
            for counter, amount in row.items():
                if counter not in ("pk", "sk"):
                    found[f"{kind} {name}", counter] += int(amount["N"])
    return {name: amount for name, amount in found.items() if amount}


def kept(cloud: Cloud, prediction_id: str) -> list[str]:
    """What still names a record, beside markers, the list of erased ids and the audit trail."""
    (tombstone,) = (row for row in rows(cloud, "predictions") if row["id"]["S"] == prediction_id)
    assert set(tombstone) == {"id", "erased_at", "object", "expires_at"}
    assert (
        prediction_id not in tombstone["object"]["S"] or tombstone["object"]["S"] == prediction_id
    )
    partitions = {row["pk"]["S"] for row in rows(cloud)}
    return sorted(
        [pk for pk in partitions if prediction_id in pk and not pk.startswith("COUNTED#")]
        + [key for key in objects(cloud) if prediction_id in key]
    )


@pytest.fixture
def versions(cloud: Cloud, tmp_path: Path) -> Cloud:
    """Version 1 in production, 2 as its shadow."""
    write_tiny_artifact(tmp_path / "2", "2", unknown_threshold=1.0, turned=True)
    cloud.publish(tmp_path / "2", promote=False)
    cloud.registry.set_shadow(TWO, Order("somebody", datetime.now(UTC)))
    return cloud


def answered(cloud: Cloud, key: str = "k") -> str:
    """A record with all that can belong to one."""
    made: str = predict(cloud, ANN, **{"idempotency-key": key}).body["id"]
    for label in ("red", "blue"):
        say(cloud, made, {"label": label}, caller=BOB)
    return made


def test_nothing_of_an_erased_image_is_left_and_its_counts_are_taken_back(versions: Cloud) -> None:
    stays = answered(versions, "stays")
    versions.count(versions.stream())
    versions.run_shadow()
    before = sums(versions), objects(versions)
    made = answered(versions)
    versions.count(versions.stream())
    versions.run_shadow()
    assert sums(versions) != before[0]
    answer = erase(versions, made, ANN)
    assert answer.status == 200
    assert answer.body["id"] == made
    assert (sums(versions), objects(versions)) == before
    assert kept(versions, made) == []
    assert list(ErasedList("insights", versions.dynamodb).ids()) == [made]
    for path in (f"/predictions/{made}", f"/predictions/{made}/feedback"):
        assert versions.call("GET", path).status == 404
    assert [entry["id"] for entry in versions.logs()] == [stays]
    assert erase(versions, made).status == 404
    # The stream shows the erasure too, and may show everything again.
    for _ in range(2):
        assert versions.count(versions.stream()) == []
        assert versions.run_shadow() in (0, 2)
    assert (sums(versions), objects(versions)) == before


def test_an_erasure_that_dies_at_any_call_is_finished_by_the_next(versions: Cloud) -> None:
    versions.count(versions.stream())
    before = sums(versions), objects(versions)
    calls = 0
    dies_at = 0

    def die(model: Any, **_: Any) -> None:
        nonlocal calls
        # What reads may die too, but then nothing has changed since the call before.
        if model.name not in ("GetItem", "Query", "ListObjectVersions"):
            calls += 1
            if calls == dies_at:
                raise EndpointConnectionError(endpoint_url="aws")

    for client in (resources().s3, resources().dynamodb):
        client.meta.events.register("before-call", die)
    erasure = resources().erasure
    while True:
        dies_at += 1
        made = answered(versions, f"k{dies_at}")
        versions.count(versions.stream())
        versions.run_shadow()
        calls = 0
        try:
            erasure.erase(made, NOW)
        except EndpointConnectionError:
            calls = 100
            assert versions.call("GET", f"/predictions/{made}").status == (
                200 if dies_at == 1 else 404
            )
            assert erase(versions, made, ANN).status == 200
        assert (sums(versions), objects(versions)) == before, dies_at
        assert kept(versions, made) == []
        if calls < dies_at:
            break
    assert dies_at > 6, "it hides, deletes two objects, an answer, two lines, and buries"


def test_only_who_sent_an_image_and_admins_erase_it(cloud: Cloud) -> None:
    made = predict(cloud, ANN).body["id"]
    refused = erase(cloud, made, BOB)
    assert (refused.status, refused.body["code"]) == (403, "forbidden")
    assert cloud.call("GET", f"/predictions/{made}").status == 200
    assert erase(cloud, made, ANN).status == 200
    cloud.drop("uploads/red.jpg", RED)
    cloud.deliver(cloud.messages())
    (dropped,) = cloud.logs()
    assert erase(cloud, dropped["id"], ANN).status == 403, "nobody owns a dropped file"
    assert erase(cloud, dropped["id"]).status == 200
    for unknown in ("0" * 26, "no id at all!"):
        assert erase(cloud, unknown).status == 404


def test_erased_before_it_is_counted_it_counts_for_nothing(cloud: Cloud) -> None:
    made = answered(cloud)
    assert erase(cloud, made).status == 200
    now = datetime.now(UTC).isoformat()
    for found in (1, 2):
        stats = cloud.call("GET", "/stats", {"from": now, "to": now}, caller=ADMIN)
        assert (stats.status, stats.body["by_label"]) == (200, {}), found
        assert (stats.body["total"], stats.body["by_day"]) == (0, [])
        assert cloud.count(cloud.stream()) == []
    assert sums(cloud) == {}


def test_what_expires_is_not_taken_back(cloud: Cloud) -> None:
    """DynamoDB removes expired records, and tombstones; either is in the stream."""
    first, second = (predict(cloud, ANN).body["id"] for _ in range(2))
    cloud.count(cloud.stream())
    erase(cloud, second)
    before = sums(cloud)
    assert before
    for prediction_id in (first, second):
        cloud.dynamodb.delete_item(TableName="predictions", Key=to_item({"id": prediction_id}))
    assert cloud.count(cloud.stream()) == []
    assert sums(cloud) == before


def test_a_message_that_comes_again_makes_no_new_record(cloud: Cloud) -> None:
    form = form_of(cloud, ANN)
    cloud.drop("uploads/blue.jpg", BLUE)
    cloud.s3.put_object(Bucket="images", Key=form["key"], Body=RED, Metadata={"owner": "user:ann"})
    messages = cloud.messages()
    assert cloud.deliver(messages) == []
    for entry in cloud.logs():
        assert erase(cloud, entry["id"]).status == 200
    assert objects(cloud) == set()
    assert cloud.deliver(messages) == []
    assert cloud.logs() == []
    assert len(rows(cloud, "predictions")) == 2


def test_a_form_that_is_posted_again_after_the_erasure_has_its_own_record(cloud: Cloud) -> None:
    form = form_of(cloud, ANN)
    put = {"Bucket": "images", "Key": form["key"], "Metadata": {"owner": "user:ann"}}
    cloud.s3.put_object(**put, Body=RED)
    cloud.deliver(cloud.messages())
    assert erase(cloud, form["id"], ANN).status == 200
    cloud.s3.put_object(**put, Body=BLUE)
    assert cloud.deliver(cloud.messages()) == []
    (entry,) = cloud.logs()
    assert (entry["label"], entry["owner"]) == ("blue", "user:ann")


def test_an_idempotency_key_whose_answer_was_erased_is_spent(cloud: Cloud) -> None:
    made = answered(cloud)
    erase(cloud, made)
    before = objects(cloud)
    again = predict(cloud, ANN, **{"idempotency-key": "k"})
    assert (again.status, again.body["code"]) == (409, "idempotency_conflict")
    assert objects(cloud) == before


def test_of_a_file_that_was_dropped_twice_each_version_has_its_own_end(cloud: Cloud) -> None:
    for image in (RED, BLUE):
        cloud.drop("uploads/colour.jpg", image)
    cloud.deliver(cloud.messages())
    cloud.s3.delete_object(Bucket="images", Key="uploads/colour.jpg")  # leaves a marker
    blue, red = sorted(cloud.logs(), key=lambda entry: str(entry["label"]))
    assert erase(cloud, red["id"]).status == 200
    image = blue["image"]
    found = cloud.s3.get_object(Bucket="images", Key=image["key"], VersionId=image["version_id"])[
        "Body"
    ].read()
    assert found == BLUE
    assert erase(cloud, blue["id"]).status == 200
    assert objects(cloud) == set(), "the marker went with the last version"


def test_nothing_is_added_to_a_record_while_it_is_erased(versions: Cloud) -> None:
    made = answered(versions)
    versions.count(versions.stream())
    prediction = resources().predictions.get(made)
    assert prediction is not None
    resources().predictions.hide(made, "2030-01-01T00:00:00.000000Z")
    late = ShadowAnswer(
        made, TWO, "ok", "red", 0.9, 1.0, "2030-01-01T00:00:00.000000Z", None, None, (), "red"
    )
    assert shadow().shadows.add(prediction, late, None) is False
    assert say(versions, made, {"label": "green"}, caller=ADMIN).status == 404
    assert versions.logs() == []
    assert list(resources().reviews.given()) == []
    assert resources().reviews.uncertain(5, "0") == ()
    erase(versions, made, ANN)
    assert (sums(versions), kept(versions, made)) == ({}, [])


def test_what_a_trial_has_shown_stays(cloud: Cloud) -> None:
    trial = Trial("production", ModelRef("tiny", "1"), "2020-01-01T00:00:00.000000Z")
    made = predict(cloud, ANN).body["id"]
    prediction = resources().predictions.get(made)
    assert prediction is not None
    resources().counters.count([created(prediction, None, trial)])
    erase(cloud, made)
    assert resources().counters.tally(trial).answers == 1
    assert sums(cloud) == {}


def test_an_owner_s_records_are_erased_some_at_a_time(cloud: Cloud) -> None:
    def made(n: int, owner: str | None) -> list[Prediction]:
        return [dataclasses.replace(record(i), owner=owner) for i in range(n)]

    fill(cloud, made(ERASED_PER_CALL + 2, "user:ann"))
    others = fill(cloud, [*made(1, "user:anna"), *made(1, None)])
    path = "/owners/user%3Aann"
    assert cloud.call("DELETE", path, caller=ANN).status == 403
    # One of them was left half-way.
    resources().predictions.hide(
        resources().predictions.of_owner("user:ann", 1)[0], "2030-01-01T00:00:00.000000Z"
    )
    answers = [cloud.call("DELETE", path, caller=ADMIN).body for _ in range(3)]
    assert answers == [
        {"erased": ERASED_PER_CALL, "left": True},
        {"erased": 2, "left": False},
        {"erased": 0, "left": False},
    ]
    assert sorted(entry["id"] for entry in cloud.logs()) == sorted(others)


def test_collected_copies_learn_of_an_erasure(cloud: Cloud, tmp_path: Path) -> None:
    made = [predict(cloud, ANN).body["id"] for _ in range(4)]
    for prediction_id in made:
        say(cloud, prediction_id, {"label": "red"}, caller=BOB)
    found, folder = resources(), tmp_path / "collected"
    for _ in collect(found.reviews, found.images, folder):
        pass
    erased, moved, expired, stays = made
    (folder / "mine").mkdir()
    (folder / f"red/{moved}.jpg").rename(folder / f"mine/{moved}.jpg")
    for prediction_id in (erased, moved):
        erase(cloud, prediction_id)
    cloud.dynamodb.delete_item(TableName="predictions", Key=to_item({"id": expired}))
    gone = set(ErasedList("insights", cloud.dynamodb).ids())
    assert forget_erased(gone, folder) == 2
    assert {path.stem for path in folder.rglob("*.jpg")} == {expired, stays}
    assert set(read_lineage(folder)) == {expired, stays}
    assert erased not in (folder / LINEAGE_FILE).read_text()
    assert forget_erased(gone, folder) == 0
