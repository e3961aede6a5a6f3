from dataclasses import replace
from typing import Any

import pytest

from tests.unit.visionflow.predictions.test_rows import RECORD
from visionflow.answers.answer import Score
from visionflow.datasets.flow import Flow
from visionflow.errors import ImageNeverSentError
from visionflow.insights.changes import created
from visionflow.loop.flowing import wants
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Trial
from visionflow.predictions.record import (
    Compared,
    DeviceAnswer,
    ImageRef,
    StoredImage,
    s3_object_id,
)


def test_an_object_version_has_one_id() -> None:
    first = s3_object_id("bucket", "uploads/cat.jpg", "v1")
    assert first == s3_object_id("bucket", "uploads/cat.jpg", "v1")
    others = {
        s3_object_id("bucket", "uploads/cat.jpg", "v2"),
        s3_object_id("bucket", "uploads/dog.jpg", "v1"),
        s3_object_id("other", "uploads/cat.jpg", "v1"),
        # Parts that only differ in where one ends and the next begins.
        s3_object_id("bucket", "\nuploads/cat.jpg", "v1"),
        s3_object_id("bucket\nv1", "uploads/cat.jpg", "v1"),
    }
    assert len(others | {first}) == 6


SAID = DeviceAnswer("ok", "cat", 0.75, None, "cat", 0.75, ModelRef("tiny", "1"))


@pytest.mark.parametrize(
    ("changes", "device", "expected"),
    [
        ({}, SAID, Compared(True, 0.25)),
        # A parent was named in one of the two places, and the best label is the same.
        ({"label": "animal"}, SAID, Compared(True, 0.25)),
        ({}, replace(SAID, best="dog"), Compared(False, 0.0)),
        ({}, replace(SAID, model=ModelRef("tiny", "2")), None),
        ({}, None, None),
        ({"top_k": (), "status": "failed"}, SAID, None),
    ],
)
def test_a_device_is_compared_by_the_best_label_of_the_same_version(
    changes: Any, device: DeviceAnswer | None, expected: Compared | None
) -> None:
    one = replace(RECORD, label="cat", top_k=(Score("cat", 0.5),), device=device)
    sent = replace(one, **changes)
    assert sent.compared == expected


def test_without_an_image_there_is_nothing_to_show_and_nothing_to_read() -> None:
    kept = replace(RECORD, image=ImageRef(None, None, None, 4, 3, None, None))
    assert not kept.has_image
    assert not kept.can_be_shown("0")
    assert kept.object_id == kept.id
    with pytest.raises(ImageNeverSentError):
        _ = kept.stored_image
    assert RECORD.stored_image == StoredImage("images", "api/01", None)


@pytest.mark.parametrize(
    "kinds", [("uncertain",), ("unfamiliar",), ("corrected",)], ids=lambda kinds: kinds[0]
)
def test_a_record_flows_into_no_dataset_without_its_image(kinds: tuple[Any, ...]) -> None:
    flow = Flow(kinds=kinds)
    reason: Any = "unsure" if kinds[0] == "uncertain" else "unfamiliar"
    one = replace(RECORD, status="unknown", label="blue", unknown_reason=reason)
    assert wants(flow, one)
    assert not wants(flow, replace(one, image=ImageRef(None, None, None, 4, 3, None, None)))


def test_a_trial_is_not_judged_by_what_devices_answer_alone() -> None:
    trial = Trial("canary", ModelRef("tiny", "1"), RECORD.created_at)
    kept = replace(
        RECORD, status="unknown", image=ImageRef(None, None, None, 4, 3, None, None), confidence=0.1
    )
    for one, judged in ((replace(kept, image=RECORD.image), True), (kept, False)):
        rows = {row.kind for row in created(one, None, trial).amounts}
        assert ("TRIAL" in rows) is judged
