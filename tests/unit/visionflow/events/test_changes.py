"""Which changes of rows become events, of what shape, and under ids that stay the same."""

import copy
import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from infra.generators.schemas import EVENT_SCHEMA_FILE
from visionflow.backfills.record import Backfill, BackfillEstimate, Listing
from visionflow.backfills.request import Work
from visionflow.datasets.run import InstantRun
from visionflow.dynamodb import to_item
from visionflow.events.alarms import alarm_event
from visionflow.events.changes import READERS, Change, Table, UntellableError, event_of
from visionflow.events.shapes import Event, HookTest, Item, Kind, event
from visionflow.jobs.record import JobRecord, JobRequest
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Move
from visionflow.predictions.record import Failure, ImageRef, Prediction
from visionflow.predictions.rows import SORT_KEY, written
from visionflow.strict import to_dict

AT = "2030-01-01T00:00:00.000000Z"
LATER = "2030-01-01T01:00:00.000000Z"
SCHEMA = json.loads(EVENT_SCHEMA_FILE.read_text(encoding="utf-8"))

PREDICTION = Prediction(
    id="s3-abc",
    source="s3",
    status="ok",
    label="rose",
    confidence=0.93,
    top_k=(),
    model=ModelRef("flowers", "1.0.0"),
    image=ImageRef("images", "uploads/a.jpg", "v1", 640, 480, 1000, "0" * 64),
    thumbnail_key=None,
    timings={"infer": 5.0},
    created_at=AT,
    error=None,
    expires_at=2_000_000_000,
)


def prediction(**changes: Any) -> Item:
    found = replace(PREDICTION, **changes)
    position = f"{found.created_at}#{found.id}"
    return to_item({SORT_KEY: position, **written(found)})


def moved(**changes: Any) -> Item:
    move = replace(
        Move("production", "flowers", "2.0.0", None, AT, "ann@example.com", "promote", "better"),
        **changes,
    )
    return to_item({"pk": "HISTORY", "sk": f"{AT}#{move.alias}", **to_dict(move)})


def job(state: str = "succeeded", **changes: Any) -> Item:
    record = JobRecord(
        id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        state=state,  # type: ignore[arg-type]
        request=JobRequest(config="flowers", dataset="roses"),
        created_at=AT,
        ended_at=LATER,
        spent_usd=1.25,
        model=ModelRef("flowers", "2.0.0"),
    )
    return to_item({"pk": "JOB", "sk": record.id, **to_dict(replace(record, **changes))})


def run(state: str = "done", **changes: Any) -> Item:
    found = InstantRun(
        id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        dataset="roses",
        version=3,
        model="roses",
        state=state,  # type: ignore[arg-type]
        started_at=AT,
        started_by="ann@example.com",
        promote=False,
        finished_at=LATER,
        model_version="1.0.4",
    )
    row = to_dict(replace(found, **changes)) | {"steps": {}, "parts": {}}
    return to_item({"pk": "RUNS#roses", "sk": found.id, **row})


def backfill(state: str = "done", **changes: Any) -> Item:
    found = Backfill(
        id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        work=Work("s3://photos/", "listing", ("roses/1.0.4",), "files", None, 5, None, None),
        state="running",
        created_at=AT,
        started_by="ann@example.com",
        listing=Listing(),
        estimate=BackfillEstimate(3, True, 300, 0.1, 2.0, {}, "release"),
        ended_at=LATER,
    )
    row = to_dict(replace(found, **changes)) | {"state": state}
    return to_item({"pk": "BACKFILL", "sk": found.id, **row})


def alarm(metric: str = "ApproximateAge", value: str = "ALARM") -> dict[str, Any]:
    """As CloudWatch documents it."""
    return {
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "time": "2030-01-01T00:00:00Z",
        "detail": {
            "alarmName": "VisionFlow-Dev-Service-X",
            "configuration": {
                "description": "An image has waited.",
                "metrics": [{"metricStat": {"metric": {"name": metric}}}],
            },
            "previousState": {"value": "OK"},
            "state": {
                "value": value,
                "reason": "over",
                "timestamp": "2030-01-01T00:00:00.000+0000",
            },
        },
    }


def heard(table: Table, before: Item | None, after: Item | None) -> Event | None:
    return event_of(Change(table, before, after))


