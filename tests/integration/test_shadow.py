"""The shadow beside what serves, versions compared, trials taken back, and drift."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lambdas.api.models.service import MOST_COMPARED
from lambdas.counters.handler import service as counters
from lambdas.shadow.handler import lambda_handler as look_at
from lambdas.shadow.handler import service as shadow
from tests.images import encode, plain
from tests.integration.conftest import Cloud, Context
from tests.integration.test_feedback import say
from tests.tiny_model import write_tiny_artifact
from visionflow import strict
from visionflow.errors import PlatformError, UnreadableImageError
from visionflow.images.store import ImageStore
from visionflow.models.drift import REFERENCE_FILE, measure_reference
from visionflow.models.ref import ModelRef
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Order

RED, BLUE = encode(plain("red")), encode(plain("blue"))
TWO = ModelRef("tiny", "2")


def order() -> Order:
    return Order("somebody", datetime.now(UTC))


@pytest.fixture
def versions(cloud: Cloud, tmp_path: Path) -> Cloud:
    """Version 1 in production; 2 answers with the channels turned round, and is never sure."""
    write_tiny_artifact(tmp_path / "2", "2", unknown_threshold=1.0, turned=True)
    cloud.publish(tmp_path / "2", promote=False)
    return cloud


def days() -> dict[str, str]:
    now = datetime.now(UTC).isoformat()
    return {"from": now, "to": now}


def compared(cloud: Cloud) -> dict[str, dict[str, Any]]:
    answer = cloud.call("GET", "/models/compare", {"models": "tiny/1,tiny/2", **days()})
    assert answer.status == 200, answer.body
    return {item["version"]: item for item in answer.body["items"]}


def test_the_shadow_sees_what_was_answered_and_changes_nothing(versions: Cloud) -> None:
    versions.registry.set_shadow(TWO, order())
    answered = versions.predict(RED).body
    before = versions.dynamodb.get_item(TableName="predictions", Key={"id": {"S": answered["id"]}})
    versions.count(versions.stream())
    assert versions.run_shadow() == 1
    found = shadow().shadows.get(answered["id"], TWO)
    assert found is not None
    assert (found.label, found.status) == ("green", "unknown")
    after = versions.dynamodb.get_item(TableName="predictions", Key={"id": {"S": answered["id"]}})
    assert after["Item"] == before["Item"]


def test_an_image_that_is_delivered_twice_is_compared_once(versions: Cloud) -> None:
    versions.registry.set_shadow(TWO, order())
    versions.predict(RED)
    for _ in range(2):
        versions.count(versions.stream())
        assert versions.run_shadow() == 1
    assert compared(versions)["2"]["compared"] == 1


def test_without_a_shadow_nothing_is_passed_on(versions: Cloud) -> None:
    versions.predict(RED)
    versions.count(versions.stream())
    assert versions.run_shadow() == 0


def test_the_shadow_does_not_judge_its_own_answers(versions: Cloud) -> None:
    versions.registry.set_canary(TWO, 50, order())
    answers = [versions.predict(RED).body for _ in range(6)]
    versions.registry.clear_canary(order())
    versions.registry.set_shadow(TWO, order())
    own = sum(answer["model"]["version"] == "2" for answer in answers)
    versions.count(versions.stream())
    assert versions.run_shadow() == 6 - own


def test_an_image_that_is_gone_is_no_fault(versions: Cloud) -> None:
    versions.registry.set_shadow(TWO, order())
    answered = versions.predict(RED).body
    versions.count(versions.stream())
    image = answered["image"]
    versions.s3.delete_object(Bucket="images", Key=image["key"], VersionId=image["version_id"])
    assert versions.run_shadow() == 1
    assert shadow().shadows.get(answered["id"], TWO) is None


def test_an_image_that_cannot_be_answered_holds_back_no_other(
    versions: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions.registry.set_shadow(TWO, order())
    ids = [versions.predict(image).body["id"] for image in (RED, BLUE, RED)]
    read = ImageStore.read
    fault: Exception = UnreadableImageError("not an image")

    def failing(store: ImageStore, key: str, version_id: str | None = None) -> bytes:
        if key == f"api/{ids[0]}":
            raise fault
        return read(store, key, version_id)

    monkeypatch.setattr(ImageStore, "read", failing)
    call = {"call": "one", "prediction_ids": ids}
    look_at(call, Context())
    assert [shadow().shadows.get(one, TWO) is None for one in ids] == [True, False, False]

    fault = PlatformError("S3 is slow")
    with pytest.raises(PlatformError):
        look_at(call, Context())
    monkeypatch.undo()
    look_at(call, Context())
    assert all(shadow().shadows.get(one, TWO) for one in ids)


def test_a_shadow_that_cannot_be_loaded_sees_nothing(
    versions: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    versions.s3.delete_object(Bucket="models", Key="models/tiny/2/model.onnx")
    versions.registry.set_shadow(TWO, order())
    versions.predict(RED)
    versions.count(versions.stream())
    assert versions.run_shadow() == 1
    assert '"ModelRefused":[1.0]' in capsys.readouterr().out


def test_versions_are_compared_by_what_both_saw(versions: Cloud) -> None:
    versions.registry.set_shadow(TWO, order())
    answers = [versions.predict(image).body for image in (RED, RED, BLUE)]
    # It looks two channels on: red is green to it, blue is red.
    say(versions, answers[0]["id"], {"label": "red"})
    say(versions, answers[1]["id"], {"label": "green"})
    versions.count(versions.stream())
    versions.run_shadow()
    found = compared(versions)
    one, two = found["1"], found["2"]
    assert (one["n"], one["compared"]) == (3, 0)
    assert (two["n"], two["compared"], two["agreement"]) == (0, 3, 0.0)
    assert one["agreement"] is None
    assert two["confidence_shift"] == pytest.approx(0, abs=1e-3)
    assert one["mean_confidence"] == pytest.approx(two["mean_confidence"], abs=1e-3)
    assert 0 < two["p50_ms"] <= two["p95_ms"]
    assert (one["feedback"]["n"], one["feedback"]["accuracy"]) == (2, 0.5)
    assert (two["feedback"]["n"], two["feedback"]["accuracy"]) == (2, 0.5)
    assert two["feedback"]["low"] < 0.5 < two["feedback"]["high"]
    for alone in ("tiny/1", "tiny/1,tiny/1", "1,2", "tiny/1,2"):
        refused = versions.call("GET", "/models/compare", {"models": alone})
        assert refused.status == 400
    many = ",".join(f"tiny/{n}" for n in range(MOST_COMPARED + 1))
    assert versions.call("GET", "/models/compare", {"models": many}).status == 400
    missing = versions.call("GET", "/models/compare", {"models": "tiny/1,other/2"})
    assert (missing.status, missing.body["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(("labels", "n"), [(("red", "green", "blue"), 1), (("red", "a", "b"), 0)])
def test_none_of_the_labels_judges_a_shadow_without_other_labels(
    versions: Cloud, tmp_path: Path, labels: tuple[str, ...], n: int
) -> None:
    """What shows nothing that production knows may show what only its shadow knows."""
    three = ModelRef("tiny", "3")
    write_tiny_artifact(tmp_path / "3", "3", unknown_threshold=1.0, labels=labels)
    versions.publish(tmp_path / "3", promote=False)
    versions.registry.set_shadow(three, order())
    answered = versions.predict(RED).body
    say(versions, answered["id"], {"label": None})
    versions.count(versions.stream())
    assert versions.run_shadow() == 1
    assert shadow().shadows.get(answered["id"], three) is not None
    query = {"models": "tiny/1,tiny/3", **days()}
    one, other = versions.call("GET", "/models/compare", query).body["items"]
    assert (one["feedback"]["n"], one["feedback"]["accuracy"]) == (1, 0)
    found = other["feedback"]
    assert (found["n"], found["accuracy"]) == (1, 1) if n else found is None


def watch(cloud: Cloud, **limits: Any) -> None:
    cloud.registry.set_rule(RollbackRule(enabled=True, min_images=4, **limits))


def production(cloud: Cloud) -> str | None:
    model = cloud.registry.current()
    return model.version if model else None


def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function reads the aliases again for each image."""
    monkeypatch.setattr("lambdas.classification.active_model.REFRESH_S", 0)
    monkeypatch.setattr("lambdas.counters.service.REFRESH_S", 0)


