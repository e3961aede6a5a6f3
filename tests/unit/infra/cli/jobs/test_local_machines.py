"""The machines of the local cloud end with their command, whatever the cloud answers."""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from infra.cli.jobs.local_machines import LocalMachines

GONE = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


class Jobs:
    """A table of jobs in a cloud that has ended."""

    def see_worker(self, moment: str) -> None:
        raise KeyboardInterrupt

    def forget_worker(self) -> None:
        raise GONE


def test_all_processes_end_although_the_cloud_is_gone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.cli.jobs.local_machines.boto3.client", lambda *_, **__: None)
    target: Any = SimpleNamespace(cloud=SimpleNamespace(client_options={}), jobs=Jobs())
    machines = LocalMachines(target, SimpleNamespace())  # type: ignore[arg-type]
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    processes = [subprocess.Popen(command, start_new_session=True) for _ in range(2)]
    machines._processes.update({f"i-{n}": process for n, process in enumerate(processes)})
    try:
        with pytest.raises(KeyboardInterrupt):
            machines.play()
        assert all(process.poll() is not None for process in processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert "could not be told" in capsys.readouterr().out