TOLD: list[tuple[Table, Item | None, Item, Kind]] = [
    ("predictions", None, prediction(), "prediction.recorded"),
    # Its id had a tombstone, or a mark that a worker was at work.
    (
        "predictions",
        to_item({"id": "s3-abc", "erased_at": AT}),
        prediction(),
        "prediction.recorded",
    ),
    ("registry", None, moved(), "model.moved"),
    ("registry", None, moved(alias="canary", name=None, version=None), "model.moved"),
    ("jobs", job("running"), job(), "training.ended"),
    ("jobs", job("stopping"), job("cancelled"), "training.ended"),
    ("jobs", None, job("failed", reason="no capacity", model=None), "training.ended"),
    ("jobs", backfill("running"), backfill(), "backfill.ended"),
    ("jobs", backfill("running"), backfill("stopped"), "backfill.ended"),
    ("jobs", backfill("listing"), backfill("failed", execution=2), "backfill.ended"),
    ("datasets", run("running"), run(), "training.ended"),
    ("datasets", run("running"), run("failed", error=("x", "Too few.")), "training.ended"),
]
SILENT: list[tuple[Table, Item | None, Item | None]] = [
    ("predictions", prediction(), None),
    ("predictions", prediction(), prediction(thumbnail_key="thumbnails/a.jpg")),
    ("predictions", prediction(), to_item({"id": "s3-abc", "erased_at": AT})),
    ("predictions", None, to_item({"id": "attempt-1", "begun_at": AT})),
    ("registry", None, to_item({"pk": "ALIASES", "sk": "CURRENT"})),
    ("jobs", job("running"), job("running")),
    ("jobs", job(), job()),
    ("jobs", None, to_item({"pk": "WORKER", "sk": "local"})),
    ("jobs", backfill("listing"), backfill("running")),
    ("jobs", backfill("running"), backfill("paused")),
    ("jobs", backfill(), backfill()),
    ("jobs", None, to_item({"pk": "BACKFILLKEY", "sk": "key#1", "backfill": "1"})),
    ("datasets", run("waiting"), run("running")),
    ("datasets", run(), run()),
    ("datasets", None, to_item({"pk": "IMAGES#roses", "sk": "x"})),
]


@pytest.mark.parametrize(("table", "before", "after", "kind"), TOLD)
def test_a_change_is_told_in_the_shape_of_the_schema(
    table: Table, before: Item | None, after: Item, kind: Kind
) -> None:
    found = heard(table, before, after)
    assert found is not None
    assert found.kind == kind
    Draft202012Validator(SCHEMA).validate(json.loads(found.to_json()))
    # The same change, however often it is delivered.
    again = heard(table, copy.deepcopy(before), copy.deepcopy(after))
    assert again == found


@pytest.mark.parametrize(("table", "before", "after"), SILENT)
def test_other_changes_are_not_told(table: Table, before: Item | None, after: Item | None) -> None:
    assert heard(table, before, after) is None


def test_every_change_has_an_id_of_its_own() -> None:
    changes = [(table, before, after) for table, before, after, _ in TOLD]
    # The second is the first one again, under a record that came back.
    others = [
        ("predictions", None, prediction(id="s3-abd")),
        ("predictions", prediction(), prediction(created_at=LATER)),
        ("registry", None, moved(moved_at=LATER)),
        ("jobs", job("running"), job(execution=2)),
        ("datasets", run("running"), run(id="01ARZ3NDEKTSV4RRFFQ69G5FAW")),
    ]
    found = [heard(*change) for change in (*changes, *others)]  # type: ignore[arg-type]
    ids = [one.id for one in found if one is not None]
    assert len(ids) == len(TOLD) + len(others)
    # Three ends of one job's first run, and two of one training: each happens once.
    assert len(set(ids)) == len(ids) - 1 - 2 - 1


@pytest.mark.parametrize("table", list(READERS))
@pytest.mark.parametrize("after", [{}, {"pk": {"S": "JOB"}}, {"pk": {"S": "HISTORY"}}, {"pk": 7}])
def test_a_row_that_cannot_be_read_is_untellable(table: Table, after: Item) -> None:
    try:
        assert heard(table, None, after) is None
    except UntellableError as error:
        assert table in str(error)
    if table == "predictions":
        with pytest.raises(UntellableError):
            heard(table, None, after)


@pytest.mark.parametrize(
    ("table", "after"),
    [
        ("predictions", prediction(created_at="today")),
        ("registry", moved(moved_at="today")),
        ("jobs", job(ended_at="today")),
        ("jobs", backfill(ended_at="today")),
        ("datasets", run(finished_at="today")),
    ],
)
def test_a_row_without_a_time_holds_up_no_stream(table: Table, after: Item) -> None:
    with pytest.raises(UntellableError):
        heard(table, None, after)


def test_an_alarm_is_told_and_that_about_drift_as_drift() -> None:
    rings, ends = alarm_event(alarm()), alarm_event(alarm(value="OK"))
    assert (rings.kind, alarm_event(alarm("DriftAlarm")).kind) == ("alarm.changed", "drift.changed")
    assert rings.id == alarm_event(alarm()).id != ends.id
    Draft202012Validator(SCHEMA).validate(json.loads(rings.to_json()))


def test_each_kind_is_made_somewhere() -> None:
    made = {kind for *_, kind in TOLD} | {"alarm.changed", "drift.changed", "hook.test"}
    assert made == set(get_args(Kind))
    test = event("hook.test", AT, HookTest("erp"), "erp", AT)
    Draft202012Validator(SCHEMA).validate(json.loads(test.to_json()))


def test_an_event_has_no_content_of_an_image_and_no_timings() -> None:
    found = heard("predictions", None, prediction(error=Failure("image_empty", "Zero bytes.")))
    assert found is not None
    text = found.to_json()
    assert "error_code" in text
    assert not {"sketch", "timings", "thumbnail_key", "feedback"} & set(json.loads(text)["data"])
