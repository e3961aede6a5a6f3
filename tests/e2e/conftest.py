"""One local cloud for all end-to-end tests, started and ended by the real command."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from infra.local_cloud import emulator
from infra.local_cloud.outputs import read_outputs
from infra.packaging.workspace import Workspace
from tests.e2e.cloud import Cloud, Record, eventually
from tests.images import encode, plain
from training.data.sources.flowers import write_flowers
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order

VISIONFLOW = [str(Path(sys.executable).with_name("visionflow"))]


def visionflow(*arguments: str, state: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, with its state in the folder ``state``."""
    return subprocess.run(
        [*VISIONFLOW, *arguments, "--state", str(state)],
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    state = tmp_path_factory.mktemp("local-cloud")
    started = visionflow("up", "--detach", "--json", "--port", str(free_port()), state=state)
    assert started.returncode == 0, started.stderr
    workspace = Workspace(state=state)
    running = emulator.running(workspace)
    assert running is not None
    answers: dict[str, Record] = json.loads(started.stdout)["answers"]
    yield Cloud(state, running, read_outputs(workspace.outputs), answers)
    ended = visionflow("down", state=state)
    assert ended.returncode == 0, ended.stderr
    assert processes_of(running) == []


@pytest.fixture(scope="module")
def registry(cloud: Cloud) -> Iterator[ModelRegistry]:
    """Puts back afterwards what was in production: the other tests expect it."""
    registry = ModelRegistry(cloud.outputs.registry_table, cloud.dynamodb)
    before = registry.current()
    assert before is not None
    yield registry
    order = Order("the tests", datetime.now(UTC))
    registry.clear_canary(order)
    registry.clear_shadow(order)
    registry.promote(before, order)
    eventually(lambda: answer(cloud) if serves(cloud) == before.name else None, 30, before.name)


def answer(cloud: Cloud) -> Record:
    return cloud.call("POST", "/predict", encode(plain("red")), "image/png").body


def serves(cloud: Cloud) -> str:
    name: str = answer(cloud)["model"]["name"]
    return name


@pytest.fixture(scope="session")
def drawn_flowers(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Five kinds of drawn flowers in the datasets bucket, 40 images each: its ``s3://`` name."""
    folder = tmp_path_factory.mktemp("data") / "drawn-flowers"
    write_flowers(folder, images=40, size=32)
    for file in folder.rglob("*.jpg"):
        key = f"drawn-flowers/{file.relative_to(folder)}"
        cloud.s3.upload_file(str(file), cloud.outputs.datasets_bucket, key)
    return f"s3://{cloud.outputs.datasets_bucket}/drawn-flowers"


def processes_of(running: emulator.Emulator) -> list[psutil.Process]:
    return emulator._processes_of(running.token)
