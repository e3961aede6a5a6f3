"""What the commands that reach a cloud share: their options, and predictions as rows."""

import argparse
import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from infra.errors import CommandError
from infra.packaging.workspace import DEFAULT_STATE, Workspace
from infra.stages import DEV, LOCAL, STAGES
from training.cli import options
from visionflow.timestamps import timestamp

_DATE = re.compile(r"\d{4}-?\d\d-?\d\d")
ALL_STAGES = tuple(STAGES)
STAGES_ON_AWS = tuple(name for name, stage in STAGES.items() if stage.on_aws)


def add_command(
    commands: options.Commands,
    name: str,
    run: options.Run,
    summary: str,
    *,
    stages: Sequence[str] = (),
) -> argparse.ArgumentParser:
    """A command with ``--json`` and ``--state``, and with ``--stage`` and ``--region`` where it has
    ``stages``."""
    parser = options.add_command(commands, name, run, summary)
    options.add_json(parser)
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FOLDER",
        default=Path(os.environ.get("VISIONFLOW_STATE", DEFAULT_STATE)),
        help="state of the local cloud (default: .visionflow of the project, or $VISIONFLOW_STATE)",
    )
    if stages:
        add_stage(parser, stages)
        add_region(parser)
    return parser


def add_api_command(
    commands: options.Commands, name: str, run: options.Run, summary: str
) -> argparse.ArgumentParser:
    """A command that calls the API of a stage, with ``--api-url`` for who has no AWS account."""
    parser = add_command(commands, name, run, summary, stages=ALL_STAGES)
    parser.add_argument(
        "--api-url",
        metavar="URL",
        help="the API in place of the stage's; on AWS the key is in $VISIONFLOW_API_KEY",
    )
    return parser


def add_stage(parser: argparse.ArgumentParser, stages: Sequence[str]) -> None:
    default = LOCAL.name if LOCAL.name in stages else DEV.name
    help_text = f"the deployment (default: {default})"
    parser.add_argument("--stage", choices=stages, default=default, help=help_text)


def add_region(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--region",
        dest="aws_region",
        metavar="REGION",
        help="region of a stage on AWS (default: $AWS_REGION, $AWS_DEFAULT_REGION, the profile's)",
    )


def workspace_of(arguments: argparse.Namespace) -> Workspace:
    state: Path = arguments.state
    return Workspace(state=state.resolve())


def add_period(parser: argparse.ArgumentParser) -> None:
    """``--from`` and ``--to``, which `period` reads."""
    zone = datetime.now().astimezone().tzname()
    for option, about in (("from", "not before this"), ("to", "not after this")):
        parser.add_argument(
            f"--{option}",
            dest=f"{option}_",
            metavar="TIME",
            help=f"{about} date or time, in {zone} unless it has a zone (a date: the whole day)",
        )


def period(arguments: argparse.Namespace) -> dict[str, str | None]:
    """``from`` and ``to`` as the API takes them. Raises `CommandError`."""
    since, until = arguments.from_, arguments.to_
    return {
        "from": timestamp(moment(since)) if since else None,
        "to": timestamp(moment(until, last=True)) if until else None,
    }


def moment(text: str, *, last: bool = False) -> datetime:
    """A time with its zone, by default this computer's; of a date the first moment, or the
    ``last``. Raises `CommandError`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(
            f"{text!r} is not a date or an ISO 8601 time; write one like 2030-01-31 or "
            "2030-01-31T12:00."
        ) from error
    if last and _DATE.fullmatch(text):
        at = datetime.combine(at, datetime.max.time())
    return at if at.tzinfo else at.astimezone()


PREDICTION_HEADER = ("IMAGE", "ANSWER", "CONFIDENCE", "STATUS", "MODEL", "LATENCY")


def prediction_row(prediction: dict[str, Any], image: str | None = None) -> tuple[str, ...]:
    """Cells under `PREDICTION_HEADER`; ``image`` replaces the file's name and the object's key."""
    model, error, confidence = prediction["model"], prediction["error"], prediction["confidence"]
    # A stage that is older than this command names no parents.
    path = (*prediction.get("parents", ()), prediction["label"])
    return (
        # The object has no key where a device kept the image.
        image or prediction.get("filename") or prediction["image"]["key"] or prediction["id"],
        error["code"] if error else " > ".join(path),
        "" if confidence is None else f"{confidence:.1%}",
        f"unknown ({reason})"
        if (reason := prediction.get("unknown_reason"))
        else prediction["status"],
        f"{model['name']} {model['version']}" if model else "",
        f"{sum(prediction['timings'].values()):.0f} ms",
    )
