"""Starting and ending the emulator's process, with a stand-in program and real processes."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra.errors import CommandError
from infra.local_cloud import emulator
from infra.packaging.workspace import Workspace
from tests.unit.infra.local_cloud.programs import BROKEN, STAND_IN, free_port, script


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(state=tmp_path / "state")
    workspace.state.mkdir()
    yield workspace
    emulator.stop(workspace)


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


def processes_with(token: str) -> list[psutil.Process]:
    return emulator._processes_of(token)


def test_start_answers_on_loopback_only_and_is_recorded(
    workspace: Workspace, tmp_path: Path
) -> None:
    started = emulator.start(workspace, script(tmp_path / "program", STAND_IN), free_port())
    assert emulator.running(workspace) == started
    listening = {
        connection.laddr.ip
        for connection in psutil.Process(started.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_the_users_aws_settings_do_not_reach_the_emulator(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the user's own")
    started = emulator.start(workspace, script(tmp_path / "program", STAND_IN), free_port())
    environment = psutil.Process(started.pid).environ()
    assert not [name for name in environment if name.startswith("AWS_")]
    assert environment["AUTH"] == "true"


def test_a_port_in_use_is_one_sentence_and_starts_nothing(
    workspace: Workspace, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"^Port {taken} cannot be used .* --port.$"):
            emulator.start(workspace, script(tmp_path / "program", STAND_IN), taken)
    assert emulator.recorded(workspace) is None


def test_an_emulator_that_dies_at_once_is_reported_with_its_log(
    workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=r"cannot find my wings.*emulator\.log$"):
        emulator.start(workspace, script(tmp_path / "program", BROKEN), free_port())
    assert emulator.recorded(workspace) is None


def test_stop_ends_the_emulator_and_its_workers_and_no_other_process(
    workspace: Workspace, tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    started = emulator.start(workspace, script(tmp_path / "program", STAND_IN), free_port())
    assert len(processes_with(started.token)) == 2
    assert emulator.stop(workspace)
    assert processes_with(started.token) == []
    assert bystander.poll() is None


def test_stop_ends_workers_that_outlived_a_killed_emulator(
    workspace: Workspace, tmp_path: Path
) -> None:
    started = emulator.start(workspace, script(tmp_path / "program", STAND_IN), free_port())
    os.kill(started.pid, signal.SIGKILL)
    psutil.Process(started.pid).wait(5)
    assert emulator.running(workspace) is None
    assert len(processes_with(started.token)) == 1
    assert emulator.stop(workspace)
    assert processes_with(started.token) == []


def test_stop_spares_a_process_that_was_given_the_recorded_id(
    workspace: Workspace, bystander: subprocess.Popen[bytes]
) -> None:
    stale = {"pid": bystander.pid, "port": 4566, "token": "of an earlier emulator"}
    workspace.emulator_record.write_text(json.dumps(stale))
    assert not emulator.stop(workspace)
    assert bystander.poll() is None
    assert emulator.recorded(workspace) is None


def test_stop_twice_is_no_error(workspace: Workspace) -> None:
    assert not emulator.stop(workspace)
    assert not emulator.stop(workspace)


@pytest.mark.parametrize("content", ["", "{", '{"pid": 1}'])
def test_a_half_written_record_counts_as_none(workspace: Workspace, content: str) -> None:
    workspace.emulator_record.write_text(content)
    assert emulator.recorded(workspace) is None
    assert not emulator.stop(workspace)
