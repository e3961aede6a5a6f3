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
from visionflow.jobs.folder import MOST_LOG_BYTES, JobFolders
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
LONGEST_LOGGED = 10_000
"""Characters of a line in the folder; the rest of it is left out."""
MOST_PART_BYTES = MOST_LOG_BYTES * 9 // 10
"""Of one part of the log: whoever reads it reads no more than `MOST_LOG_BYTES` of an object."""
MOST_UNSENT = 5_000
"""Lines that wait to be written; beyond that the oldest are dropped."""


class JobLog:
    """A machine's log, one object of its folder for the lines of each heartbeat."""

    def __init__(self, folders: JobFolders, reporter: str) -> None:
        self._folders = folders
        self._reporter = reporter
        self._parts = 0

    def write(self, lines: Sequence[str]) -> int:
        """Write the first of ``lines``, as many as one part holds; returns how many. Raises
        botocore's errors."""
        size = count = 0
        for line in lines:
            size += len(line.encode(errors="replace")) + 1
            if count and size > MOST_PART_BYTES:
                break
            count += 1
        if count:
            text = "".join(f"{line}\n" for line in lines[:count])
            self._folders.put_log(self._reporter, self._parts, text)
            self._parts += 1
        return count


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
        self._left_out = 0
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
            self._unsent.append(f"{_now()} {shortened(text)}")
            # A burst between two heartbeats must not fill the machine's memory.
            if len(self._unsent) > 2 * MOST_UNSENT:
                self._forget()

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
            if self._left_out:
                lines.insert(0, f"{_now()} ({self._left_out:,} lines are left out)")
                self._left_out = 0
        try:
            while lines:
                lines = lines[self._log.write(lines) :]
        except (BotoCoreError, ClientError) as error:
            print(f"log: {error}", file=sys.__stderr__, flush=True)
            with self._lock:
                self._unsent = [*lines, *self._unsent]
                self._forget()

    def _forget(self) -> None:
        """Keep the newest lines alone."""
        surplus = max(0, len(self._unsent) - MOST_UNSENT)
        del self._unsent[:surplus]
        self._left_out += surplus

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
        *lines, rest = text.split("\n")
        if lines:
            lines[0] = self._rest + lines[0]
            self._rest = ""
        for line in lines:
            shown = line.rstrip("\r").rpartition("\r")[2].rstrip()
            if shown:
                self._on_line(shown)
        self._rest = _unfinished(self._rest + rest)
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()


def shortened(line: str) -> str:
    """A line as the log has it, cut between characters and not in the middle of one."""
    if len(line) <= LONGEST_LOGGED:
        return line
    return f"{line[:LONGEST_LOGGED]} ... (the rest of this line is left out)"


def _unfinished(line: str) -> str:
    """Of a line without its end, what can still be shown of it: not what was painted over, and no
    more than its beginning."""
    before, _, painted = line.rpartition("\r")
    return (painted or line if before else line)[: LONGEST_LOGGED + 1]


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
