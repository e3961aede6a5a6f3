"""`visionflow jobs logs`: of one job alone, and on until it ends."""

import argparse
from typing import Any

import pytest

from infra.cli.jobs import commands
from tests.jobs import JOBS, NOW, folders, make_buckets, make_table, record
from visionflow.jobs.folder import JobFolders
from visionflow.jobs.record import JobRecord
from visionflow.jobs.reports import LONGEST_REASON, read_report
from visionflow.jobs.store import JobStore
from visionflow.timestamps import timestamp


class Stage:
    """What `jobs logs` reaches."""

    def __init__(self) -> None:
        make_buckets(JOBS)
        self.jobs: JobStore = make_table()
        self.job_folders: JobFolders = folders()

    def job(self, number: int, *reporters: str) -> JobRecord:
        found = record(id=f"{number:026d}", state="running", reporters=reporters)
        self.jobs.add(found)
        return found


@pytest.fixture
def stage(aws: None, monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()
    monkeypatch.setattr(commands, "endpoints", lambda _: stage)
    return stage


def logs(job: JobRecord, **options: Any) -> int:
    options = {"json": False, "follow": False, **options}
    return commands._logs(argparse.Namespace(job=job.id, **options))


def test_the_log_is_that_of_the_job_and_of_all_its_machines(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, other = stage.job(1, "AROA:i-1", "AROA:i-2"), stage.job(2, "AROA:i-3")
    for number, reporter in enumerate((*mine.reporters, *other.reporters)):
        stage.job_folders.put_log(reporter, 0, f"line {number}\n")
    assert logs(mine) == 0
    assert capsys.readouterr() == ("line 0\nline 1\n", "")


def test_follow_prints_what_comes_once_and_ends_with_the_job(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = stage.job(1, "AROA:i-1")
    stage.job_folders.put_log("AROA:i-1", 0, "first\n")
    reason = "a long reason " * 40
    looks = 0

    def later(_: float) -> None:
        nonlocal looks
        looks += 1
        stage.job_folders.put_log("AROA:i-1", looks, f"look {looks}\n")
        if looks == 2:
            stage.jobs.move(stage.jobs.get(job.id), "failed", reason=reason)

    monkeypatch.setattr("infra.cli.jobs.commands.time.sleep", later)
    assert logs(job, follow=True) == 0
    said = capsys.readouterr()
    assert said.out == "first\nlook 1\nlook 2\n"
    assert said.err.strip() == f"Job {job.id}: failed. {reason}".strip()


def test_a_part_is_read_once(stage: Stage) -> None:
    for number in range(3):
        stage.job_folders.put_log("AROA:i-1", number, f"{number}\n")
    (first, lines), *rest = stage.job_folders.log_parts("AROA:i-1")
    assert lines == ["0"]
    assert len(rest) == 2
    assert list(stage.job_folders.log_parts("AROA:i-1", first)) == rest


@pytest.mark.parametrize("length", [5_000, LONGEST_REASON, LONGEST_REASON + 1])
def test_a_machine_s_reason_is_whole_or_shows_that_it_is_cut(length: int) -> None:
    text = b'{"heartbeat_at": "%s", "outcome": {"kind": "failed", "reason": "%s"}}'
    found = read_report(text % (timestamp(NOW).encode(), b"x" * length), "r", "j")
    assert found is not None
    assert found.outcome is not None
    reason = str(found.outcome.reason)
    assert len(reason) == min(length, LONGEST_REASON)
    assert reason.endswith("…") is (length > LONGEST_REASON)
