"""What a training's row allows, and what a step that is called again changes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from visionflow.datasets.run import Confusion, InstantRun, RunResult, RunStep
from visionflow.datasets.run_store import RunStore
from visionflow.errors import RunConflictError, RunNotFoundError
from visionflow.models.ref import ModelRef

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AT = "2030-01-01T00:00:00.000000Z"
LATER = "2030-01-01T00:01:00.000000Z"
RUN = InstantRun(
    id="01K0000000000000000000000A",
    dataset="fruit",
    version=0,
    model="fruit",
    state="waiting",
    started_at=AT,
    started_by="ann",
    promote=False,
)
RESULT = RunResult(
    top1=0.9,
    top1_low=0.8,
    top1_high=0.95,
    images=40,
    groups=30,
    worst=(Confusion(label="apple", answered="pear", count=3),),
)


@pytest.fixture
def client() -> Iterator["DynamoDBClient"]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1")
        client.create_table(
            TableName="datasets",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@pytest.fixture
def store(client: "DynamoDBClient") -> RunStore:
    return RunStore("datasets", client)


def test_a_run_is_started_once_and_read_as_it_was_written(store: RunStore) -> None:
    assert store.start(RUN) == RUN
    assert store.start(replace(RUN, started_by="bob")) == RUN
    assert store.run("fruit", RUN.id) == RUN
    with pytest.raises(RunNotFoundError):
        store.run("fruit", "other")


def test_the_newest_runs_come_first_and_other_datasets_have_their_own(store: RunStore) -> None:
    ids = [f"01K000000000000000000000{i:02}" for i in range(3)]
    for run_id in ids:
        store.start(replace(RUN, id=run_id))
    store.start(replace(RUN, dataset="fruit2"))
    assert [run.id for run in store.runs("fruit")] == ids[::-1]
    assert [run.id for run in store.runs("fruit", limit=2)] == ids[:0:-1]


def test_the_last_run_that_made_a_model_is_found_without_those_before(
    client: "DynamoDBClient", store: RunStore
) -> None:
    assert store.last_done("fruit") is None
    runs = [replace(RUN, id=f"01K000000000000000000000{i:02}") for i in range(60)]
    for run in runs:
        store.start(run)
    for run in runs[-30], runs[0]:
        store.finish(run, AT, run.id, RESULT, serves=False)
    pages: list[int] = []
    client.meta.events.register(
        "after-call.dynamodb.Query", lambda parsed, **_: pages.append(parsed["Count"])
    )
    last = store.last_done("fruit")
    assert last is not None
    assert last.id == runs[-30].id
    assert sum(pages) < len(runs)


def test_a_run_trains_on_the_version_that_was_named_first(store: RunStore) -> None:
    store.start(RUN)
    assert store.name_version(RUN, 3).version == 3
    assert store.name_version(RUN, 3).version == 3
    with pytest.raises(RunConflictError, match="on version 3"):
        store.name_version(RUN, 4)


def test_a_step_that_begins_again_goes_on(store: RunStore) -> None:
    store.start(RUN)
    store.begin(RUN, "embed", AT, total=10)
    store.progress(RUN, "embed", 0, 4)
    store.progress(RUN, "embed", 1, 3)
    # A part that is repeated counts once.
    store.progress(RUN, "embed", 0, 4)
    run = store.begin(RUN, "embed", LATER, total=10)
    assert run.state == "running"
    assert run.steps == (RunStep(name="embed", started_at=AT, done=7, total=10),)
    store.end_step(RUN, "embed", LATER)
    store.end_step(RUN, "embed", "2030-01-01T00:02:00.000000Z")
    run = store.begin(RUN, "freeze", AT)
    assert [(step.name, step.finished_at) for step in run.steps] == [
        ("freeze", None),
        ("embed", LATER),
    ]


def test_a_step_that_has_not_begun_cannot_end(store: RunStore) -> None:
    store.start(RUN)
    with pytest.raises(RunConflictError):
        store.end_step(RUN, "fit", AT)


def test_a_finished_run_leads_to_its_model_and_is_never_reopened(store: RunStore) -> None:
    store.start(RUN)
    run = store.name_version(RUN, 2)
    for _ in range(2):
        done = store.finish(run, LATER, "1", RESULT, serves=True)
    assert done == replace(
        RUN,
        version=2,
        state="done",
        finished_at=LATER,
        model_version="1",
        result=RESULT,
        serves=True,
    )
    assert store.models("fruit", 2) == (ModelRef("fruit", "1"),)
    assert store.models("fruit", 1) == ()
    with pytest.raises(RunConflictError):
        store.finish(run, LATER, "2", RESULT, serves=False)
    with pytest.raises(RunConflictError):
        store.begin(run, "fit", LATER)
    with pytest.raises(RunConflictError):
        store.progress(run, "fit", 0, 1)
    assert store.fail("fruit", RUN.id, LATER, "stopped", "Too late.") == done
    assert store.models("fruit", 2) == (ModelRef("fruit", "1"),)


def test_a_run_that_failed_stays_as_it_is(store: RunStore) -> None:
    store.start(RUN)
    failed = store.fail("fruit", RUN.id, AT, "image_missing", "An image is gone.")
    assert (failed.state, failed.error) == ("failed", ("image_missing", "An image is gone."))
    assert store.fail("fruit", RUN.id, LATER, "stopped", "It was stopped.") == failed
    with pytest.raises(RunConflictError):
        store.finish(RUN, LATER, "1", RESULT, serves=False)
    assert store.models("fruit", 0) == ()


def test_nothing_is_written_for_a_run_that_was_never_started(store: RunStore) -> None:
    with pytest.raises(RunNotFoundError):
        store.begin(RUN, "freeze", AT)
    with pytest.raises(RunNotFoundError):
        store.fail("fruit", RUN.id, AT, "stopped", "It was stopped.")
    assert store.runs("fruit") == ()


def test_the_name_of_a_version_belongs_to_the_run_that_took_it_first(store: RunStore) -> None:
    other = replace(RUN, id="01K0000000000000000000000B")
    assert store.take_name(RUN, "1")
    assert store.take_name(RUN, "1")
    assert not store.take_name(other, "1")
    assert store.take_name(other, "2")
    assert store.names_taken("fruit") == {"1": RUN.id, "2": other.id}


def test_a_result_from_before_its_curve_was_measured_is_read(
    store: RunStore, client: "DynamoDBClient"
) -> None:
    store.start(RUN)
    done = store.finish(store.name_version(RUN, 1), LATER, "1", RESULT, serves=False)
    client.update_item(
        TableName="datasets",
        Key={"pk": {"S": f"RUNS#{RUN.dataset}"}, "sk": {"S": RUN.id}},
        UpdateExpression="REMOVE #r.curve, #r.compared, #r.series",
        ExpressionAttributeNames={"#r": "result"},
    )
    assert store.run(RUN.dataset, RUN.id).result == done.result == RESULT
