"""``visionflow cost``: what images will cost."""

import argparse
from typing import cast, get_args

from infra.cli.command_line import STAGES_ON_AWS, add_command
from infra.stages import FREEZABLE, MORE_ALARMS, StageConfig, stage_named
from training.cli.options import Commands, answer, print_table
from training.texts.terminal import say
from visionflow.costs.estimate import Architecture, Estimate, Workload, estimate
from visionflow.costs.prices import DEFAULT_REGION, price_table


def add_parsers(commands: Commands) -> None:
    summary = "Estimate what images cost, from measured times and dated prices."
    parser = add_command(commands, "cost", _cost, summary, stages=STAGES_ON_AWS)
    parser.add_argument("--per-day", type=float, required=True, metavar="N", help="images a day")
    parser.add_argument(
        "--image-mp", type=float, default=3.0, metavar="X", help="megapixels of each (default: 3)"
    )
    parser.add_argument(
        "--region",
        choices=tuple(price_table().region),
        default=DEFAULT_REGION,
        help=f"region of the prices (default: {DEFAULT_REGION})",
    )
    for option, about in (
        ("--memory", "memory of the classifying functions in MB"),
        ("--days", "days for which an image is kept"),
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


def _cost(arguments: argparse.Namespace) -> int:
    found = estimate(_workload(arguments, stage_named(arguments.stage)))
    answer(arguments, found, lambda: _print(found))
    return 0


def _workload(arguments: argparse.Namespace, stage: StageConfig) -> Workload:
    return Workload(
        per_day=arguments.per_day,
        megapixels=arguments.image_mp,
        region=arguments.region,
        architecture=arguments.architecture or cast("Architecture", stage.layer_target),
        memory_mb=arguments.memory or stage.predict_memory_mb,
        retention_days=arguments.days or stage.prediction_retention_days,
        free_tier=arguments.free_tier,
        snap_start=FREEZABLE if stage.snap_start else 0,
        keys=int(stage.alarm_key),
        more_alarms=MORE_ALARMS if stage.all_alarms else 0,
    )


def _print(found: Estimate) -> None:
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
