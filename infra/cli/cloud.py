"""``visionflow up | down | bootstrap | deploy | destroy``."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.account.adoption import planned, take_back
from infra.cli.account.causes import causes_of
from infra.cli.account.doctor import command as doctor
from infra.cli.account.kept import Kept, kept_of, stacks
from infra.cli.account.region import place
from infra.cli.command_line import (
    PREDICTION_HEADER,
    STAGES_ON_AWS,
    add_command,
    add_region,
    add_stage,
    prediction_row,
    workspace_of,
)
from infra.cli.jobs.ending import end_jobs_of
from infra.errors import CommandError
from infra.local_cloud import lifecycle, toolchain
from infra.local_cloud.deployment import bootstrap_on_aws, run_on_aws, synthesize_on_aws
from infra.local_cloud.presence import another_build
from infra.local_cloud.processes import Tools
from infra.local_cloud.progress import Progress
from infra.packaging.workspace import DEFAULT_STATE, Workspace, exclusive
from infra.stages import stage_named
from training.cli import options
from training.cli.options import Commands, answer, print_table
from training.texts.terminal import say


def add_parsers(commands: Commands) -> None:
    up = add_command(commands, "up", _up, "Start the local cloud, or bring it up to date.")
    up.add_argument("--detach", action="store_true", help="return and leave it running")
    up.add_argument(
        "--port", type=_port, help=f"port on loopback (default: {lifecycle.DEFAULT_PORT})"
    )
    add_command(commands, "down", _down, "End the local cloud.")
    for name, run, summary in (
        ("bootstrap", _bootstrap, "Prepare an account and region of AWS, once, for deployments."),
        ("deploy", _on_aws, "Deploy to AWS with your own credentials."),
        ("destroy", _on_aws, "Remove a deployment from AWS."),
    ):
        parser = options.add_command(commands, name, run, summary)
        parser.set_defaults(cdk_command=name)
        options.add_json(parser)
        add_stage(parser, STAGES_ON_AWS)
        add_region(parser)
        if name == "deploy":
            parser.add_argument(
                "--kept-data",
                choices=("adopt", "leave"),
                help="buckets, tables and users that a removed deployment of prod has kept: take "
                "them back, or leave them and begin empty",
            )


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port (1 to 65535)")
    return int(text)


def _up(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    progress = Progress()
    cloud = lifecycle.up(workspace, arguments.port, progress)
    try:
        found = {**asdict(cloud.outputs), "answers": cloud.answers}
        answer(arguments, found, lambda: _print_cloud(cloud))
        if arguments.detach:
            progress.say("the local cloud keeps running; 'visionflow down' ends it")
            return 0
        progress.say("press Ctrl-C to end the local cloud")
        lifecycle.watch(workspace, cloud.emulator)
    except KeyboardInterrupt:
        lifecycle.down(workspace)
    progress.say("the local cloud has ended")
    return 0


def _print_cloud(cloud: lifecycle.LocalCloud) -> None:
    say()
    rows = (prediction_row(found, image=name) for name, found in cloud.answers.items())
    print_table([PREDICTION_HEADER, *rows])
    say()
    print_table(asdict(cloud.outputs).items())
    say()


def _down(arguments: argparse.Namespace) -> int:
    ended = lifecycle.down(workspace_of(arguments))
    said = "The local cloud has ended." if ended else "No local cloud was running."
    answer(arguments, {"ended": ended}, lambda: say(said))
    return 0


def _bootstrap(arguments: argparse.Namespace) -> int:
    workspace = Workspace(state=DEFAULT_STATE)
    progress = Progress()
    toolchain.require_node()
    target = place()
    with (
        exclusive(workspace.build_lock, another_build()),
        Tools(workspace.logs) as tools,
        progress.step("CDK CLI ready"),
    ):
        cdk = toolchain.cdk_cli(workspace, tools)
    progress.say(f"bootstrapping {target}, as {target.arn}")
    bootstrap_on_aws(workspace, cdk, target.account, target.region)
    text = (
        f"Done; 'visionflow deploy --stage {arguments.stage} --region {target.region}' comes next."
    )
    answer(arguments, target, lambda: say(text))
    return 0


def _on_aws(arguments: argparse.Namespace) -> int:
    workspace = Workspace(state=DEFAULT_STATE)
    progress = Progress()
    toolchain.require_node()
    try:
        target = place()
    except (BotoCoreError, ClientError):
        if arguments.cdk_command == "deploy":
            # It says the same with what to do.
            doctor.require(arguments.stage, workspace)
        raise
    progress.say(f"{arguments.cdk_command} of stage {arguments.stage}: {target}, as {target.arn}")
    kept: tuple[Kept, ...] = ()
    if arguments.cdk_command == "deploy":
        doctor.require(arguments.stage, workspace)
        kept = _to_adopt(arguments)
    with exclusive(workspace.build_lock, another_build()), Tools(workspace.logs) as tools:
        with progress.step("CDK CLI ready"):
            cdk = toolchain.cdk_cli(workspace, tools)
        with progress.step("dashboard built"):
            toolchain.dashboard(workspace, tools)
    if arguments.cdk_command == "destroy":
        end_jobs_of(arguments.stage, progress.say)
    if kept:
        _adopt(workspace, cdk, arguments.stage, kept, progress)
    began = datetime.now(UTC)
    try:
        run_on_aws(workspace, cdk, arguments.cdk_command, arguments.stage)
    except CommandError as error:
        title = stage_named(arguments.stage).title
        causes = causes_of(boto3.client("cloudformation"), f"VisionFlow-{title}-", began)
        raise CommandError("\n".join((str(error), *causes))) from error
    done = "deployed" if arguments.cdk_command == "deploy" else "removed"
    found = {"stage": arguments.stage, done: True, **asdict(target)}
    answer(arguments, found, lambda: say(f"Stage {arguments.stage} is {done}: {target}."))
    return 0


def _to_adopt(arguments: argparse.Namespace) -> tuple[Kept, ...]:
    """Raises `CommandError` where there is kept data and nobody has said what to do with it."""
    stage = stage_named(arguments.stage)
    if not stage.keep_data or arguments.kept_data == "leave":
        return ()
    deployed = stacks(boto3.client("cloudformation"))
    make: Any = boto3.client
    kept = kept_of(make, stage.title, deployed)
    if kept and arguments.kept_data is None:
        raise CommandError(
            f"an earlier deployment of {stage.name} has kept "
            f"{', '.join(one.name for one in kept)}. Add --kept-data adopt to take them back with "
            "all they hold, or --kept-data leave to begin with new, empty ones."
        )
    return kept


def _adopt(
    workspace: Workspace, cdk: Path, stage: str, kept: Sequence[Kept], progress: Progress
) -> None:
    templates = synthesize_on_aws(workspace, cdk, stage)
    for stack in dict.fromkeys(one.stack for one in kept):
        template = json.loads((templates / f"{stack}.template.json").read_text(encoding="utf-8"))
        wanted = planned(stack, template, kept)
        for one in wanted.left:
            progress.say(f"{one.name} is not part of {stack} any more and is left as it is")
        if wanted.resources:
            take_back(boto3.client("cloudformation"), wanted, progress.say)
