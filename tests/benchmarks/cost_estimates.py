"""What `visionflow cost` estimates in this checkout.

Nothing is measured here and no result file keeps it: the README is rendered from the estimator, so
`make check` fails when a price, an alarm or a measurement changed and the README did not.
"""

from dataclasses import replace

from infra.cli.cost import workload_of
from infra.stages import DEV, FREEZABLE, MORE_ALARMS, StageConfig
from tests.benchmarks.figures import Figure, Run, Target, figure
from visionflow.costs.amounts import MB_PER_VCPU
from visionflow.costs.estimate import Estimate, estimate
from visionflow.costs.instant import TYPICAL_MEGAPIXELS, dataset_cost
from visionflow.costs.measured import measured
from visionflow.costs.prices import DEFAULT_REGION, price_table

DATASETS = (3_000, 200, 50_000)
OPTIONS = {
    "snap_start": (replace(DEV, snap_start=True), f"snapshots of {FREEZABLE} functions"),
    "alarm_key": (replace(DEV, alarm_key=True), "one key"),
    "all_alarms": (replace(DEV, all_alarms=True), f"{MORE_ALARMS} more alarms"),
}


def run() -> Run:
    figures = (_images(), *_million(), *_months(), *_datasets())
    return Run("python -m tests.benchmarks.readme", None, None, None, figures)


def _million() -> tuple[Figure, ...]:
    """What the stage `dev` costs as it is by default, and what other settings would."""
    cost = estimate(replace(workload_of(DEV, DEFAULT_REGION), per_day=33_333))
    kept = cost.http.items["s3_gb_months"] + cost.http.items["dynamodb_gb_months"]
    what = f"a million images of 3 MP on AWS {DEFAULT_REGION}, stage dev"
    return (
        figure(
            "costs",
            what,
            {"HTTP": cost.http.per_million, "S3": cost.s3.per_million},
            "USD",
            target=Target("at most", 20),
            note=f"estimated; thumbnails {cost.assumptions['thumbnails']}; "
            f"{cost.assumptions['kept']}",
        ),
        figure(
            "costs",
            f"{what}: of HTTP, storage",
            kept,
            "USD",
            target=Target("at most", 6),
            note="estimated; of originals, thumbnails and records",
        ),
        figure(
            "costs",
            f"{what}: what another setting adds to HTTP",
            {f"{one.setting}: {one.other}": one.http for one in cost.levers},
            "USD",
            note="estimated; each on its own",
        ),
    )


def _images() -> Figure:
    cost = estimate(replace(workload_of(DEV, DEFAULT_REGION), per_day=10_000, megapixels=12))
    return figure(
        "costs",
        f"a million images of 12 MP on AWS {DEFAULT_REGION}, x86_64, {MB_PER_VCPU:,} MB, kept"
        f" for {DEV.original_retention_days} days",
        {
            "HTTP": cost.http.per_million,
            "S3": cost.s3.per_million,
            "of which storage": cost.s3.items["s3_gb_months"],
        },
        "USD",
        note="estimated",
    )


def _months() -> tuple[Figure, ...]:
    basic = _estimate(DEV)
    paid_metrics = measured().metrics - price_table().free["metrics"]
    return (
        figure(
            "costs",
            "an idle deployment, a month, as the account's only one",
            _idle(basic),
            "USD",
            target=Target("at most", 0.12),
            note="estimated; Lambda polls two empty queues",
        ),
        *(
            figure(
                "costs",
                f"idle, option {name}, a month",
                _idle(_estimate(stage)) - _idle(basic),
                "USD",
                note=f"estimated; {about}",
            )
            for name, (stage, about) in OPTIONS.items()
        ),
        figure(
            "costs",
            "custom metrics beyond the free ones, images at every hour, a month",
            basic.metrics_per_month,
            "USD",
            note=f"estimated; {paid_metrics:.0f} metrics",
        ),
    )


def _datasets() -> tuple[Figure, ...]:
    costs = [dataset_cost(images) for images in DATASETS]
    names = [f"{cost.images:,} images" for cost in costs]
    return (
        figure(
            "costs",
            f"a dataset from upload to a version ({DEFAULT_REGION}, x86_64, images of"
            f" {TYPICAL_MEGAPIXELS} MP)",
            dict(zip(names, (cost.total for cost in costs), strict=True)),
            "USD",
            target=Target("at most", 0.05),
            note="estimated",
        ),
        figure(
            "costs",
            "of that, the training",
            dict(zip(names, (sum(cost.training.values()) for cost in costs), strict=True)),
            "USD",
            note="estimated",
        ),
        figure(
            "costs",
            "processor time of the training",
            dict(zip(names, (cost.seconds for cost in costs), strict=True)),
            "s",
            note="estimated from smaller datasets",
        ),
    )


def _estimate(stage: StageConfig) -> Estimate:
    return estimate(workload_of(stage, DEFAULT_REGION))


def _idle(found: Estimate) -> float:
    return sum(found.idle_per_month.values())
