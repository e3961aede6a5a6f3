"""``visionflow up | down | deploy``."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from infra.cli.command_line import (
    PREDICTION_HEADER,
    add_command,
    prediction_row,
    print_json,
    print_table,
    workspace_of,
)
from infra.local_cloud import lifecycle, toolchain
from infra.local_cloud.deployment import run_on_aws
from infra.local_cloud.processes import Tools
from infra.local_cloud.progress import Progress
from infra.packaging.workspace import DEFAULT_STATE, Workspace, exclusive
from infra.stages import STAGES

if TYPE_CHECKING:
    from infra.cli.command_line import Commands


STAGES_ON_AWS = tuple(name for name, stage in STAGES.items() if stage.on_aws)


def add_parsers(commands: "Commands") -> None:
    up = add_command(commands, "up", _up, "Bring the local cloud up, or up to date.")
    up.add_argument("--detach", action="store_true", help="return and leave it running")
    up.add_argument(
        "--port", type=_port, help=f"port on loopback (default: {lifecycle.DEFAULT_PORT})"
    )
    add_command(commands, "down", _down, "End the local cloud and nothing else.")
    for name, run, summary in (
        ("deploy", _deploy, "Deploy to AWS with your own credentials."),
        ("destroy", _destroy, "Remove a deployment from AWS."),
    ):
        parser = commands.add_parser(name, help=summary, description=summary)
        parser.set_defaults(run=run)
        parser.add_argument("--stage", choices=STAGES_ON_AWS, default="dev")


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port (1 to 65535)")
    return int(text)


def _up(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    progress = Progress()
    cloud = lifecycle.up(workspace, arguments.port, progress)
    if arguments.json:
        print_json({**asdict(cloud.outputs), "answers": cloud.answers})
    else:
        _print_cloud(cloud)
    if arguments.detach:
        progress.say("the local cloud goes on; 'visionflow down' ends it")
        return 0
    progress.say("press Ctrl-C to end the local cloud")
    try:
        lifecycle.watch(workspace, cloud.emulator)
    except KeyboardInterrupt:
        lifecycle.down(workspace)
    progress.say("the local cloud has ended")
    return 0


def _print_cloud(cloud: lifecycle.LocalCloud) -> None:
    print()
    rows = (prediction_row(answer, image=name) for name, answer in cloud.answers.items())
    print_table([PREDICTION_HEADER, *rows])
    print()
    print_table(asdict(cloud.outputs).items())
    print()


def _down(arguments: argparse.Namespace) -> int:
    ended = lifecycle.down(workspace_of(arguments))
    if arguments.json:
        print_json({"ended": ended})
    else:
        print("The local cloud has ended." if ended else "No local cloud was running.")
    return 0


def _deploy(arguments: argparse.Namespace) -> int:
    return _on_aws(arguments, "deploy")


def _destroy(arguments: argparse.Namespace) -> int:
    return _on_aws(arguments, "destroy")


def _on_aws(arguments: argparse.Namespace, command: str) -> int:
    workspace = Workspace(state=DEFAULT_STATE)
    progress = Progress()
    toolchain.require_node()
    with exclusive(workspace.build_lock), Tools(workspace.logs) as tools:
        with progress.step("CDK CLI ready"):
            cdk = toolchain.cdk_cli(workspace, tools)
        with progress.step("dashboard built"):
            toolchain.dashboard(workspace, tools)
    run_on_aws(workspace, cdk, command, arguments.stage)
    return 0
