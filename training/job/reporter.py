"""What a job's machine reports to the control plane, and what it is told, every few seconds.

One thread does both. The report is one row, replaced each time: heartbeat, progress, epochs, the
end of the log, finally the outcome. A lost connection only delays it.
"""

import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from training.results.history import EpochRecord
from visionflow.errors import JobNotFoundError
from visionflow.jobs.record import (
    JobEpoch,
    JobOutcome,
    JobProgress,
    JobRecord,
    JobReport,
)
from visionflow.jobs.store import JobStore
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

HEARTBEAT_SECONDS = 10.0
TAIL = 40
"""Lines of the log in the report; CloudWatch has all of them."""
LONGEST_LINE = 300
MOST_UNSENT = 5_000
"""Lines that wait for CloudWatch; beyond that the oldest are dropped. One call takes 10,000."""


class LogStream:
    """A stream of CloudWatch Logs; without a group, lines are dropped."""

    def __init__(self, client: "CloudWatchLogsClient", group: str | None, stream: str) -> None:
        self._client = client
        self._group = group
        self._stream = stream
        self._begun = False

    def write(self, lines: list[tuple[int, str]]) -> None:
        """``lines``: milliseconds since 1970 and text. Raises botocore's errors."""
        if self._group is None or not lines:
            return
        if not self._begun:
            with suppress(self._client.exceptions.ResourceAlreadyExistsException):
                self._client.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
            self._begun = True
        self._client.put_log_events(
            logGroupName=self._group,
            logStreamName=self._stream,
            logEvents=[{"timestamp": at, "message": line or " "} for at, line in lines],
        )


class Reporter:
    """Keeps a job's report current while it is open. Calls ``on_stop`` once, with the reason, when
    this machine must not work on the job any more."""

    def __init__(
        self,
        store: JobStore,
        record: JobRecord,
        log: LogStream,
        on_stop: Callable[[str], object],
        interval: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._store = store
        self._record = record
        self._log = log
        self._on_stop = on_stop
        self._interval = interval
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._stopped = False
        self._unsent: list[tuple[int, str]] = []
        self._tail: deque[str] = deque(maxlen=TAIL)
        before = store.report(record)
        self._report = JobReport(
            reporter=str(record.reporter),
            job_id=record.id,
            heartbeat_at=_now(),
            progress=JobProgress("start", len(before.epochs), 0) if before else None,
            epochs=before.epochs if before else (),
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
        at = int(datetime.now(UTC).timestamp() * 1000)
        with self._lock:
            self._tail.append(text[:LONGEST_LINE])
            self._unsent.append((at, text))

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
        with self._lock:
            self._report = replace(self._report, heartbeat_at=_now(), log_tail=tuple(self._tail))
            report = self._report
        self._store.put_report(report)
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
            record = self._store.get(self._record.id)
        except JobNotFoundError:
            reason: str | None = "The job's record is gone."
        except (BotoCoreError, ClientError) as error:
            print(f"heartbeat: {error}", file=sys.__stderr__, flush=True)
            return
        else:
            reason = why_not(record, self._report.reporter)
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


def why_not(record: JobRecord, reporter: str) -> str | None:
    """Why the machine ``reporter`` must not work on the job; None when it may."""
    if record.reporter != reporter:
        return "Another machine has taken over."
    if record.state != "running":
        return record.reason or f"The job is {record.state}."
    return None


def _now() -> str:
    return timestamp(datetime.now(UTC))
