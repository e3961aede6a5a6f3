"""What must be installed or built once before the project can be deployed.

Every step leaves a stamp with the fingerprint of its sources and is skipped while it matches.
"""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

from infra.errors import CommandError
from infra.local_cloud.fingerprint import fingerprint, is_current
from infra.local_cloud.processes import Tools
from infra.packaging.workspace import Workspace

OLDEST_NODE = (20, 19)
"""Of the dashboard's build, as its package.json says; the CDK CLI asks for less."""
_OLDEST = ".".join(map(str, OLDEST_NODE))


def require_node() -> str:
    """The version of Node. Raises `CommandError` unless Node and npm are there and new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        raise CommandError(
            f"Node.js {_OLDEST} or newer (with npm) is needed and was not found on the PATH;"
            " install it from https://nodejs.org."
        )
    version = subprocess.run(
        [node, "--version"], capture_output=True, text=True, check=False
    ).stdout.strip()
    parts = version.removeprefix("v").split(".")[:2]
    if len(parts) < 2 or not all(map(str.isdigit, parts)) or _numbers(parts) < OLDEST_NODE:
        raise CommandError(
            f"Node.js {_OLDEST} or newer is needed and {node} is"
            f" {version or 'of unknown version'}; install a newer one from https://nodejs.org."
        )
    return version


def _numbers(parts: list[str]) -> tuple[int, ...]:
    return tuple(map(int, parts))


def emulator_python(workspace: Workspace, tools: Tools) -> Path:
    """The interpreter of the emulator's own environment, installed from its lock.

    The environment is the command's own Python: Lambda workers run on it, and the runtime layer of
    stage ``local`` is built for it.
    """
    lock = workspace.project / "infra" / "local_cloud" / "ministack-requirements.txt"
    environment = workspace.built / "ministack"
    python = environment / "bin" / "python"
    stamp = environment / "fingerprint"
    expected = fingerprint([lock], sys.executable, platform.python_version())
    if not is_current(stamp, expected):
        uv = find_uv_bin()
        tools.run(
            "emulator-environment",
            [uv, "venv", "--clear", "--python", sys.executable, environment],
            cwd=workspace.project,
        )
        tools.run(
            "emulator-install",
            [uv, "pip", "install", "--python", python, "--require-hashes", "-r", lock],
            cwd=workspace.project,
        )
        stamp.write_text(expected)
    return python


def cdk_cli(workspace: Workspace, tools: Tools) -> Path:
    """The CDK CLI, installed from the lock in ``infra/``."""
    folder = workspace.project / "infra"
    _npm_ci("cdk-install", folder, tools)
    return folder / "node_modules" / ".bin" / "cdk"


def dashboard(workspace: Workspace, tools: Tools) -> Path:
    """The folder of the built dashboard."""
    folder = workspace.project / "dashboard"
    built = folder / "dist"
    stamp = workspace.built / "dashboard.fingerprint"
    expected = fingerprint([folder])
    if not (is_current(stamp, expected) and (built / "index.html").is_file()):
        _npm_ci("dashboard-install", folder, tools)
        tools.run("dashboard-build", ["npm", "run", "build"], cwd=folder)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(expected)
    return built


def runtime_layer(workspace: Workspace, tools: Tools) -> Path:
    """The Lambda layer of third-party packages for this machine; it keeps its own cache."""
    tools.run(
        "runtime-layer",
        [sys.executable, "-P", "-m", "infra.packaging.runtime_layer", "--target", "host"],
        cwd=workspace.project,
    )
    return workspace.built


def _npm_ci(name: str, folder: Path, tools: Tools) -> None:
    # The stamp is inside, so that it is deleted with the folder.
    stamp = folder / "node_modules" / ".fingerprint"
    expected = fingerprint([folder / "package-lock.json"])
    if not is_current(stamp, expected):
        tools.run(name, ["npm", "ci", "--no-audit", "--no-fund"], cwd=folder)
        stamp.write_text(expected)
