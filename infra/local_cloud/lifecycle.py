"""The local cloud: the real template on an emulator, up and down again."""

import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3

from infra.errors import CommandError
from infra.local_cloud import content, emulator, first_predictions, presence, toolchain
from infra.local_cloud.deployment import LocalDeployment
from infra.local_cloud.emulator import Emulator
from infra.local_cloud.fingerprint import fingerprint, is_current
from infra.local_cloud.outputs import Outputs, read_outputs
from infra.local_cloud.processes import Tools
from infra.local_cloud.progress import Progress
from infra.packaging.workspace import Workspace, exclusive
from visionflow_starter import STARTER

DEFAULT_PORT = 4566
_WATCH_SECONDS = 0.5


@dataclass(frozen=True)
class LocalCloud:
    """A local cloud that answers, and its prediction for each sample image."""

    emulator: Emulator
    outputs: Outputs
    answers: dict[str, dict[str, Any]]


def up(workspace: Workspace, port: int | None, progress: Progress) -> LocalCloud:
    """Bring the local cloud up, or up to date when it already runs.

    Raises `CommandError` when a step fails; then nothing that this call started is left running.
    """
    toolchain.require_node()
    with _alone(workspace), Tools(workspace.logs) as tools:
        found = presence.answering(workspace)
        if found is None:
            emulator.stop(workspace)
        elif port not in (None, found.port):
            raise CommandError(
                f"The local cloud already runs on port {found.port}; end it with 'visionflow down'"
                " before choosing another."
            )
        try:
            return _bring_up(workspace, tools, progress, found, port or DEFAULT_PORT)
        except BaseException:
            tools.close()
            if found is None:
                emulator.stop(workspace)
            raise


def down(workspace: Workspace) -> bool:
    """End the local cloud of this workspace and nothing else; returns whether one was running."""
    with _alone(workspace):
        return emulator.stop(workspace)


def watch(workspace: Workspace, running: Emulator) -> None:
    """Return when someone ended the local cloud; raise `CommandError` when it died."""
    while running.is_alive():
        time.sleep(_WATCH_SECONDS)
    # Wait for a 'visionflow down' that is still running; it clears the record.
    with exclusive(workspace.lock):
        if emulator.recorded(workspace) == running:
            emulator.stop(workspace)
            raise CommandError(
                f"The emulator ended unexpectedly; its log: {emulator.emulator_log(workspace)}"
            )


def _alone(workspace: Workspace) -> AbstractContextManager[None]:
    return exclusive(workspace.lock, presence.another_command())


def _bring_up(
    workspace: Workspace, tools: Tools, progress: Progress, found: Emulator | None, port: int
) -> LocalCloud:
    emulator_python, cdk, dashboard, _ = _build(workspace, tools, progress)
    # Over everything that reaches the local cloud.
    sources = [workspace.project / name for name in ("infra", "lambdas", "layers")]
    expected = fingerprint([*sources, dashboard], platform.python_version())
    if found and is_current(workspace.deployed, expected):
        progress.say(f"already up to date on port {found.port}")
        outputs = read_outputs(workspace.outputs)
        return LocalCloud(found, outputs, first_predictions.answered_samples(outputs))
    # If a step fails from here on, the deployment is neither the old one nor the new one.
    workspace.deployed.unlink(missing_ok=True)
    if found is None:
        with progress.step("emulator started"):
            running = emulator.start(workspace, emulator_python, port)
    else:
        running = found
    deployment = LocalDeployment(workspace, tools, cdk, running)
    with progress.step("template synthesized"):
        if found is None:
            _in_parallel(tools, deployment.bootstrap, deployment.synthesize)
        else:
            deployment.synthesize()
    with progress.step("stacks deployed"):
        outputs = deployment.deploy()
    answers = _fill(workspace, progress, dashboard, running, outputs)
    outputs.write(workspace.outputs)
    workspace.deployed.write_text(expected)
    return LocalCloud(running, outputs, answers)


def _build(workspace: Workspace, tools: Tools, progress: Progress) -> list[Path]:
    """Install and build, at the same time, what is not there yet.

    Returns the emulator's interpreter, the CDK CLI, and the folders of dashboard and runtime layer.
    """

    def step(name: str, build: Callable[[Workspace, Tools], Path]) -> Callable[[], Path]:
        def run() -> Path:
            with progress.step(name):
                return build(workspace, tools)

        return run

    # Two local clouds of one checkout share what is built here.
    with exclusive(workspace.build_lock, presence.another_build()):
        return _in_parallel(
            tools,
            step("emulator's environment ready", toolchain.emulator_python),
            step("CDK CLI ready", toolchain.cdk_cli),
            step("dashboard built", toolchain.dashboard),
            step("runtime layer built", toolchain.runtime_layer),
        )


def _fill(
    workspace: Workspace, progress: Progress, dashboard: Path, running: Emulator, outputs: Outputs
) -> dict[str, dict[str, Any]]:
    s3 = boto3.client("s3", **running.client_options)
    dynamodb = boto3.client("dynamodb", **running.client_options)
    with progress.step("dashboard and starter model uploaded"):
        content.upload_dashboard(dashboard, outputs, s3)
        content.publish_starter(STARTER, outputs, s3, dynamodb)
    images = first_predictions.sample_images(workspace.project)
    with progress.step(f"{len(images)} sample images answered"):
        return first_predictions.classify_samples(images, outputs, s3)


T = TypeVar("T")


def _in_parallel(tools: Tools, *steps: Callable[[], T]) -> list[T]:
    """Run steps at the same time; when one fails, the others are ended."""
    with ThreadPoolExecutor(len(steps)) as pool:
        futures = [pool.submit(step) for step in steps]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            tools.close()
            raise
    return [future.result() for future in futures]
