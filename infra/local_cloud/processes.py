"""Runs the tools that set the local cloud up, and ends them with the command."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from infra.errors import CommandError

_GRACE_SECONDS = 3.0
_COMPLAINTS = ("error", "failed", "❌")
# What the CDK CLI says behind the error itself.
_NO_REASON = ("re-run `cdk diagnose`", "subprocess exited with error")


class Tools:
    """Runs tools one by one or from several threads; leaving the block ends what still runs.

    Each tool gets a process group of its own: npm and the CDK CLI start processes that a signal to
    the tool alone would leave behind.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> "Tools":
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        """End every tool that still runs and refuse new ones."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            end_group(process)

    def run(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Run ``command`` to its end with its output in ``<logs>/<name>.log``.

        Raises `CommandError` when it cannot be started or fails.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            # Ctrl-C is raised in the main thread: here it cannot come between a start and its note.
            with ThreadPoolExecutor(1) as starter:
                started = starter.submit(self._start, name, command, output, cwd, env)
                process = started.result()
            try:
                code = process.wait()
            except BaseException:
                end_group(process)
                raise
            finally:
                with self._lock:
                    self._running.discard(process)
        if code != 0:
            raise CommandError(f"{name} failed ({last_complaint(log)}); its log: {log}")

    def _start(
        self,
        name: str,
        command: Sequence[str | Path],
        output: BinaryIO,
        cwd: Path,
        env: Mapping[str, str] | None,
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise CommandError(f"{name} was ended because another step failed.")
            try:
                process = subprocess.Popen(
                    [str(part) for part in command],
                    cwd=cwd,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise CommandError(
                    f"{name} could not be started: {command[0]}: {error.strerror}."
                ) from error
            self._running.add(process)
            return process


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and the group that it leads: by SIGTERM, then by SIGKILL."""
    for attempt in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, attempt)
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return


def last_complaint(log: Path) -> str:
    """The line of a log that most likely has the error, at most 300 characters."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    complaints = [
        line
        for line in lines
        if any(word in line.lower() for word in _COMPLAINTS)
        and not any(words in line.lower() for words in _NO_REASON)
    ]
    return (complaints or lines or ["it printed nothing"])[-1][:300]
