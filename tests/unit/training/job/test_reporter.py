"""The report of a machine, written by two threads, and its log, whose parts are bounded."""

import io
import threading

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.jobs import record
from training.job.reporter import LONGEST_LOGGED, MOST_UNSENT, JobLog, Reporter, Tee
from visionflow.jobs.folder import MOST_LOG_BYTES, JobFolders
from visionflow.jobs.record import JobOutcome, JobReport


class SlowFolders(JobFolders):
    """Whose first report takes its time to arrive."""

    def __init__(self) -> None:
        self.arrived: list[JobReport] = []
        self.asked, self.go = threading.Event(), threading.Event()

    def put_report(self, report: JobReport) -> None:
        if not self.asked.is_set():
            self.asked.set()
            self.go.wait(10)
        self.arrived.append(report)


def test_a_heartbeat_on_its_way_does_not_hide_the_outcome() -> None:
    folders = SlowFolders()
    reporter = Reporter(folders, record(), JobLog(folders, "AROA:i-1"), lambda _: None)
    heartbeat = threading.Thread(target=reporter.send)
    heartbeat.start()
    assert folders.asked.wait(10)
    end = threading.Thread(target=reporter.end, args=(JobOutcome("finished", None),))
    end.start()
    # Where nothing holds it back, the outcome arrives first.
    end.join(0.2)
    folders.go.set()
    heartbeat.join(10)
    end.join(10)
    assert [report.outcome is not None for report in folders.arrived] == [False, True]


class LogFolders(JobFolders):
    """Keeps the parts of the log, from the time on that S3 is there."""

    def __init__(self) -> None:
        self.parts: dict[int, bytes] = {}
        self.failing = False

    def put_report(self, report: JobReport) -> None:
        pass

    def put_log(self, reporter: str, number: int, text: str) -> None:
        # The first part arrives; the connection is lost before the second.
        if self.failing and self.parts:
            raise EndpointConnectionError(endpoint_url="https://s3")
        self.parts[number] = text.encode(errors="replace")

    @property
    def lines(self) -> list[str]:
        text = b"".join(data for _, data in sorted(self.parts.items())).decode()
        return [line.partition(" ")[2] for line in text.splitlines()]


def logged(lines: list[str]) -> LogFolders:
    """The parts that one heartbeat makes of ``lines``."""
    folders = LogFolders()
    reporter = Reporter(folders, record(), JobLog(folders, "AROA:i-1"), lambda _: None)
    for line in lines:
        reporter.line(line)
    reporter.send()
    return folders


FIVE_MB = 5_000_000
LONG = {
    "letters": "x" * FIVE_MB,
    "Korean": "\uac00" * FIVE_MB,
    "emoji": "\U0001f600" * 2_000_000,
    "a lone surrogate": "\ud800" * FIVE_MB,
}


@pytest.mark.parametrize("kind", LONG)
def test_a_line_of_five_megabytes_is_cut_between_characters(kind: str) -> None:
    folders = logged(["before", LONG[kind], "after"])
    assert all(len(data) < MOST_LOG_BYTES for data in folders.parts.values())
    first, cut, last = folders.lines
    assert (first, last) == ("before", "after")
    assert cut.endswith("(the rest of this line is left out)")
    # A lone half of a pair has no bytes of its own.
    kept = LONG[kind][:LONGEST_LOGGED].encode(errors="replace").decode()
    assert cut.startswith(kept)


@pytest.mark.parametrize("letter", ["x", "\uac00", "\U0001f600"])
def test_the_parts_of_a_burst_are_below_a_megabyte_and_hold_every_line(letter: str) -> None:
    lines = [f"{number} {letter * 900}" for number in range(3_000)]
    folders = logged(lines)
    assert len(folders.parts) > 2
    assert all(len(data) < MOST_LOG_BYTES for data in folders.parts.values())
    assert folders.lines == lines


def test_a_burst_that_no_heartbeat_could_send_keeps_the_newest_and_says_how_many_went() -> None:
    lines = [str(number) for number in range(7 * MOST_UNSENT)]
    found = logged(lines).lines
    note, kept = found[0], found[1:]
    assert kept == lines[-len(kept) :]
    assert len(kept) <= 2 * MOST_UNSENT
    assert note == f"({len(lines) - len(kept):,} lines are left out)"


def test_a_part_that_arrived_is_not_sent_again_after_the_next_one_failed() -> None:
    folders = LogFolders()
    reporter = Reporter(folders, record(), JobLog(folders, "AROA:i-1"), lambda _: None)
    lines = [f"{number} {'x' * 900}" for number in range(2_000)]
    for line in lines:
        reporter.line(line)
    folders.failing = True
    reporter.send()
    assert len(folders.parts) == 1
    folders.failing = False
    reporter.send()
    assert folders.lines == lines


def test_output_without_an_end_of_line_does_not_pile_up() -> None:
    """A progress bar repaints one line for hours; a program may forget its line ends."""
    shown: list[str] = []
    tee = Tee(io.StringIO(), shown.append)
    for percent in range(1000):
        tee.write(f"\r{percent / 10:5.1f} %")
    assert len(tee._rest) < 20
    tee.write("\n")
    assert shown == [" 99.9 %"]
    for _ in range(500):
        tee.write("x" * 10_000)
    assert len(tee._rest) <= LONGEST_LOGGED + 1
    tee.write("\nnext\n")
    assert len(shown[1]) == LONGEST_LOGGED + 1, "long enough to be cut, and to say so"
    assert shown[2] == "next"


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100])
def test_lines_are_the_same_however_they_are_written(chunk: int) -> None:
    text = "one\n\r 1 %\r 2 %\r 3 %\ntwo\r\n\n  three\n"
    shown: list[str] = []
    tee = Tee(io.StringIO(), shown.append)
    for start in range(0, len(text), chunk):
        tee.write(text[start : start + chunk])
    assert shown == ["one", " 3 %", "two", "  three"]
