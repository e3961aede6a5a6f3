"""``visionflow cost``: what images will cost; ``visionflow budget``: whether a spent budget has
stopped a stage."""

import argparse
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar, cast, get_args

import boto3

from infra.cli.command_line import ALL_STAGES, STAGES_ON_AWS, add_command, add_region, add_stage
from infra.cli.endpoints import endpoints
from infra.stages import FREEZABLE, MORE_ALARMS, StageConfig, stage_named
from training.cli.options import Commands, add_group, answer, print_table
from training.texts.terminal import say
from visionflow import strict
from visionflow.access.budget import BudgetState, BudgetTopic, StageStop
from visionflow.costs.amounts import Architecture, Workload
from visionflow.costs.estimate import TOO_SMALL, Estimate, estimate
from visionflow.costs.events import EventCosts, event_costs
from visionflow.costs.instant import TYPICAL_MEGAPIXELS, DatasetCost, dataset_cost
from visionflow.costs.prices import DEFAULT_REGION, price_region
from visionflow.costs.worst_case import Bounds, WorstCase, worst_case

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class StageEstimate(Estimate):
    """What images cost, and ``events_per_million`` that somebody listens to."""

    events_per_million: EventCosts


def add_parsers(commands: Commands) -> None:
    summary = "Estimate what images cost, from measured times and dated prices."
    parser = add_command(commands, "cost", _cost, summary)
    add_stage(parser, STAGES_ON_AWS)
    add_region(parser)
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--per-day", type=float, metavar="N", help="images a day")
    asked.add_argument(
        "--dataset",
        type=int,
        metavar="N",
        help="estimate a dataset of N images instead, from upload to an instant training",
    )
    asked.add_argument(
        "--worst-case",
        action="store_true",
        help="print what the stage's limits allow in a month at most, whoever tries",
    )
    parser.add_argument(
        "--image-mp",
        type=float,
        metavar="X",
        help=f"megapixels of each (default: 3, of a dataset {TYPICAL_MEGAPIXELS:g})",
    )
    for option, about in (
        ("--memory", "memory of the classifying functions in MB"),
        ("--days", "days for which an original image is kept"),
    ):
        parser.add_argument(option, type=int, metavar="N", help=f"{about} (default: the stage's)")
    parser.add_argument(
        "--architecture",
        choices=get_args(Architecture),
        help="architecture of the functions (default: the stage's)",
    )
    parser.add_argument(
        "--free-tier",
        action="store_true",
        help="subtract AWS's monthly free allowances from the cost of the images",
    )
    budget = add_group(commands, "budget", "Show or end the stop of a stage whose budget is spent.")
    summary = "Show whether a stage is stopped."
    add_command(budget, "status", _status, summary, stages=ALL_STAGES)
    summary = "Continue a stage that a spent budget has stopped, before the month ends."
    add_command(budget, "resume", _resume, summary, stages=ALL_STAGES)


def _cost(arguments: argparse.Namespace) -> int:
    stage = stage_named(arguments.stage)
    # Of the stage, as every command chooses it; without any, the table's first is said to be used.
    chosen: str | None = boto3.Session().region_name
    region = price_region(chosen or DEFAULT_REGION)
    if chosen is None:
        _note(f"No region is chosen, so the prices are those of {region}; add --region.")
    elif chosen != region:
        _note(f"There are no prices for {chosen} here; those of {region} stand for them.")
    if arguments.worst_case:
        most = worst_case(bounds_of(stage, region))
        answer(arguments, most, lambda: _print_most(most, stage))
        return 0
    if arguments.dataset is not None:
        megapixels = _given(arguments.image_mp, TYPICAL_MEGAPIXELS)
        architecture = arguments.architecture or workload_of(stage, region).architecture
        whole = dataset_cost(arguments.dataset, megapixels, region, architecture)
        answer(arguments, whole, lambda: _print_dataset(whole))
        return 0
    workload = _workload(arguments, stage, region)
    told = event_costs(region, workload.architecture)
    found = strict.extended(StageEstimate, estimate(workload), events_per_million=told)
    answer(arguments, found, lambda: _print(found))
    return 0


def _note(text: str) -> None:
    """Beside the answer, which programs read."""
    say(text, file=sys.stderr)


def _status(arguments: argparse.Namespace) -> int:
    found = endpoints(arguments)
    _print_stop(StageStop(found.data.usage_table, found.dynamodb), arguments)
    return 0


def _resume(arguments: argparse.Namespace) -> int:
    found = endpoints(arguments)
    stop = StageStop(found.data.usage_table, found.dynamodb)
    stop.resume(datetime.now(UTC))
    topic = BudgetTopic(found.data.budget_topic, boto3.client("sns", **found.options))
    topic.send("resume")
    _print_stop(stop, arguments)
    return 0


def _print_stop(store: StageStop, arguments: argparse.Namespace) -> None:
    stop = store.current(datetime.now(UTC))
    text = f"Stopped since {stop.at}: {stop.reason}" if stop else "The stage is not stopped."
    answer(arguments, BudgetState(stop), lambda: say(text))


def bounds_of(stage: StageConfig, region: str) -> Bounds:
    """The limits of a stage on AWS, for `worst_case`."""
    return Bounds(
        workload=workload_of(stage, region),
        limits=stage.limits.quotas.stage,
        per_second=stage.throttle.rate,
        health_per_second=stage.limits.health.rate,
        api_memory_mb=stage.api_memory_mb,
        log_retention_days=stage.log_retention_days,
    )


