"""Records that other versions of the code have written."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from visionflow import strict
from visionflow.answers.answer import Score
from visionflow.dynamodb import item_bytes, to_item
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import DeviceAnswer, Failure, Feedback, ImageRef, Prediction
from visionflow.predictions.rows import read_prediction
from visionflow.predictions.store import PredictionStore

FEEDBACK = Feedback("red", "2030-01-02T00:00:00.000000Z", "eve", weight=3, from_queue=True)
RECORD = Prediction(
    id="01",
    source="api",
    status="ok",
    label="red",
    confidence=0.75,
    top_k=(),
    model=ModelRef("tiny", "1"),
    image=ImageRef("images", "api/01", None, 1, 1, 1, None),
    thumbnail_key=None,
    timings={},
    created_at="2030-01-01T00:00:00.000000Z",
    error=None,
    expires_at=1,
    feedback=FEEDBACK,
)


def test_what_newer_code_says_in_feedback_is_left_out() -> None:
    data = strict.to_dict(RECORD)
    data |= {"mood": "good", "feedback": {**data["feedback"], "mood": "good"}}
    assert read_prediction(to_item(data)) == RECORD


@pytest.mark.parametrize("field", ["parents", "is_parent", "weight", "from_queue"])
def test_what_older_code_did_not_say_in_feedback_has_its_default(field: str) -> None:
    data = strict.to_dict(RECORD)
    del data["feedback"][field]
    found = read_prediction(to_item(data)).feedback
    assert found is not None
    assert getattr(found, field) == getattr(Feedback("red", FEEDBACK.at, "eve"), field)


FULL = Prediction(
    id="01M8FK4DA9SGGXATNDDE6QZ0RY",
    source="api",
    status="unknown",
    label="a#b",
    confidence=0.10659580677747726,
    top_k=(Score("a#b", 0.10659580677747726), Score("c", 0.0)),
    model=ModelRef("tiny", "1.0.0"),
    image=ImageRef("images", "api/01M8FK4DA9SGGXATNDDE6QZ0RY", "v1", 4, 3, 2, "0f" * 32),
    thumbnail_key="thumbnails/01.jpg",
    timings={"infer": 1.5, "store": 2.0},
    created_at="2030-01-01T00:00:00.000000Z",
    error=None,
    expires_at=1,
    parents=("animal",),
    unknown_reason="unfamiliar",
    familiarity=0.25,
    refused=ModelRef("other", "2"),
    owner="eve#1",
    filename="a.jpg",
)
FAILED = replace(
    FULL,
    source="s3",
    status="failed",
    label=None,
    confidence=None,
    top_k=(),
    model=None,
    image=ImageRef("images", "uploads/b.jpg", None, None, None, None, None),
    thumbnail_key=None,
    timings={},
    error=Failure("image_empty", "The image has zero bytes."),
    parents=(),
    unknown_reason=None,
    familiarity=None,
    refused=None,
    owner=None,
    filename="b.jpg",
)


SENT = replace(
    FULL,
    origin="edge",
    made_at="2029-12-31T23:00:00.000000Z",
    device=DeviceAnswer("ok", "animal", 0.75, None, "a#b", 0.5, ModelRef("tiny", "0.9.0")),
)
KEPT = replace(
    FULL,
    origin="browser",
    made_at="2029-12-31T23:00:00.000000Z",
    image=ImageRef(None, None, None, 4, 3, None, None),
    thumbnail_key=None,
    timings={"device": 20.5},
)


class _Table:
    """Keeps what is put."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=KeyError)

    def __init__(self) -> None:
        self.item: dict[str, Any] = {}

    def put_item(self, **call: Any) -> None:
        self.item = call["Item"]


def _stored(prediction: Prediction) -> dict[str, Any]:
    table = _Table()
    assert PredictionStore("predictions", table).add(prediction, b"s" * 16)  # type: ignore[arg-type]
    return table.item


@pytest.mark.parametrize("prediction", [FULL, FAILED, SENT, KEPT])
def test_a_record_is_read_as_it_was_written(prediction: Prediction) -> None:
    assert read_prediction(_stored(prediction)) == prediction


@pytest.mark.parametrize("prediction", [FULL, FAILED, SENT, KEPT])
def test_a_record_that_lies_there_field_by_field_is_read(prediction: Prediction) -> None:
    """As code before the short form wrote it."""
    assert read_prediction(to_item(strict.to_dict(prediction))) == prediction


def test_a_record_from_before_there_were_devices_is_the_cloud_s() -> None:
    data = strict.to_dict(RECORD)
    for name in ("origin", "made_at", "device"):
        del data[name]
    found = read_prediction(to_item(data))
    assert (found.origin, found.made_at, found.device) == ("cloud", None, None)


def test_the_cloud_s_records_cost_nothing_more() -> None:
    assert not {"origin", "made_at", "device"} & set(_stored(FULL))


def test_a_usual_record_fits_into_one_write_unit_with_room_to_spare() -> None:
    """As long as on AWS: the names that CloudFormation gives, a caller's id, a file's name."""
    bucket = "visionflow-prod-data-images9bf4437c-1x2y3z4a5b6c"
    labels = ("domestic short-haired cat", "Egyptian cat", "tiger cat", "lynx", "Siamese cat")
    usual = replace(
        FULL,
        label=labels[0],
        top_k=tuple(Score(label, 0.10659580677747726) for label in labels),
        image=replace(FULL.image, bucket=bucket, version_id="3sL4kqtJlcpXroDTDmJrmSpXd3dIbrHY"),
        thumbnail_key=None,
        timings=dict.fromkeys(("model", "decode", "prepare", "infer", "store"), 123.456),
        parents=("animal", "cat"),
        refused=None,
        owner="0d4c3b2a-1111-2222-3333-444455556666",
        filename="IMG_20300101_123456.jpg",
    )
    assert item_bytes(_stored(usual)) < 0.85 * 1024
    device = DeviceAnswer(
        "ok", labels[0], 0.1065958, None, labels[0], 0.1065958, ModelRef("flowers", "1.0.0")
    )
    sent = replace(usual, origin="browser", made_at=FULL.created_at, device=device)
    assert item_bytes(_stored(sent)) < 1024
