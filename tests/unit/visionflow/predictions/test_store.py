"""Records that other versions of the code have written."""

import pytest

from visionflow import strict
from visionflow.dynamodb import to_item
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Feedback, ImageRef, Prediction
from visionflow.predictions.store import read_prediction

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
