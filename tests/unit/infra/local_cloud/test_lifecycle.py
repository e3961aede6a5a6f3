"""`up` when a step fails: one sentence, and nothing that it started is left running."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra.errors import CommandError
from infra.local_cloud import emulator, lifecycle, presence, toolchain
from infra.local_cloud.processes import Tools
from infra.local_cloud.progress import Progress
from infra.packaging.workspace import Workspace, exclusive
from tests.unit.infra.local_cloud.programs import STAND_IN, free_port, script


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(state=tmp_path / "state", project=tmp_path / "project")
    (workspace.project / "infra").mkdir(parents=True)
    workspace.state.mkdir()
    yield workspace
    emulator.stop(workspace)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[emulator.Emulator]:
    """Stand-ins for what is built, a real process for the emulator, and a CDK CLI that fails."""
    steps = {
        "emulator_python": script(tmp_path / "emulator", STAND_IN),
        "cdk_cli": script(
            tmp_path / "cdk", "#!/bin/sh\necho '❌ Deployment failed: no luck'\nexit 1"
        ),
        "dashboard": tmp_path,
        "runtime_layer": tmp_path,
    }
    for name, result in steps.items():
        monkeypatch.setattr(toolchain, name, lambda *_, result=result: result)
    seen: list[emulator.Emulator] = []
    start = emulator.start

    def remember(*arguments: object) -> emulator.Emulator:
        seen.append(start(*arguments))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(emulator, "start", remember)
    return seen


def test_a_failed_deploy_names_the_reason_and_the_log_and_leaves_nothing_running(
    workspace: Workspace, started: list[emulator.Emulator]
) -> None:
    with pytest.raises(CommandError, match=r"no luck.*logs/cdk-\w+\.log$"):
        lifecycle.up(workspace, free_port(), Progress())
    assert len(started) == 1
    assert not started[0].is_alive()
    assert emulator.recorded(workspace) is None


def test_a_failed_redeploy_spares_the_emulator_that_ran_before(
    workspace: Workspace, started: list[emulator.Emulator], tmp_path: Path
) -> None:
    running = emulator.start(workspace, tmp_path / "emulator", free_port())
    with pytest.raises(CommandError, match="no luck"):
        lifecycle.up(workspace, None, Progress())
    assert running.is_alive()


def test_a_down_beside_another_up_waits_for_it(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    released = exclusive(workspace.lock)
    released.__enter__()
    waiting = presence.Waiting("Another 'visionflow up' is at work", "Look at it.", 600.0)
    looks = 0

    def look(seconds: float) -> None:
        nonlocal looks
        looks += 1
        waiting(1.0)
        if looks == 2:
            released.__exit__(None, None, None)

    monkeypatch.setattr(presence, "another_command", lambda: look)
    assert lifecycle.down(workspace) is False
    assert looks == 2
    said = capsys.readouterr().err
    assert said == "Another 'visionflow up' is at work; waiting, 1 s of at most 600 s.\n"


def test_an_up_or_down_that_never_ends_is_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "COMING_SECONDS", 0.0)
    with (
        exclusive(workspace.lock),
        pytest.raises(CommandError, match=r"'visionflow up' or 'down' is at work .*, still after"),
    ):
        lifecycle.down(workspace)


def test_watch_reports_an_emulator_that_died(
    workspace: Workspace, started: list[emulator.Emulator], tmp_path: Path
) -> None:
    running = emulator.start(workspace, tmp_path / "emulator", free_port())
    os.kill(running.pid, signal.SIGKILL)
    with pytest.raises(CommandError, match=r"ended unexpectedly.*emulator\.log$"):
        lifecycle.watch(workspace, running)


def test_watch_returns_when_someone_ended_the_emulator(
    workspace: Workspace, started: list[emulator.Emulator], tmp_path: Path
) -> None:
    running = emulator.start(workspace, tmp_path / "emulator", free_port())
    watching = threading.Thread(target=lifecycle.watch, args=(workspace, running))
    watching.start()
    assert lifecycle.down(workspace)
    watching.join(5)
    assert not watching.is_alive()


def test_a_failing_step_ends_the_tools_of_the_others(workspace: Workspace) -> None:
    began = time.monotonic()
    with Tools(workspace.logs) as tools, pytest.raises(CommandError, match="quick failed"):
        lifecycle._in_parallel(
            tools,
            lambda: tools.run("slow", ["sleep", "500"], cwd=workspace.state),
            lambda: tools.run("quick", ["false"], cwd=workspace.state),
        )
    assert time.monotonic() - began < 400


@pytest.mark.usefixtures("heeded_ctrl_c")
def test_ctrl_c_ends_the_tool_that_runs(workspace: Workspace) -> None:
    pid = workspace.state / "pid"

    def press_once_it_runs() -> None:
        while not (pid.exists() and pid.read_text().endswith("\n")):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    press = threading.Thread(target=press_once_it_runs)
    press.start()
    with Tools(workspace.logs) as tools, pytest.raises(KeyboardInterrupt):
        tools.run("slow", ["sh", "-c", f"echo $$ > {pid}; sleep 60"], cwd=workspace.state)
    press.join()
    assert not psutil.pid_exists(int(pid.read_text()))
