"""Images that a version was never taught: what it needs to say so, and where its reason goes."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import lambdas.predict.handler
from lambdas.counters.handler import service as counters
from lambdas.shadow.handler import service as shadow
from lambdas.telemetry.measurements import reason_metric, status_metric
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.integration.test_observability import emitted
from tests.tiny_model import EMBEDDINGS_FILE, write_tiny_artifact
from visionflow.answers.familiarity import FamiliarImages
from visionflow.errors import ArtifactError
from visionflow.models.manifest import MANIFEST_NAME
from visionflow.models.ref import ModelRef
from visionflow.models.registry import Tried
from visionflow.models.rollback_rule import Tally
from visionflow.models.routing import Order

RED, BLUE, GREY = (encode(plain(c), "PNG") for c in ("red", "blue", "grey"))
TWO = ModelRef("tiny", "2")
STORED = f"models/tiny/2/{EMBEDDINGS_FILE}"


@pytest.fixture
def served(cloud: Cloud, tmp_path: Path) -> Cloud:
    """Version 1 served, and knows no reason but a low confidence; version 2 serves."""
    write_tiny_artifact(tmp_path / "2", "2", familiar=True, conformity=(0.4, 0.9, 0.99, 0.999))
    cloud.publish(tmp_path / "2")
    return cloud


def test_the_stored_embeddings_are_cached_and_replaced_when_damaged(
    served: Cloud, tmp_path: Path
) -> None:
    cached = tmp_path / "models" / "tiny" / "2" / EMBEDDINGS_FILE
    served.predict(RED)
    whole = cached.read_bytes()
    cached.write_bytes(whole[:-1])
    lambdas.predict.handler.service.cache_clear()
    assert served.predict(BLUE).body["unknown_reason"] == "unfamiliar"
    assert cached.read_bytes() == whole


def test_a_version_without_its_embeddings_is_refused(
    served: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    served.s3.delete_object(Bucket="models", Key=STORED)
    answer = served.predict(BLUE).body
    assert (answer["model"]["version"], answer["status"]) == ("1", "ok")
    assert answer["refused"] == {"name": "tiny", "version": "2"}
    assert '"ModelRefused":[1.0]' in capsys.readouterr().out
    health = served.call("GET", "/status")
    assert health.status == 503
    assert health.body["reason"] == f"{STORED}: missing in the models bucket"


def test_a_version_with_altered_embeddings_is_refused(
    served: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    served.s3.put_object(Bucket="models", Key=STORED, Body=b"other")
    assert served.predict(BLUE).body["refused"] == {"name": "tiny", "version": "2"}
    assert f"{EMBEDDINGS_FILE}: content differs from the manifest's checksum" in caplog.text


def test_a_version_with_the_embeddings_of_another_model_is_refused(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whole by their checksum, and of another width."""
    wider = FamiliarImages.of(np.eye(5, dtype=np.float32), np.arange(5) % 3, 3)
    with monkeypatch.context() as patch:
        patch.setattr(FamiliarImages, "of", lambda *_: wider)
        write_tiny_artifact(tmp_path / "2", "2", familiar=True)
    with pytest.raises(ArtifactError, match="those of another model"):
        cloud.publish(tmp_path / "2")
    # Published past the trial, it is refused where it would serve.
    passed = Tried(None, None, "2030-01-01T00:00:00.000000Z")
    monkeypatch.setattr("visionflow.models.publication.try_out", lambda *_: passed)
    cloud.publish(tmp_path / "2")
    assert cloud.predict(RED).body["refused"] == {"name": "tiny", "version": "2"}
    assert "those of another model" in caplog.text


REASONS = ((RED, "ok", None), (GREY, "unknown", "unsure"), (BLUE, "unknown", "unfamiliar"))


@pytest.mark.parametrize(("image", "status", "reason"), REASONS, ids=["red", "grey", "blue"])
def test_the_reason_is_in_answer_and_record(
    served: Cloud, image: bytes, status: str, reason: str | None
) -> None:
    answer = served.predict(image).body
    found = served.call("GET", f"/predictions/{answer['id']}").body
    for record in (answer, found):
        assert (record["status"], record["unknown_reason"]) == (status, reason)
        assert (record["familiarity"] < 0.4) is (reason == "unfamiliar")
    assert (answer["unknown_threshold"], answer["familiarity_threshold"]) == (0.5, 0.4)


def test_the_reason_is_in_the_history_and_among_the_uncertain(served: Cloud) -> None:
    for image, _, _ in REASONS:
        served.predict(image)
    for path in ("/logs", "/uncertain"):
        items = served.call("GET", path).body["items"]
        assert {item["unknown_reason"] for item in items} == {None, "unsure", "unfamiliar"}


