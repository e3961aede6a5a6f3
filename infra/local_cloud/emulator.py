"""The emulator's process: start it, look at it, end it."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypedDict

import psutil

from infra.errors import CommandError
from infra.local_cloud.processes import last_complaint
from infra.packaging.workspace import Workspace
from visionflow.errors import ConfigError
from visionflow.strict import parse_json

ACCOUNT = "000000000000"
REGION = "us-east-1"
LOOPBACK = "127.0.0.1"
_ROOT_KEY = "test"  # the emulator takes it for the account's root
_TOKEN_VARIABLE = "VISIONFLOW_LOCAL_CLOUD"  # noqa: S105  a name, not a secret
_START_SECONDS = 30.0
_END_SECONDS = 5.0
# The emulator may outlive the command; Python warns when a running child's handle is dropped.
_children: dict[int, subprocess.Popen[bytes]] = {}


class ClientOptions(TypedDict, total=False):
    """Keyword arguments of a boto3 client; none for AWS as the environment names it."""

    endpoint_url: str
    region_name: str
    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str


@dataclass(frozen=True)
class Emulator:
    """One running emulator, as it is recorded on disk.

    ``token`` is random and in the environment of the emulator and of every worker that it starts.
    It proves that a process belongs to the emulator, even if its id was used again since.
    """

    pid: int
    port: int
    token: str

    @property
    def endpoint_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def client_environment(self) -> dict[str, str]:
        """Environment that makes AWS tools talk to it, and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": _ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": _ROOT_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def client_options(self) -> ClientOptions:
        """Keyword arguments that make a boto3 client talk to it."""
        return {
            "endpoint_url": self.endpoint_url,
            "region_name": REGION,
            "aws_access_key_id": _ROOT_KEY,
            "aws_secret_access_key": _ROOT_KEY,
        }

    def is_alive(self) -> bool:
        """Whether its main process runs."""
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            environment: dict[str, str] = psutil.Process(self.pid).environ()
            return environment.get(_TOKEN_VARIABLE) == self.token
        return False

    def is_healthy(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(  # noqa: S310  the address is this module's own
                f"{self.endpoint_url}/_ministack/health", timeout=2
            ) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def start(workspace: Workspace, python: Path, port: int) -> Emulator:
    """Start the emulator on loopback with IAM enforced and wait until it answers.

    Raises `CommandError` when the port is taken or the emulator does not come up; then nothing is
    left running.
    """
    _require_free(port)
    shutil.rmtree(workspace.scratch, ignore_errors=True)
    workspace.scratch.mkdir(parents=True)
    workspace.logs.mkdir(parents=True, exist_ok=True)
    log = emulator_log(workspace)
    token = secrets.token_hex(16)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, "-P", "-m", "ministack"],
            cwd=workspace.state,
            env=_environment(port, workspace.scratch, token),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C in the terminal reaches the command, which then ends it.
            start_new_session=True,
        )
    _children[process.pid] = process
    emulator = Emulator(pid=process.pid, port=port, token=token)
    workspace.emulator_record.write_text(json.dumps(asdict(emulator)))
    deadline = time.monotonic() + _START_SECONDS
    while not emulator.is_healthy():
        if process.poll() is not None or time.monotonic() > deadline:
            stop(workspace)
            raise CommandError(
                f"The emulator did not start ({last_complaint(log)}); its log: {log}"
            )
        time.sleep(0.1)
    return emulator


def recorded(workspace: Workspace) -> Emulator | None:
    """The emulator that was started for this workspace, alive or not."""
    try:
        return parse_json(Emulator, workspace.emulator_record.read_text(), "emulator.json")
    except (FileNotFoundError, ConfigError):
        return None


def running(workspace: Workspace) -> Emulator | None:
    """The emulator of this workspace if it answers."""
    emulator = recorded(workspace)
    return emulator if emulator and emulator.is_alive() and emulator.is_healthy() else None


def stop(workspace: Workspace) -> bool:
    """End the emulator of this workspace with its workers, and forget it.

    Returns whether anything was running. Processes that do not carry the recorded token are not
    touched, so this is safe after a crash and after the id was given to another program.
    """
    emulator = recorded(workspace)
    ended = emulator is not None and _end(emulator.token)
    if emulator is not None and emulator.pid in _children:
        _children.pop(emulator.pid).wait()
    for file in (workspace.emulator_record, workspace.deployed, workspace.outputs):
        file.unlink(missing_ok=True)
    shutil.rmtree(workspace.scratch, ignore_errors=True)
    return ended


def emulator_log(workspace: Workspace) -> Path:
    return workspace.logs / "emulator.log"


def _environment(port: int, scratch: Path, token: str) -> dict[str, str]:
    """The whole environment of the emulator and, through it, of each Lambda worker."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return inherited | {
        "AUTH": "true",
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        # Both would listen on every interface.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(scratch),
        "PYTHONUNBUFFERED": "1",
        _TOKEN_VARIABLE: token,
    }


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # As servers do: a port counts as free while its last connections are still closing.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used ({error.strerror}); end the program that uses it or"
                " choose another with --port."
            ) from error


def _processes_of(token: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        # Processes that end meanwhile, and those of other users, are not ours.
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            if process.environ().get(_TOKEN_VARIABLE) == token:
                found.append(process)
    return found


def _end(token: str) -> bool:
    """Ask every process of the token to end, then force what is left."""
    processes = _processes_of(token)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, left = psutil.wait_procs(processes, timeout=_END_SECONDS)
    # A worker that was being started when the list was made is in the second one.
    for process in {*left, *_processes_of(token)}:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=_END_SECONDS)
    return bool(processes)
