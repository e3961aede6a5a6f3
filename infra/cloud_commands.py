"""``visionflow up | down | deploy``."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from infra import local
from infra.command_line import (
    PREDICTION_HEADER,
    add_command,
    prediction_row,
    print_json,
    print_table,
    workspace_of,
)
from infra.progress import Progress

if TYPE_CHECKING:
    from infra.command_line import Commands


def add_parsers(commands: "Commands") -> None:
    up = add_command(commands, "up", _up, "Bring the local cloud up, or up to date.")
    up.add_argument("--detach", action="store_true", help="return and leave it running")
    up.add_argument("--port", type=_port, help=f"port on loopback (default: {local.DEFAULT_PORT})")
    add_command(commands, "down", _down, "End the local cloud and nothing else.")
    deploy = add_command(commands, "deploy", _deploy, "Deploy to AWS with your credentials.")
    deploy.add_argument("--stage", choices=("dev", "prod"), default="dev")


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port (1 to 65535)")
    return int(text)


def _up(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    progress = Progress()
    cloud = local.up(workspace, arguments.port, progress)
    if arguments.json:
        print_json({**asdict(cloud.outputs), "answers": cloud.answers})
    else:
        _print_cloud(cloud)
    if arguments.detach:
        progress.say("the local cloud goes on; 'visionflow down' ends it")
        return 0
    progress.say("press Ctrl-C to end the local cloud")
    try:
        local.watch(workspace, cloud)
    except KeyboardInterrupt:
        local.down(workspace)
    progress.say("the local cloud has ended")
    return 0


def _print_cloud(cloud: local.LocalCloud) -> None:
    print()
    print_table([PREDICTION_HEADER, *map(prediction_row, cloud.answers)])
    print()
    print_table(asdict(cloud.outputs).items())
    print()


def _down(arguments: argparse.Namespace) -> int:
    ended = local.down(workspace_of(arguments))
    if arguments.json:
        print_json({"ended": ended})
    else:
        print("The local cloud has ended." if ended else "No local cloud was running.")
    return 0


def _deploy(arguments: argparse.Namespace) -> int:
    raise NotImplementedError