def test_a_dropped_image_gets_the_reason_too(served: Cloud) -> None:
    served.drop("uploads/blue.png", BLUE)
    assert served.deliver(served.messages()) == []
    assert served.logs()[0]["unknown_reason"] == "unfamiliar"


def test_a_version_with_a_manifest_of_schema_1_still_serves(cloud: Cloud, tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "old", "2")
    document = json.loads((tmp_path / "old" / MANIFEST_NAME).read_text())
    del document["familiarity"], document["conformity"]
    (tmp_path / "old" / MANIFEST_NAME).write_text(json.dumps(document | {"schema_version": 1}))
    cloud.publish(tmp_path / "old")
    # Publishing writes the manifest anew, as schema 2.
    cloud.s3.upload_file(
        str(tmp_path / "old" / MANIFEST_NAME), "models", f"models/tiny/2/{MANIFEST_NAME}"
    )
    for image, reason in ((BLUE, None), (GREY, "unsure")):
        answer = cloud.predict(image).body
        assert (answer["model"]["version"], answer["unknown_reason"]) == ("2", reason)
        assert answer["familiarity"] is answer["familiarity_threshold"] is None


def test_a_record_from_before_there_were_two_reasons_is_unsure(cloud: Cloud) -> None:
    answer = cloud.predict(GREY).body
    cloud.dynamodb.update_item(
        TableName="predictions",
        Key={"id": {"S": answer["id"]}},
        UpdateExpression="REMOVE unknown_reason, familiarity",
    )
    (found,) = cloud.logs()
    assert (found["unknown_reason"], found["familiarity"]) == ("unsure", None)


def days() -> dict[str, str]:
    now = datetime.now(UTC).isoformat()
    return {"from": now, "to": now}


def test_statistics_and_comparison_count_each_reason(served: Cloud) -> None:
    for image in (RED, GREY, BLUE, BLUE):
        served.predict(image)
    served.count(served.stream())
    stats = served.call("GET", "/stats", days()).body
    assert stats["by_status"] == {"ok": 1, "unknown": 3, "failed": 0}
    assert (stats["unsure"], stats["unfamiliar"]) == (1, 2)
    (day,) = stats["by_day"]
    assert (day["unknown"], day["unsure"], day["unfamiliar"]) == (3, 1, 2)
    compared = served.call("GET", "/models/compare", {"models": "tiny/2,tiny/1", **days()}).body[
        "items"
    ]
    numbers = [(item["unknown"], item["unsure"], item["unfamiliar"]) for item in compared]
    assert numbers == [(3, 1, 2), (0, 0, 0)]
    trial = served.registry.aliases().trial
    assert trial is not None
    tally = counters()._counters.tally(trial)
    assert tally == Tally(answers=4, unknown=3, unfamiliar=2)


def test_the_shadow_keeps_its_own_reason(served: Cloud) -> None:
    served.promote("1")
    served.registry.set_shadow(TWO, Order("somebody", datetime.now(UTC)))
    lambdas.predict.handler.service.cache_clear()
    answer = served.predict(BLUE).body
    assert (answer["model"]["version"], answer["unknown_reason"]) == ("1", None)
    served.count(served.stream())
    assert served.run_shadow() == 1
    found = shadow().shadows.get(answer["id"], TWO)
    assert found is not None
    assert (found.status, found.unknown_reason) == ("unknown", "unfamiliar")
    assert found.familiarity is not None
    assert found.familiarity < 0.4


def test_a_shadow_s_answer_from_before_there_were_two_reasons_is_read(served: Cloud) -> None:
    served.promote("1")
    served.registry.set_shadow(TWO, Order("somebody", datetime.now(UTC)))
    lambdas.predict.handler.service.cache_clear()
    answer = served.predict(BLUE).body
    served.count(served.stream())
    served.run_shadow()
    served.dynamodb.update_item(
        TableName="insights",
        Key={"pk": {"S": f"SHADOW#{answer['id']}"}, "sk": {"S": "tiny#2"}},
        UpdateExpression="REMOVE unknown_reason, familiarity",
    )
    found = shadow().shadows.get(answer["id"], TWO)
    assert found is not None
    assert (found.label, found.unknown_reason) == ("blue", None)


def test_each_reason_has_its_metric(served: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    for image, _, _ in REASONS:
        served.predict(image)
    found = [
        {name for name in record if name.startswith(("Predictions.", "Unknown."))}
        for record in emitted(capsys)
    ]
    assert found == [
        {status_metric("ok")},
        {status_metric("unknown"), reason_metric("unsure")},
        {status_metric("unknown"), reason_metric("unfamiliar")},
    ]


def test_a_version_is_shown_with_what_it_recognises(served: Cloud) -> None:
    known = [
        served.call("GET", f"/models/tiny/{version}").body["recognises_unfamiliar"]
        for version in "12"
    ]
    assert known == [False, True]
