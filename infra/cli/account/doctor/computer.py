"""What the computer needs that deploys, or that runs the local cloud."""

import importlib.util
import shutil
import socket

from infra.cli.account.doctor.check import Check, Found, missing, ok, warning
from infra.errors import CommandError
from infra.local_cloud import emulator, lifecycle, toolchain
from infra.packaging.workspace import Workspace
from infra.stages import StageConfig

GIB = 2**30
# Measured: environment, packages of npm, layers and the cloud assembly; the emulator beside them.
NEEDED_GIB = {True: 2.0, False: 3.0}


def checks(stage: StageConfig, workspace: Workspace, port: int | None = None) -> tuple[Check, ...]:
    found = [
        Check("Node.js", _node, before_deploy=True),
        Check("free disk", lambda: _disk(stage, workspace), before_deploy=True),
        Check("CDK library", _cdk, before_deploy=True),
    ]
    if stage.on_aws:
        found.append(Check("AWS CLI", _aws_cli))
    else:
        found.append(Check("port", lambda: _port(workspace, port)))
    return tuple(found)


def _node() -> Found:
    try:
        return ok(f"{toolchain.require_node()}, with npm")
    except CommandError as error:
        return missing(str(error), "https://nodejs.org, or your system's packages")


def _disk(stage: StageConfig, workspace: Workspace) -> Found:
    folder = workspace.state
    while not folder.exists():
        folder = folder.parent
    free, needed = shutil.disk_usage(folder).free / GIB, NEEDED_GIB[stage.on_aws]
    said = f"{free:.1f} GiB below {folder}"
    if free < needed:
        return missing(f"{said}; {needed:g} are needed", "free some, or move the checkout")
    return ok(said)


def _cdk() -> Found:
    if importlib.util.find_spec("aws_cdk") is None:
        return missing("aws-cdk-lib is not installed", "make .venv/.up")
    return ok("installed")


def _aws_cli() -> Found:
    path = shutil.which("aws")
    if path is None:
        return warning(
            "there is none, and what is to be done here is said with it",
            "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
        )
    return ok(path)


def _port(workspace: Workspace, asked: int | None) -> Found:
    running = emulator.recorded(workspace)
    if running is not None and running.is_alive():
        return ok(f"the local cloud runs on {running.port}")
    port = asked or lifecycle.DEFAULT_PORT
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return missing(
                f"{port} on loopback cannot be used: {error.strerror}",
                "visionflow up --port takes another",
            )
    return ok(f"{port} on loopback is free")
