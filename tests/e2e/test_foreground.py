"""``visionflow up`` in the foreground: Ctrl-C ends everything that it started."""

import json
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from infra.local_cloud import emulator
from infra.packaging.workspace import Workspace
from tests.e2e.conftest import VISIONFLOW, free_port, processes_of, visionflow

pytestmark = pytest.mark.e2e


@pytest.mark.usefixtures("heeded_ctrl_c")
def test_ctrl_c_ends_the_local_cloud(tmp_path: Path) -> None:
    port = free_port()
    command = [*VISIONFLOW, "up", "--json", "--port", str(port), "--state", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["answers"]
        running = emulator.running(Workspace(state=tmp_path))
        assert running is not None
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert processes_of(running) == []
    socket.create_server(("127.0.0.1", port)).close()
    assert not (tmp_path / "outputs.json").exists()
    assert visionflow("down", state=tmp_path).stdout == "No local cloud was running.\n"
