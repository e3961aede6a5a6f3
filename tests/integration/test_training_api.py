"""The routes about training jobs, through the API's handler, on moto."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from tests.integration.conftest import DATASETS, Cloud
from tests.jobs import JOBS, TABLE, folders, make_buckets
from visionflow.access.budget import StageStop
from visionflow.access.quotas import Amounts, Quotas
from visionflow.access.usage import UsageSettings
from visionflow.datasets.health import health_of
from visionflow.datasets.record import Dataset, DatasetClass, DatasetImage
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import VersionStore
from visionflow.jobs.record import JobInstance
from visionflow.jobs.settings import JobControlSettings
from visionflow.jobs.store import JobStore
from visionflow.models.gate import GateLimits
from visionflow.timestamps import timestamp

ASKED = {"config": "flowers", "data": "s3://datasets/flowers", "set": {"seed": 3}}


@pytest.fixture
def store(empty_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> JobStore:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    machine = boto3.client("stepfunctions").create_state_machine(
        name="jobs",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::123456789012:role/jobs",
    )["stateMachineArn"]
    for name, value in JobControlSettings(TABLE, JOBS, "datasets", machine, 1).to_env().items():
        monkeypatch.setenv(name, value)
    make_buckets("datasets", JOBS)
    return JobStore(TABLE, empty_cloud.dynamodb)


def post(cloud: Cloud, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    return cloud.call("POST", path, body=data, content_type="application/json")


def test_a_job_is_recorded_started_and_shown(empty_cloud: Cloud, store: JobStore) -> None:
    answer = post(empty_cloud, "/training-jobs", ASKED)
    assert answer.status == 202, answer.body
    job = answer.body
    assert job["state"] == "queued"
    assert job["config"] == {
        **{"config": "flowers", "data": "s3://datasets/flowers", "set": {"seed": 3}},
        **{"model": None, "recipe": None, "instance": None, "on_demand": False},
        **{"max_hours": 8.0, "budget_usd": 10.0, "grow_from": None},
        **{"dataset": None, "dataset_version": None},
        "place": "ec2",
    }
    states = boto3.client("stepfunctions")
    (execution,) = states.list_executions(
        stateMachineArn=states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    )["executions"]
    assert execution["name"] == f"{job['id']}-1"
    started = states.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(started["input"]) == {"job_id": job["id"]}
    assert empty_cloud.call("GET", f"/training-jobs/{job['id']}").body == job
    listed = empty_cloud.call("GET", "/training-jobs", {"limit": 1}).body
    assert listed == {"items": [job], "next_cursor": None}


def test_a_job_can_be_stopped_once(empty_cloud: Cloud, store: JobStore) -> None:
    job_id = post(empty_cloud, "/training-jobs", ASKED).body["id"]
    stopped = empty_cloud.call("DELETE", f"/training-jobs/{job_id}")
    assert (stopped.status, stopped.body["state"]) == (202, "stopping")
    store.move(store.get(job_id), "cancelled")
    again = empty_cloud.call("DELETE", f"/training-jobs/{job_id}")
    assert (again.status, again.body["code"]) == (409, "job_conflict")
    resumed = post(empty_cloud, f"/training-jobs/{job_id}/resume")
    assert (resumed.status, resumed.body["state"]) == (202, "queued")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"config": "dogs"}, "config"),
        ({"model": "m" * 600}, "model"),
        ({"recipe": "instant"}, "recipe"),
        ({"set": {"seed": "x"}}, "set.seed"),
        ({"set": {"name": "꽃 사진"}}, "set.name"),
        ({"set": {"finetune.body.optimizer.name": "lion"}}, "set.finetune.body.optimizer.name"),
        ({"set": {"model.weights": "s3://a/weights.pt"}}, "set.model.weights"),
        ({"data": "s3://a/b"}, "data"),
        ({"max_hours": 1000}, "max_hours"),
        ({"budget_usd": "ten"}, "budget_usd"),
        ({"instance": "p5.48xlarge"}, "instance"),
        ({"dataset_version": 1}, "dataset_version"),
    ],
)
def test_a_refusal_names_the_field_at_fault(
    empty_cloud: Cloud, store: JobStore, change: dict[str, Any], field: str
) -> None:
    answer = post(empty_cloud, "/training-jobs", {**ASKED, **change})
    assert answer.status in (400, 422)
    assert answer.body["field"] == field


def test_a_problem_of_no_field_names_none(empty_cloud: Cloud, store: JobStore) -> None:
    assert empty_cloud.call("GET", "/training-jobs/x").body["field"] is None


def test_on_aws_machines_are_offered_and_nothing_waits_for_a_worker(
    empty_cloud: Cloud, store: JobStore
) -> None:
    options = empty_cloud.call("GET", "/training-options").body
    assert (options["runs_on"], options["worker"]) == ("aws", True)
    assert options["instances"]
    job = post(empty_cloud, "/training-jobs", ASKED).body
    assert (job["runs_on"], job["waits_for_worker"]) == ("aws", False)


@pytest.mark.parametrize(
    ("region", "priced", "usd"),
    [
        ("ap-northeast-2", "ap-northeast-2", 0.647),
        ("us-east-1", "us-east-1", 0.526),
        ("eu-south-9", "us-east-1", 0.526),
    ],
)
def test_machines_have_the_prices_of_the_stages_region(
    region: str,
    priced: str,
    usd: float,
    empty_cloud: Cloud,
    store: JobStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    options = empty_cloud.call("GET", "/training-options").body
    assert options["prices"]["region"] == priced
    assert options["prices"]["instead_of"] == (None if region == priced else region)
    machine = next(one for one in options["instances"] if one["type"] == "g4dn.xlarge")
    assert machine["usd_per_hour"] == usd


def test_on_the_local_cloud_a_job_waits_for_the_worker_and_shows_no_machine(
    empty_cloud: Cloud, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISIONFLOW_ON_AWS", "0")
    job_id = post(empty_cloud, "/training-jobs", ASKED).body["id"]
    launching = store.move(store.get(job_id), "launching")
    machine = JobInstance("i-1", "g4dn.xlarge", "us-east-1a", spot=True)
    store.move(launching, "running", instance=machine)

    def seen() -> tuple[Any, ...]:
        job = empty_cloud.call("GET", f"/training-jobs/{job_id}").body
        (listed,) = empty_cloud.call("GET", "/training-jobs").body["items"]
        assert listed == job
        options = empty_cloud.call("GET", "/training-options").body
        assert options["instances"] == []
        assert job["instance"] is None
        return job["runs_on"], job["waits_for_worker"], options["runs_on"], options["worker"]

    assert seen() == ("local", True, "local", False)
    store.see_worker(timestamp(datetime.now(UTC)))
    assert seen() == ("local", False, "local", True)
    store.see_worker(timestamp(datetime.now(UTC) - timedelta(minutes=5)))
    assert seen() == ("local", True, "local", False)
    store.see_worker(timestamp(datetime.now(UTC)))
    store.forget_worker()
    assert seen() == ("local", True, "local", False)


@pytest.mark.parametrize(
    ("change", "status", "code", "detail"),
    [
        ({"config": "dogs"}, 422, "job_refused", "config must be one of"),
        ({"set": {"seed": "x"}}, 422, "job_refused", "seed is like 1"),
        ({"set": {"name": "꽃 사진"}}, 422, "job_refused", "set: name must be at most 100 letters"),
        ({"set": {"version": "../1"}}, 422, "job_refused", "set: version must be at most"),
        ({"data": "/home/images"}, 400, "invalid_parameter", "s3://BUCKET/PREFIX"),
        ({"data": "s3://a/b"}, 422, "job_refused", "must lie in s3://datasets/"),
        ({"max_hours": 1000}, 400, "invalid_parameter", "max_hours must be above 0"),
        ({"budget_usd": 0}, 400, "invalid_parameter", "budget_usd must be above 0"),
        ({"instance": "p5.48xlarge"}, 400, "invalid_parameter", "instance must be one of"),
        ({"place": "local"}, 400, "invalid_body", "unknown field place"),
        ({"promote": True}, 400, "invalid_parameter", "POST /models/{name}/{version}/promote once"),
        ({"promote": False}, 400, "invalid_parameter", "/models/promotion-rule"),
        *(
            ({"set": {field: 1.0}}, 422, "job_refused", "the stage has the limits of the gate")
            for field in GateLimits().fields
        ),
        (
            {"set": {"model.weights": "s3://a/weights.pt"}},
            422,
            "job_refused",
            "must lie in s3://datasets/",
        ),
        ({"config": ""}, 400, "invalid_parameter", "config must be given"),
        ({"data": ""}, 400, "invalid_parameter", "Give either dataset"),
        ({"dataset": "fruit"}, 400, "invalid_parameter", "Give either dataset"),
        ({"dataset_version": 1}, 400, "invalid_parameter", "dataset_version is the number"),
        *(
            ({"data": "", **change}, status, code, detail)
            for change, status, code, detail in (
                ({"dataset": "Fruit!"}, 400, "invalid_parameter", "is not a name of a dataset"),
                ({"dataset": "fruit"}, 404, "dataset_missing", "no dataset 'fruit'"),
                (
                    {"dataset": "fruit", "dataset_version": 0},
                    *(400, "invalid_parameter", "dataset_version is the number"),
                ),
                (
                    {"dataset": "fruit", "set": {"data.group_by": "content"}},
                    *(422, "job_refused", "data.group_by cannot be set for a dataset"),
                ),
            )
        ),
    ],
)
def test_a_request_that_cannot_be_done_is_a_problem(
    empty_cloud: Cloud,
    store: JobStore,
    change: dict[str, Any],
    status: int,
    code: str,
    detail: str,
) -> None:
    answer = post(empty_cloud, "/training-jobs", {**ASKED, **change})
    assert (answer.status, answer.body["code"]) == (status, code)
    assert detail in answer.body["detail"]
    assert store.page(10).items == ()


@pytest.mark.parametrize("job_id", ["0" * 26, "nonsense"])
def test_a_job_that_is_not_there_is_a_problem(
    empty_cloud: Cloud, store: JobStore, job_id: str
) -> None:
    answer = empty_cloud.call("GET", f"/training-jobs/{job_id}")
    assert (answer.status, answer.body["code"]) == (404, "job_not_found")


def test_a_cursor_of_somebody_elses_is_a_problem(empty_cloud: Cloud, store: JobStore) -> None:
    for cursor in ("!", "bm9uc2Vuc2U"):
        answer = empty_cloud.call("GET", "/training-jobs", {"cursor": cursor})
        assert (answer.status, answer.body["code"]) == (400, "invalid_cursor")
    assert empty_cloud.call("GET", "/training-jobs", {"limit": 0}).status == 400


def test_a_form_gets_configs_data_sets_and_machines(empty_cloud: Cloud, store: JobStore) -> None:
    for key in ("flowers/rose/1.jpg", "flowers/rose/2.jpg", "flowers/tulip/1.jpg", "readme.txt"):
        empty_cloud.s3.put_object(Bucket="datasets", Key=key, Body=b"x")
    # What belongs to datasets of the table.
    for key in ("content/fruit/0", "datasets/fruit/a/1.jpg", "versions/fruit/1", "runs/fruit/1/x"):
        empty_cloud.s3.put_object(Bucket="datasets", Key=key, Body=b"x")
    for part in ("train", "test"):
        empty_cloud.s3.put_object(Bucket="datasets", Key=f"split/{part}/a/1.jpg", Body=b"x")
    options = empty_cloud.call("GET", "/training-options").body
    assert options["datasets"] == [
        {
            "prefix": "s3://datasets/flowers",
            "classes": {"rose": 2, "tulip": 1},
            "images": 3,
            "complete": True,
        },
        {"prefix": "s3://datasets/split", "classes": {"a": 2}, "images": 2, "complete": True},
    ]
    configs = {config["name"]: config for config in options["configs"]}
    assert configs["cifar10-small"]["model"] == "small_cnn"
    assert configs["flowers"]["parameters"]["finetune.body.epochs"]["default"] == 20
    assert configs["flowers"]["parameters"].keys().isdisjoint(GateLimits().fields)
    assert options["instances"][0]["type"] == "g4dn.xlarge"


def test_the_dollars_of_a_month_s_jobs_are_limited(
    empty_cloud: Cloud, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = Amounts(jobs=3, job_usd=25.0, requests=100, bytes=10**9)
    quotas = UsageSettings.of("usage", Quotas(100, most, most)).to_env()["VISIONFLOW_QUOTAS"]
    monkeypatch.setenv("VISIONFLOW_QUOTAS", quotas)
    assert [post(empty_cloud, "/training-jobs", ASKED).status for _ in range(2)] == [202, 202]
    refused = post(empty_cloud, "/training-jobs", ASKED)
    assert (refused.status, refused.body["code"]) == (429, "quota_exceeded")
    assert "25 USD for training jobs per month" in refused.body["detail"]
    # A cheaper one may start at once; then the number of jobs is used up too.
    assert post(empty_cloud, "/training-jobs", ASKED | {"budget_usd": 5.0}).status == 202
    refused = post(empty_cloud, "/training-jobs", ASKED | {"budget_usd": 0.1})
    assert (refused.status, refused.body["code"]) == (429, "quota_exceeded")
    assert len(store.page(10).items) == 3


@pytest.fixture
def fruit(store: JobStore) -> DatasetStore:
    """A dataset of two classes."""
    datasets = DatasetStore(DATASETS.datasets_table, boto3.client("dynamodb"))
    at = "2030-01-01T00:00:00Z"
    classes = tuple(DatasetClass(name=label) for label in ("apple", "pear"))
    datasets.create(Dataset(name="fruit", created_at=at, created_by="ann", classes=classes))
    for number, known in enumerate(classes):
        image = DatasetImage(
            sha256=f"{number:064d}",
            state="ready",
            added_at=at,
            added_by="ann",
            source="upload",
            bytes=1,
            label=known.name,
        )
        datasets.images.announce("fruit", [image])
        datasets.curation.curated("fruit", image, None)
    return datasets


OF_FRUIT = {"config": "flowers", "dataset": "fruit"}


def versions_of(datasets: DatasetStore) -> int:
    return len(VersionStore("datasets", boto3.client("s3"), datasets).versions("fruit"))


def test_a_job_waits_for_the_comparison_without_being_counted(
    empty_cloud: Cloud, store: JobStore, fruit: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = Amounts(jobs=1, job_usd=25.0, requests=100, bytes=10**9)
    quotas = UsageSettings.of("usage", Quotas(100, most, most)).to_env()["VISIONFLOW_QUOTAS"]
    monkeypatch.setenv("VISIONFLOW_QUOTAS", quotas)
    monkeypatch.setattr("time.sleep", pytest.fail)
    fruit.due("fruit", "wave")
    for _ in range(3):
        refused = post(empty_cloud, "/training-jobs", OF_FRUIT)
        assert (refused.status, refused.body["code"]) == (409, "dataset_comparing")
        assert refused.headers["Retry-After"] == "5"
    assert versions_of(fruit) == 0
    fruit.examined("fruit", health_of((), ()), fruit.due_token("fruit"))
    started = post(empty_cloud, "/training-jobs", OF_FRUIT)
    assert (started.status, started.body["config"]["dataset_version"]) == (202, 1)


def test_who_may_start_no_job_leaves_no_version_behind(
    empty_cloud: Cloud, store: JobStore, fruit: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = Amounts(jobs=3, job_usd=1.0, requests=100, bytes=10**9)
    quotas = UsageSettings.of("usage", Quotas(100, most, most)).to_env()["VISIONFLOW_QUOTAS"]
    monkeypatch.setenv("VISIONFLOW_QUOTAS", quotas)
    refused = post(empty_cloud, "/training-jobs", OF_FRUIT)
    assert (refused.status, refused.body["code"]) == (429, "quota_exceeded")
    assert versions_of(fruit) == 0


def test_a_dataset_that_takes_too_long_to_freeze_starts_no_job(
    empty_cloud: Cloud, store: JobStore, fruit: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdas.api.training_jobs.service.FREEZING_S", 0)
    refused = post(empty_cloud, "/training-jobs", OF_FRUIT)
    assert (refused.status, refused.body["code"]) == (422, "dataset_too_large")
    assert "Name a version" in refused.body["detail"]
    assert store.page(10).items == ()


def test_no_job_starts_or_resumes_in_a_stopped_stage(empty_cloud: Cloud, store: JobStore) -> None:
    job_id = post(empty_cloud, "/training-jobs", ASKED).body["id"]
    empty_cloud.call("DELETE", f"/training-jobs/{job_id}")
    store.move(store.get(job_id), "cancelled")
    stop = StageStop("usage", boto3.client("dynamodb"))
    stop.stop("The budget is spent.", datetime.now(UTC))
    for path, body in (("/training-jobs", ASKED), (f"/training-jobs/{job_id}/resume", None)):
        refused = post(empty_cloud, path, body)
        assert (refused.status, refused.body["code"]) == (429, "budget_stopped")
    assert store.get(job_id).state == "cancelled"


def test_the_form_lists_the_datasets_once_a_minute(
    empty_cloud: Cloud, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings: list[str] = []
    send: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def note(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        listings.extend([operation] * (operation == "ListObjectsV2"))
        return send(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", note)
    answers = [empty_cloud.call("GET", "/training-options") for _ in range(5)]
    assert {answer.status for answer in answers} == {200}
    assert len(listings) == 1  # of the top folders, of which there are none


NOT_REPORTS: list[bytes] = [
    b"",
    b"{",
    b"[]",
    b"nothing",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"heartbeat_at": null}',
    b'{"heartbeat_at": "2030-01-01T12:00:00"}',
    b'{"heartbeat_at": 1e999}',
    b"x" * 500_000,
]


@pytest.mark.parametrize("body", NOT_REPORTS, ids=lambda body: repr(body[:20]))
def test_what_is_not_a_report_breaks_no_list_detail_or_stop(
    empty_cloud: Cloud, store: JobStore, body: bytes
) -> None:
    job_id = reported(empty_cloud, store, body)
    listed = empty_cloud.call("GET", "/training-jobs")
    assert [item["id"] for item in listed.body["items"]] == [job_id]
    shown = empty_cloud.call("GET", f"/training-jobs/{job_id}")
    assert (shown.status, shown.body["epochs"], shown.body["heartbeat_at"]) == (200, [], None)
    assert empty_cloud.call("DELETE", f"/training-jobs/{job_id}").status == 202


def test_a_report_is_read_part_by_part(empty_cloud: Cloud, store: JobStore) -> None:
    good = {
        "epoch": 1,
        **dict.fromkeys(("train_loss", "train_top1", "validation_loss"), 0.5),
        **{"validation_top1": 1, "seconds": 2.0},
    }
    report = {
        "heartbeat_at": "2030-01-01T12:00:00+01:00",
        "reporter": "AROA:other",
        "job_id": "another",
        "unknown": {"deep": [1]},
        "progress": {"step": "train", "epoch": "many", "epochs": 3},
        "epochs": [good, {**good, "seconds": "long"}, 7, None, {**good, "train_loss": 1e300}],
        "log_tail": ["\x1b]0;evil\x07 \ud800", 5, "x" * 10_000, *(["line"] * 90)],
        "outcome": {"kind": "promoted", "reason": "because"},
    }
    job_id = reported(empty_cloud, store, json.dumps(report).encode())
    shown = empty_cloud.call("GET", f"/training-jobs/{job_id}").body
    assert shown["id"] == job_id
    assert shown["heartbeat_at"] == "2030-01-01T11:00:00.000000Z"
    assert shown["progress"] is None
    assert shown["epochs"] == [{**good, "validation_top1": 1.0}]
    assert shown["log_tail"] == ["line"] * 40
    report["log_tail"] = ["\x1b]0;evil\x07 \ud800"]
    job_id = reported(empty_cloud, store, json.dumps(report).encode())
    (line,) = empty_cloud.call("GET", f"/training-jobs/{job_id}").body["log_tail"]
    assert line.isprintable()


def reported(cloud: Cloud, store: JobStore, body: bytes) -> str:
    """A job whose machine has written ``body`` in place of a report."""
    job_id: str = post(cloud, "/training-jobs", ASKED).body["id"]
    moved = store.move(store.get(job_id), "launching", attempt=1)
    record = store.move(moved, "running", reporters=(f"AROA:{job_id}",))
    cloud.s3.put_object(Bucket=JOBS, Key=f"jobs/{record.reporter}/report.json", Body=body)
    # Nothing that a machine says is believed of another.
    found = folders().report(record)
    assert found is None or (found.reporter, found.job_id) == (record.reporter, job_id)
    return job_id


def test_a_record_from_before_promotion_was_a_step_of_its_own_is_read(
    empty_cloud: Cloud, store: JobStore
) -> None:
    job_id = post(empty_cloud, "/training-jobs", ASKED).body["id"]
    empty_cloud.dynamodb.update_item(
        TableName=TABLE,
        Key={"pk": {"S": "JOB"}, "sk": {"S": job_id}},
        UpdateExpression="SET #request.promote = :no",
        ExpressionAttributeNames={"#request": "request"},
        ExpressionAttributeValues={":no": {"BOOL": False}},
    )
    assert empty_cloud.call("GET", f"/training-jobs/{job_id}").status == 200