def test_an_unsure_version_is_taken_back(
    versions: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(monkeypatch)
    watch(versions)
    versions.registry.promote(TWO, order())
    for _ in range(3):
        versions.predict(RED)
    versions.count(versions.stream())
    assert production(versions) == "2"
    versions.predict(RED)
    versions.count(versions.stream())
    assert production(versions) == "1"
    move = versions.registry.history(1).items[0]
    assert (move.by, move.action) == ("the rollback rule", "rollback")
    assert move.reason == "unknown rate 1.000 over 0.5 in 4 images (0 unfamiliar)"
    assert '"TrialTakenBack":[1.0]' in capsys.readouterr().out
    (entry,) = versions.call("GET", "/audit").body["items"]
    assert (entry["by"], entry["action"]) == ("the rollback rule", "roll back")
    assert (entry["subject"], entry["status"]) == ("tiny/2", 200)
    assert entry["details"] == {"reason": move.reason}
    # It does not go on and on: what is left was never on trial.
    versions.registry.set_rule(RollbackRule(enabled=True, min_images=1, max_unknown_rate=0.0))
    versions.count(versions.stream())
    assert production(versions) == "1"


def test_a_rule_that_is_off_takes_nothing_back(
    versions: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh(monkeypatch)
    versions.registry.promote(TWO, order())
    for _ in range(5):
        versions.predict(RED)
    versions.count(versions.stream())
    assert production(versions) == "2"


def test_a_canary_that_cannot_answer_loses_its_share(
    versions: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh(monkeypatch)
    watch(versions)
    versions.s3.delete_object(Bucket="models", Key="models/tiny/2/model.onnx")
    versions.registry.set_canary(TWO, 99, order())
    for _ in range(6):
        assert versions.predict(RED).body["model"]["version"] == "1"
    versions.count(versions.stream())
    assert versions.registry.aliases().canary is None
    move = versions.registry.history(1).items[0]
    assert (move.alias, move.version, move.action) == ("canary", None, "rollback")
    assert (move.reason or "").startswith("error rate 1.000")


def test_a_version_that_disagrees_with_its_shadow_is_taken_back(
    versions: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh(monkeypatch)
    monkeypatch.setattr("lambdas.shadow.model.REFRESH_S", 0)
    watch(versions, max_unknown_rate=None)
    versions.registry.promote(TWO, order())
    versions.registry.set_shadow(ModelRef("tiny", "1"), order())
    for _ in range(4):
        versions.predict(RED)
    versions.count(versions.stream())
    assert production(versions) == "2"
    assert versions.run_shadow() == 4
    versions.count(versions.stream())
    assert production(versions) == "1"
    assert "disagreement" in (versions.registry.history(1).items[0].reason or "")


def test_a_move_of_somebody_else_ends_the_trial_first(versions: Cloud) -> None:
    versions.registry.promote(TWO, order())
    seen = versions.registry.aliases()
    versions.promote("1")
    assert not versions.registry.end_trial(seen, order())
    assert production(versions) == "1"


def test_images_unlike_the_reference_are_drift(
    cloud: Cloud,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(1)
    labels = {"red": 70, "green": 65, "blue": 65}
    reference = measure_reference(labels, rng.uniform(0, 0.6, (200, 3)).astype(np.float32))
    folder = tmp_path / "2"
    folder.mkdir()
    (folder / REFERENCE_FILE).write_text(json.dumps(strict.to_dict(reference)))
    write_tiny_artifact(folder, "2", extra=(REFERENCE_FILE,))
    cloud.publish(folder)
    monkeypatch.setattr("visionflow.models.drift.MIN_IMAGES", 6)
    for _ in range(6):
        cloud.predict(RED)
    cloud.count(cloud.stream())
    found = cloud.call("GET", "/stats", days()).body["drift"]["tiny/2"]
    assert found["n"] == 6
    assert (found["verdict"], found["needed"]) == ("drifted", 6)
    assert found["embedding"] > 0.5
    assert '"DriftAlarm":[1.0]' in capsys.readouterr().out
    assert counters().measure_drift(datetime.now(UTC)) is None  # measured a moment ago
