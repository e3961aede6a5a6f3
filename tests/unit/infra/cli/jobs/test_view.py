"""A training job as text."""

from dataclasses import replace
from datetime import timedelta

import pytest

from infra.cli.jobs.view import CURVE_WIDTH, bars, epoch_line, row, screen
from tests.jobs import NOW, record
from visionflow.jobs.record import (
    JobEpoch,
    JobInstance,
    JobProgress,
    JobReport,
    Setting,
    TrainingJob,
    describe,
)
from visionflow.models.ref import ModelRef
from visionflow.timestamps import timestamp

EPOCHS = tuple(JobEpoch(n, 2 / n, n / 10, 2.2 / n, n / 11, 60.0) for n in range(1, 5))
REPORT = JobReport(
    "r", "j", timestamp(NOW), JobProgress("train", 4, 10), EPOCHS, ("first", "last line"), None
)


@pytest.fixture
def job() -> TrainingJob:
    running = record(
        state="running",
        started_at=timestamp(NOW),
        launched_at=timestamp(NOW),
        usd_per_hour=0.5,
        instance=JobInstance("i-1", "g5.xlarge", "eu-central-1a", spot=True),
    )
    return describe(running, REPORT, NOW + timedelta(hours=2))


def test_cost_and_end_are_estimated(job: TrainingJob) -> None:
    assert job.cost_usd == 1.0
    assert job.eta_seconds == 6 * 60


def test_a_job_that_ended_costs_what_its_machines_did() -> None:
    ended = record(state="failed", spent_usd=0.25, reason="no")
    job = describe(ended, REPORT, NOW)
    assert (job.cost_usd, job.eta_seconds) == (0.25, None)
    assert screen(job)[0].endswith("failed: no")


def test_why_a_job_failed_is_whole_in_its_status_and_not_in_the_list() -> None:
    reason = "train/ is missing: " + ", ".join(f"folder {number}" for number in range(100))
    job = describe(record(state="failed", reason=reason), REPORT, NOW)
    lines = screen(job)
    said = " ".join(line.strip() for line in lines)
    assert reason in said
    assert all(len(line) <= 100 for line in lines)
    assert not any("folder 99" in cell for cell in row(job))


def test_a_row_names_the_machine_and_the_progress(job: TrainingJob) -> None:
    cells = row(job)
    assert cells[1:4] == ("running", "cifar10-small", "4/10")
    assert "g5.xlarge (spot, eu-central-1a)" in cells
    assert "36.4%" in cells
    published = replace(job, model=ModelRef("flowers", "3"))
    assert row(published)[-1] == "flowers 3"


def test_on_the_local_cloud_a_job_waits_for_its_worker_and_has_no_machine() -> None:
    running = record(
        state="running", instance=JobInstance("i-1", "g5.xlarge", "eu-central-1a", spot=True)
    )
    waits = describe(running, None, NOW, Setting("local"))
    assert (waits.cost_usd, waits.instance) == (0, None)
    assert "waiting for 'visionflow jobs machines'" in row(waits)
    assert "waiting for 'visionflow jobs machines'" in screen(waits)[1]
    assert "0.00 $, at most" in screen(waits)[2]
    trained = describe(running, None, NOW, Setting("local", worker=True))
    assert "this computer" in row(trained)
    assert "g5" not in "".join((*row(waits), *row(trained)))


def test_a_screen_shows_curves_cost_and_the_end_of_the_log(job: TrainingJob) -> None:
    text = "\n".join(screen(job))
    assert "1.00 of 10.00 $, at most 2 hours" in text
    assert "train: epoch 4/10, about 6 min of epochs left" in text
    assert "validation loss     2.200 █▃▂▁   0.550" in text
    assert "last line" in text
    assert max(map(len, screen(job))) <= 100


def test_a_job_without_a_report_is_shown_too() -> None:
    lines = screen(describe(record(), None, NOW))
    assert "queued" in lines[0]
    assert "no machine yet" in lines[1]
    assert row(describe(record(), None, NOW))[3] == ""


def test_bars_reach_from_the_lowest_to_the_highest_value() -> None:
    assert bars([0, 1]) == "▁█"
    assert bars([5, 5, 5]) == "▁▁▁"
    assert len(bars(list(range(1000)))) == CURVE_WIDTH
    assert bars(list(range(1000)))[0] == "▁"
    assert bars(list(range(1000)))[-1] == "█"


def test_an_epoch_is_one_line() -> None:
    assert epoch_line(EPOCHS[1]).startswith("epoch 2: train loss 1.000 top-1 20.0%, validation")
