"""GET /costs/month: from real counters, records, trainings and sizes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.api.costs.month import MonthCost, MonthCosts
from lambdas.api.costs.priced import Priced
from lambdas.api.costs.pricing import Pricing
from lambdas.api.costs.routes import endpoints
from lambdas.api.costs.storage import StorageSizes
from lambdas.api.costs.training import TrainingCosts
from lambdas.api.costs.viewer_days import Zone
from lambdas.api.resources import resources
from lambdas.api.settings import CostSettings
from tests.integration.conftest import DATASETS, Cloud
from visionflow.access.caller import Caller
from visionflow.access.roles import SCOPES_OF
from visionflow.datasets.record import Dataset, DatasetImage
from visionflow.datasets.run import InstantRun
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.insights.changes import created
from visionflow.insights.counters import Change, CounterStore, counts_row
from visionflow.jobs.record import JobRecord, JobRequest
from visionflow.jobs.store import JobStore
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import ImageRef, Prediction
from visionflow.timestamps import new_id, timestamp

SETTINGS = CostSettings(1769, 2048, "x86_64", 30, 7, 14, 0, 0, 1, 7, 50)
NOW = datetime(2030, 5, 11, 12, tzinfo=UTC)
ONE, TWO = ModelRef("tiny", "1"), ModelRef("other", "1")
YEAR_AGO = (NOW - timedelta(days=365)).date().isoformat()
UTC_ZONE, KST = Zone(0), Zone(9 * 60)


class Sizes:
    """CloudWatch with the sizes of some buckets."""

    def __init__(self, **sizes: float) -> None:
        self.sizes = sizes

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        results = []
        for query in asked["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            assert (metric["Namespace"], metric["MetricName"]) == ("AWS/S3", "BucketSizeBytes")
            size = self.sizes.get(metric["Dimensions"][0]["Value"])
            results.append({"Id": query["Id"], "Values": [] if size is None else [size, 1.0]})
        return {"MetricDataResults": results}


def months(cloud: Cloud, sizes: Sizes) -> MonthCosts:
    datasets = DatasetStore(DATASETS.datasets_table, cloud.dynamodb)
    return MonthCosts(
        CounterStore("insights", cloud.dynamodb),
        SETTINGS,
        "us-east-1",
        StorageSizes({"images": "images"}, {}, sizes, cloud.dynamodb),
        TrainingCosts(
            JobStore("jobs", cloud.dynamodb),
            datasets,
            RunStore(DATASETS.datasets_table, cloud.dynamodb),
            "x86_64",
        ),
    )


def classify(
    cloud: Cloud,
    at: datetime,
    n: int = 1,
    model: ModelRef = ONE,
    source: Any = "api",
    ms: float = 100.0,
) -> None:
    changes = []
    for _ in range(n):
        record = Prediction(
            id=new_id(at),
            source=source,
            status="ok",
            label="red",
            confidence=0.9,
            top_k=(),
            model=model,
            image=ImageRef("images", "api/x", None, 100, 100, 200_000, None),
            thumbnail_key=None,
            timings={"infer": ms / 4, "decode": 3 * ms / 4},
            created_at=timestamp(at),
            error=None,
            expires_at=int(at.timestamp()) + 86_400,
        )
        changes.append(created(record, None, None))
    CounterStore("insights", cloud.dynamodb).count(changes)


def found(cloud: Cloud, zone: Zone = UTC_ZONE, now: datetime = NOW, **sizes: float) -> MonthCost:
    return months(cloud, Sizes(**sizes)).of(zone, (), ONE, now)


def test_an_image_costs_what_its_function_took(cloud: Cloud) -> None:
    """Each version by its own milliseconds, and each function by its own memory."""
    classify(cloud, NOW, 4, ONE, "api", ms=100)
    classify(cloud, NOW, 2, TWO, "api", ms=1100)
    classify(cloud, NOW, 2, ONE, "s3", ms=200)
    month = found(cloud)
    one, two = month.by_version
    assert (one.model, one.images, two.model, two.images) == (ONE, 6, TWO, 2)
    assert one.ways["api"].mean_ms == 100
    assert (one.ways["s3"].mean_ms, one.ways["s3"].memory_mb) == (200, 2048)
    # A second more of a function with 1,769 MB, at the price of a GB-second.
    more = 1769 / 1024 * 0.0000166667
    dearer = two.ways["api"].per_1000 - one.ways["api"].per_1000
    assert dearer == pytest.approx(1000 * more)
    mean = (4 * one.ways["api"].per_1000 + 2 * one.ways["s3"].per_1000) / 6
    assert one.per_1000 == pytest.approx(mean)
    assert month.serving is not None
    assert month.serving.per_1000 == one.per_1000


def test_a_version_that_was_not_measured_says_so(cloud: Cloud) -> None:
    row = counts_row("2030-05-10", TWO)
    store = CounterStore("insights", cloud.dynamodb)
    store.count([Change("before", "1", {row: {"status.ok": 7}})])
    (two,) = found(cloud).by_version
    assert (two.images, two.ways) == (7, {})
    assert two.per_1000 > 0


def test_days_are_those_of_the_viewer(cloud: Cloud) -> None:
    """20:00 in UTC is the next morning in Seoul, and the month may be another one."""
    classify(cloud, datetime(2030, 4, 30, 20, tzinfo=UTC), 3)
    classify(cloud, datetime(2030, 5, 9, 20, tzinfo=UTC), 5)
    in_utc = {day.day: day.images for day in found(cloud).by_day}
    in_seoul = {day.day: day.images for day in found(cloud, KST).by_day}
    assert (in_utc["2030-05-09"], sum(in_utc.values())) == (5, 5)
    assert (in_seoul["2030-05-10"], in_seoul["2030-05-01"]) == (5, 3)
    assert len(in_seoul) == 11
    first = datetime(2030, 4, 30, 16, tzinfo=UTC)
    assert found(cloud, KST, first).month == "2030-05"
    assert found(cloud, UTC_ZONE, first).month == "2030-04"


def test_what_was_counted_before_hours_stays_on_the_day_of_utc(cloud: Cloud) -> None:
    row = counts_row("2030-05-09", ONE)
    store = CounterStore("insights", cloud.dynamodb)
    store.count([Change("before", "1", {row: {"status.ok": 2}})])
    classify(cloud, datetime(2030, 5, 9, 20, tzinfo=UTC))
    days = {day.day: day for day in found(cloud, KST).by_day}
    assert (days["2030-05-09"].images, days["2030-05-09"].utc_day) == (2, True)
    assert (days["2030-05-10"].images, days["2030-05-10"].utc_day) == (1, False)


def test_a_forecast_goes_on_as_the_last_days_were(cloud: Cloud) -> None:
    for back in range(1, 5):
        classify(cloud, NOW - timedelta(days=back), 10)
    month = found(cloud)
    assert (month.forecast.days, month.forecast.images_per_day) == (4, 10)
    each = month.by_version[0].usd / 40
    per_month = sum(part.per_month for part in month.fixed if part.item != "metrics")
    stored = sum(part.per_month or 0.0 for part in month.stored)
    left = 20.5  # days from noon of the eleventh to the end of May
    expected = month.so_far + left * 10 * each + left / 31 * (per_month + stored)
    assert month.forecast.usd == pytest.approx(expected, abs=month.fixed[-1].per_month)
    assert month.forecast.usd is not None
    assert month.forecast.usd > month.so_far


def test_too_few_days_are_no_forecast(cloud: Cloud) -> None:
    for back in range(3):
        classify(cloud, NOW - timedelta(days=back), 10)
    forecast = found(cloud).forecast
    assert (forecast.usd, forecast.days, forecast.least_days) == (None, 2, 3)


def test_the_parts_add_up(cloud: Cloud) -> None:
    classify(cloud, NOW, 20)
    month = found(cloud)
    parts = month.images_usd + month.stored_so_far + month.training.total
    assert month.so_far == pytest.approx(parts + sum(part.so_far for part in month.fixed))
    assert month.images_usd == pytest.approx(sum(day.usd for day in month.by_day))
    assert month.images_usd == pytest.approx(sum(part.usd for part in month.by_version))
    keys = next(part for part in month.fixed if part.item == "keys")
    assert keys.so_far == pytest.approx(keys.per_month * 10.5 / 31)


def test_storage_is_what_aws_measured_or_what_was_counted(cloud: Cloud) -> None:
    classify(cloud, NOW, 3)
    (counted,) = found(cloud).stored
    assert not counted.measured
    assert counted.bytes == 600_000
    (measured,) = found(cloud, images=5 * 2**30).stored
    assert (measured.measured, measured.bytes) == (True, 5 * 2**30)
    assert measured.per_month == pytest.approx(5 * 0.023)


def test_training_and_datasets_belong_to_the_month(cloud: Cloud) -> None:
    jobs = JobStore("jobs", cloud.dynamodb)
    request = JobRequest("finetune", data="s3://b/p")
    for at, usd in ((NOW, 1.5), (NOW - timedelta(days=40), 7.0)):
        created_at = timestamp(at)
        jobs.add(JobRecord(id=new_id(at), request=request, created_at=created_at, spent_usd=usd))
    datasets = DatasetStore(DATASETS.datasets_table, cloud.dynamodb)
    datasets.create(Dataset(name="fruit", created_at=timestamp(NOW), created_by="me"))
    datasets.images.announce("fruit", [image("a", NOW), image("b", NOW - timedelta(days=40))])
    runs = RunStore(DATASETS.datasets_table, cloud.dynamodb)
    runs.start(run(NOW))
    runs.begin(run(NOW), "fit", timestamp(NOW - timedelta(seconds=100)))
    training = found(cloud).training
    assert (training.jobs, training.jobs_usd) == (1, 1.5)
    assert (training.curated, training.trainings, training.complete) == (1, 1, True)
    assert training.curated_usd > 0
    # 100 seconds of a function with 3,008 MB.
    assert training.trainings_usd == pytest.approx(100 * 3008 / 1024 * 0.0000166667, rel=0.1)


def image(letter: str, at: datetime) -> DatasetImage:
    return DatasetImage(
        sha256=letter * 64,
        state="pending",
        added_at=timestamp(at),
        added_by="me",
        source="upload",
        bytes=1,
    )


def run(at: datetime) -> InstantRun:
    return InstantRun(
        id="01",
        dataset="fruit",
        version=1,
        model="fruit",
        state="waiting",
        started_at=timestamp(at),
        started_by="me",
        promote=False,
    )


def test_the_route_answers_with_prices_and_what_was_measured(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SETTINGS.to_env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "ap-northeast-2")
    classify(cloud, datetime.now(UTC))
    answer = cloud.call("GET", "/costs/month", {"offset": 540})
    assert answer.status == 200, answer.body
    assert (answer.body["offset"], answer.body["budget_usd"]) == (540, 50)
    assert answer.body["prices"]["region"] == "ap-northeast-2"
    assert answer.body["prices"]["instead_of"] is None
    assert answer.body["prices"]["items"]["s3_gb_months"] == 0.025
    assert answer.body["measured"]["model"]
    assert {part["place"] for part in answer.body["stored"]} >= {"images", "datasets"}
    assert answer.body["images"] == 1
    assert "'red'" not in str(answer.body), "who may not see labels may see costs"


def test_a_region_without_prices_is_said_with_whose_stand_for_them() -> None:
    pricing = Pricing.of(SETTINGS, "eu-south-9", (), 5.0)
    assert (pricing.region, pricing.instead_of) == ("us-east-1", "eu-south-9")
    said = pricing.estimated().assumptions["prices"]
    assert said.startswith("us-east-1, on demand")
    assert said.endswith("there are none for eu-south-9 here")


def test_what_was_measured_a_season_ago_prices_nothing(cloud: Cloud) -> None:
    classify(cloud, NOW - timedelta(days=25), 40, ms=9000)
    classify(cloud, NOW, 2, ms=100)
    (one,) = found(cloud).by_version
    assert (one.images, one.ways["api"].mean_ms) == (2, 100)


def test_the_cost_of_today_has_the_prices_of_the_month(cloud: Cloud) -> None:
    """Slow images of the month before last week price those of today too."""
    classify(cloud, NOW - timedelta(days=9), 6, ms=2000)
    classify(cloud, NOW, 2, ms=100)
    month = found(cloud)
    priced = Priced.of(
        CounterStore("insights", cloud.dynamodb), SETTINGS, "us-east-1", (), ONE, UTC_ZONE, NOW
    )
    assert month.serving is not None
    assert month.serving.per_1000 == 1000 * priced.prices[ONE].usd
    assert month.serving.ways["api"].mean_ms == pytest.approx((6 * 2000 + 2 * 100) / 8)


def test_both_routes_have_the_same_price(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SETTINGS.to_env().items():
        monkeypatch.setenv(name, value)
    classify(cloud, datetime.now(UTC), 3, ms=700)
    classify(cloud, datetime.now(UTC) - timedelta(days=8), 3, ms=100)
    today, month = (cloud.call("GET", path).body for path in ("/costs", "/costs/month"))
    assert today["per_1000"] == month["serving"]["per_1000"]


def test_a_year_of_counters_is_read_only_to_estimate_the_storage(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    days = CounterStore.days

    def seen(store: CounterStore, first: str, last: str) -> Any:
        asked.append(first)
        return days(store, first, last)

    monkeypatch.setattr(CounterStore, "days", seen)
    kept = replace(SETTINGS, original_retention_days=365)
    for sizes, reads in ((Sizes(images=1.0), ["2030-04-30"]), (Sizes(), ["2030-04-30", YEAR_AGO])):
        asked.clear()
        replace(months(cloud, sizes), settings=kept).of(UTC_ZONE, (), ONE, NOW)
        assert asked == reads


def test_what_trainings_cost_is_read_once_in_some_minutes(cloud: Cloud) -> None:
    clock = [0.0]
    costs = months(cloud, Sizes()).training
    costs._clock = lambda: clock[0]
    since = timestamp(NOW - timedelta(days=1))
    assert costs.since(since, "us-east-1", NOW).jobs == 0
    request = JobRequest("finetune", data="s3://b/p")
    job = JobRecord(id=new_id(NOW), request=request, created_at=timestamp(NOW), spent_usd=1.0)
    JobStore("jobs", cloud.dynamodb).add(job)
    assert costs.since(since, "us-east-1", NOW).jobs == 0
    assert costs.since(timestamp(NOW - timedelta(days=2)), "us-east-1", NOW).jobs == 1
    clock[0] += 600
    assert costs.since(since, "us-east-1", NOW).jobs == 1


@pytest.mark.parametrize("day", [11, 31])
def test_an_hour_that_is_not_over_is_of_today(cloud: Cloud, day: int) -> None:
    """In India the middle of 18:00 in UTC is midnight; at 18:05 it is still today."""
    india, now = Zone(330), datetime(2030, 5, day, 18, 5, tzinfo=UTC)
    classify(cloud, now - timedelta(minutes=2), 3)
    month = found(cloud, india, now)
    assert month.by_day[-1].day == f"2030-05-{day}"
    assert (month.by_day[-1].images, month.images) == (3, 3)
    (one,) = month.by_version
    assert month.images_usd == pytest.approx(one.usd)
    assert one.usd > 0
    # When it is tomorrow, they are of tomorrow, as all of that hour.
    later = found(cloud, india, now + timedelta(hours=1))
    assert (later.by_day[-1].images, later.images) == (3, 3)


def test_in_an_own_stage_the_month_is_for_admins(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SETTINGS.to_env().items():
        monkeypatch.setenv(name, value)
    viewer = Caller("user:ann", "ann@example.com", SCOPES_OF["viewer"])
    admin = Caller("user:eve", "eve@example.com", SCOPES_OF["model-admin"])
    assert cloud.call("GET", "/costs/month", caller=viewer).status == 200
    monkeypatch.setenv("VISIONFLOW_OWN_RECORDS", "1")
    resources.cache_clear()
    endpoints.service.cache_clear()
    assert cloud.call("GET", "/costs/month", caller=viewer).status == 403
    assert cloud.call("GET", "/costs/month", caller=admin).status == 200
    assert cloud.call("GET", "/costs", caller=viewer).status == 200
