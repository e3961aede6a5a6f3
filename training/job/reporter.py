"""What a job's machine reports to the control plane, and what it is told, every few seconds.

One thread does both. The report is one object, replaced each time: heartbeat, progress, epochs, the
end of the log, finally the outcome. A lost connection only delays it.
"""

import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TextIO

from botocore.exceptions import BotoCoreError, ClientError

from training.results.history import EpochRecord
from visionflow.errors import ConfigError
from visionflow.jobs.folder import JobFolders
from visionflow.jobs.record import (
    JobEpoch,
    JobOutcome,
    JobProgress,
    JobRecord,
    JobReport,
)
from visionflow.sentences import say
from visionflow.timestamps import timestamp

HEARTBEAT_SECONDS = 10.0
TAIL = 40
"""Lines of the log in the report; the folder has all of them."""
LONGEST_LINE = 300
MOST_UNSENT = 5_000
"""Lines that wait to be written; beyond that the oldest are dropped."""


class JobLog:
    """A machine's log, one object of its folder for the lines of each heartbeat."""

    def __init__(self, folders: JobFolders, reporter: str) -> None:
        self._folders = folders
        self._reporter = reporter
        self._parts = 0

    def write(self, lines: Sequence[str]) -> None:
        """Raises botocore's errors."""
        if lines:
            text = "".join(f"{line}\n" for line in lines)
            self._folders.put_log(self._reporter, self._parts, text)
            self._parts += 1


class Reporter:
    """Keeps a job's report current while it is open. Calls ``on_stop`` once, with the reason, when
    this machine must not work on the job any more."""

    def __init__(
        self,
        folders: JobFolders,
        record: JobRecord,
        log: JobLog,
        on_stop: Callable[[str], object],
        interval: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._folders = folders
        self._record = record
        self._log = log
        self._on_stop = on_stop
        self._interval = interval
        self._lock = threading.Lock()
        # A heartbeat that is on its way must not arrive after the outcome.
        self._sending = threading.Lock()
        self._closing = threading.Event()
        self._stopped = False
        self._unsent: list[str] = []
        self._tail: deque[str] = deque(maxlen=TAIL)
        self._report = JobReport(
            reporter=str(record.reporter),
            job_id=record.id,
            heartbeat_at=_now(),
            progress=None,
            epochs=(),
            log_tail=(),
            outcome=None,
        )
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Reporter":
        self.send()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()

    def step(self, name: str, epochs: int | None = None) -> None:
        """Report what the machine does now; ``epochs`` once their number is known."""
        with self._lock:
            report, before = self._report, self._report.progress
            known = epochs if epochs is not None else (before.epochs if before else 0)
            progress = JobProgress(name, len(report.epochs), known)
            self._report = replace(report, progress=progress)
        self.send()

    def epochs(self, history: Sequence[EpochRecord]) -> None:
        """Replace the curves by all epochs that the run has kept."""
        epochs = tuple(
            JobEpoch(
                epoch=record.epoch,
                train_loss=record.train_loss,
                train_top1=record.train_top1,
                validation_loss=record.validation_loss,
                validation_top1=record.validation_top1,
                seconds=record.seconds,
            )
            for record in history
        )
        with self._lock:
            report = self._report
            total = report.progress.epochs if report.progress else 0
            progress = JobProgress("train", len(epochs), total)
            self._report = replace(report, epochs=epochs, progress=progress)
        self.send()

    def line(self, text: str) -> None:
        """Add a line to the log; it is sent with the next heartbeat."""
        with self._lock:
            self._tail.append(text[:LONGEST_LINE])
            self._unsent.append(f"{_now()} {text}")

    def end(self, outcome: JobOutcome) -> None:
        """Report the outcome. Raises botocore's errors: without it the job would not end."""
        with self._lock:
            self._report = replace(self._report, outcome=outcome)
        self._send()

    def send(self) -> None:
        """Write the report now. An error of AWS goes to stderr: the next report may succeed."""
        try:
            self._send()
        except (BotoCoreError, ClientError) as error:
            print(f"heartbeat: {error}", file=sys.__stderr__, flush=True)

    def _send(self) -> None:
        with self._sending:
            with self._lock:
                tail = tuple(self._tail)
                self._report = replace(self._report, heartbeat_at=_now(), log_tail=tail)
                report = self._report
            self._folders.put_report(report)
            self._send_log()

    def _send_log(self) -> None:
        """Send the lines that wait; they are kept if that fails. No job fails for its log."""
        with self._lock:
            lines, self._unsent = self._unsent, []
        try:
            self._log.write(lines)
        except (BotoCoreError, ClientError) as error:
            print(f"log: {error}", file=sys.__stderr__, flush=True)
            with self._lock:
                self._unsent = [*lines, *self._unsent][-MOST_UNSENT:]

    def _beat(self) -> None:
        while not self._closing.wait(self._interval):
            self.send()
            self._listen()

    def _listen(self) -> None:
        """Call ``on_stop`` if the job is not this machine's any more."""
        try:
            found = self._folders.assignment(self._report.reporter)
        except (BotoCoreError, ClientError, ConfigError) as error:
            print(f"heartbeat: {error}", file=sys.__stderr__, flush=True)
            return
        reason = why_not(found.job if found else None, self._report.reporter)
        if reason and not self._stopped:
            self._stopped = True
            self._on_stop(reason)


class Tee:
    """A text stream that also passes each finished line to the reporter.

    A progress bar repaints one line with carriage returns; only its last state is passed on.
    """

    def __init__(self, stream: TextIO, on_line: Callable[[str], object]) -> None:
        self._stream = stream
        self._on_line = on_line
        self._rest = ""

    def write(self, text: str) -> int:
        self._stream.write(text)
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            shown = line.rstrip("\r").rpartition("\r")[2].rstrip()
            if shown:
                self._on_line(shown)
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()


def why_not(record: JobRecord | None, reporter: str) -> str | None:
    """Why the machine ``reporter`` must not work on the job; None when it may."""
    if record is None:
        return say("no_job")
    if record.reporter != reporter:
        return say("other_machine")
    if record.state != "running":
        return record.reason or say("job_is", state=record.state)
    return None


def _now() -> str:
    return timestamp(datetime.now(UTC))