def _workload(arguments: argparse.Namespace, stage: StageConfig, region: str) -> Workload:
    built = workload_of(stage, region)
    return replace(
        built,
        per_day=arguments.per_day,
        megapixels=_given(arguments.image_mp, built.megapixels),
        architecture=arguments.architecture or built.architecture,
        memory_mb=_given(arguments.memory, built.memory_mb),
        original_days=_given(arguments.days, built.original_days),
        free_tier=arguments.free_tier,
    )


def _given(asked: _Number | None, default: _Number) -> _Number:
    """A zero that was asked for is refused by the estimate, not replaced."""
    return default if asked is None else asked


def workload_of(stage: StageConfig, region: str) -> Workload:
    """One image a day for a stage as it is deployed."""
    return Workload(
        per_day=1.0,
        megapixels=3.0,
        region=region,
        architecture=cast("Architecture", stage.layer_target),
        memory_mb=stage.predict_memory_mb,
        original_days=stage.original_retention_days,
        retention_days=stage.prediction_retention_days,
        log_days=stage.log_retention_days,
        traced=stage.tracing,
        snap_start=FREEZABLE if stage.snap_start else 0,
        keys=int(stage.alarm_key),
        more_alarms=MORE_ALARMS if stage.all_alarms else 0,
    )


def _print(found: StageEstimate) -> None:
    if warning := found.assumptions.get(TOO_SMALL):
        say(f"Note: {warning}.\n")
    say("USD per million images")
    print_table(_ways(found))
    say("\nUSD per million images by architecture and memory, the cheapest first")
    choices = (
        (c.architecture, str(c.memory_mb), _usd(c.http), _usd(c.s3), f"{c.duration_ms:.0f} ms")
        for c in found.choices
    )
    print_table([("ARCHITECTURE", "MB", "HTTP", "S3", "WARM CALL"), *choices])
    best = found.cheapest
    say(f"\nThe cheapest is {best.architecture} with {best.memory_mb} MB.")
    say("\nWhat a setting saves (-) or costs (+), USD per million images")
    levers = (
        (lever.setting, lever.now, lever.other, f"{lever.http:+.2f}", f"{lever.s3:+.2f}")
        for lever in found.levers
    )
    print_table([("SETTING", "NOW", "INSTEAD", "HTTP", "S3"), *levers])
    say("\nUSD per million events that somebody listens to")
    told = found.events_per_million
    parts = (told.bus, told.webhook)
    print_table(
        [
            ("", "ON THE BUS", "AND TO A WEBHOOK"),
            *(
                (_name(item), *(_usd(part.get(item, 0)) for part in parts))
                for item in told.bus | told.webhook
            ),
            ("total", _usd(told.bus_total), f"+{_usd(told.webhook_total)}"),
        ]
    )
    say("\nUSD per month")
    idle = (
        (f"idle: {_name(item)}", _usd(usd)) for item, usd in found.idle_per_month.items() if usd
    )
    print_table(
        [
            *idle,
            ("idle, total", _usd(sum(found.idle_per_month.values()))),
            ("metrics, with images at every hour", _usd(found.metrics_per_month)),
            ("total, through HTTP", _usd(found.month_through_http)),
            ("total, through S3", _usd(found.month_through_s3)),
            ("1,000 views of the dashboard", _usd(found.page_views_per_1000)),
        ]
    )
    say()
    print_table((found.assumptions | told.assumptions).items())


def _print_dataset(found: DatasetCost) -> None:
    say(f"USD for a dataset of {found.images:,} images")
    items = (
        (_name(item), *(f"{part.get(item, 0):.4f}" for part in (found.curation, found.training)))
        for item in found.curation | found.training
    )
    sums = (f"{sum(part.values()):.4f}" for part in (found.curation, found.training))
    print_table([("", "CURATION", "TRAINING"), *items, ("total", *sums)])
    say(f"\nFrom upload to version: {found.total:.4f} USD, training in {found.seconds:.0f} s.")
    say(f"Kept: {sum(found.kept_per_month.values()):.4f} USD a month.\n")
    print_table(found.assumptions.items())


def _print_most(found: WorstCase, stage: StageConfig) -> None:
    say(f"USD per month that the limits of stage {stage.name} allow at most")
    lines = [(line, _usd(usd)) for line, usd in found.lines.items()]
    print_table([*lines, ("total", _usd(found.total))])
    say(f"\nAWS Budgets stops the stage at {stage.limits.worst_case_usd} USD.\n")
    print_table(found.assumptions.items())


def _ways(found: Estimate) -> list[tuple[str, str, str]]:
    http, s3 = found.http, found.s3
    items = [
        (_name(item), _usd(http.items.get(item, 0)), _usd(s3.items.get(item, 0)))
        for item in s3.items | http.items
    ]
    return [
        ("", "HTTP", "S3"),
        *items,
        ("total", _usd(http.per_million), _usd(s3.per_million)),
        ("warm call in ms", f"{http.duration_ms:.0f}", f"{s3.duration_ms:.0f}"),
    ]


def _name(item: str) -> str:
    return item.replace("_", " ")


def _usd(amount: float) -> str:
    return f"{amount:.2f}"
