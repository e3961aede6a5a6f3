"""The report of a machine, written by two threads."""

import threading

from tests.jobs import record
from training.job.reporter import JobLog, Reporter
from visionflow.jobs.folder import JobFolders
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
