"""The machine of a local job: the job's own script as a process, with the role of a machine.

Its credentials are those of a role with the policy that EC2's machines have, so what that does not
allow fails here too. The emulator does not fill in who calls: each machine gets a role of its own,
with its name written into the policy. A killed process loses only the epoch at hand: its job is
resumed like any other.
"""

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from infra.cli.endpoints import Endpoints
from infra.cli.jobs.machine_role import MachineRole
from infra.errors import CommandError
from infra.local_cloud.deployment import without_aws_settings
from infra.local_cloud.emulator import REGION
from infra.local_cloud.processes import end_group
from infra.packaging.workspace import PROJECT, Workspace
from visionflow.jobs.record import (
    ENDED,
    JobOutcome,
    JobRecord,
    JobReport,
    TrainingJob,
    hours_between,
)
from visionflow.jobs.settings import JobMachineSettings
from visionflow.sentences import say
from visionflow.timestamps import timestamp

HEARTBEAT_SECONDS = 2.0
_START_SECONDS = 120.0
_END_SECONDS = 600.0
# For the batch at hand, or the slowest step of the export, and the upload of a checkpoint.
_STOP_SECONDS = 60.0
_LOOK_SECONDS = 0.3
# A process that has not reported for this long has ended.
_DEAD_SECONDS = 8 * HEARTBEAT_SECONDS


def run_local_job(job_id: str, target: Endpoints, workspace: Workspace) -> TrainingJob:
    """Run the job's script here until it ends, and wait for what the state machine makes of it.

    Ctrl-C stops the script, which reports that it was interrupted. Raises `CommandError` when the
    job does not get as far as to a machine, or does not end.
    """
    record = _wait(target, job_id, "running", _START_SECONDS)
    if record.state == "running":
        folder = job_folder(workspace, job_id)
        reporter = str(record.reporter)
        process = start_machine(job_id, reporter, target, folder)
        try:
            process.wait()
        finally:
            _stop(process)
            MachineRole(target, reporter).delete()
            _report_death(record, target, say("process_ended", code=process.returncode))
    _wait(target, job_id, None, _END_SECONDS)
    return target.job_control.get(job_id)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the script to stop, which ends its own workers; kill it after a while, or when Ctrl-C
    comes again."""
    try:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
    finally:
        end_group(process)


def bury_local_job(job_id: str, target: Endpoints) -> None:
    """End a local job whose process was killed together with the command that ran it."""
    record = target.jobs.get(job_id)
    if record.request.place != "local" or record.state != "running":
        return
    report = target.job_folders.current_report(record)
    seen = report.heartbeat_at if report else record.launched_at
    if seen and hours_between(seen, datetime.now(UTC)) * 3600 > _DEAD_SECONDS:
        _report_death(record, target, "The process was killed.")
        _wait(target, job_id, None, _END_SECONDS)


def _report_death(record: JobRecord, target: Endpoints, reason: str) -> None:
    """Report for a process that could not do so itself, as EC2's event does for a machine."""
    report = target.job_folders.current_report(record)
    if report is None:
        before = target.job_folders.report(record)
        report = JobReport(
            reporter=str(record.reporter),
            job_id=record.id,
            heartbeat_at=timestamp(datetime.now(UTC)),
            progress=before.progress if before else None,
            epochs=before.epochs if before else (),
            log_tail=(),
            outcome=None,
        )
    if report.outcome is None:
        target.job_folders.put_report(replace(report, outcome=JobOutcome("interrupted", reason)))


def job_folder(workspace: Workspace, job_id: str) -> Path:
    """What a local job keeps between its attempts: images, checkpoint, run."""
    return workspace.state / "jobs" / job_id


def _wait(target: Endpoints, job_id: str, state: str | None, seconds: float) -> JobRecord:
    """The record once it has ended, or is in ``state``."""
    deadline = time.monotonic() + seconds
    while True:
        record = target.jobs.get(job_id)
        if record.state in ENDED or record.state == state:
            return record
        if time.monotonic() > deadline:
            raise CommandError(f"Job {job_id} is still {record.state} after {seconds:.0f} s.")
        time.sleep(_LOOK_SECONDS)


def start_machine(
    job_id: str, reporter: str, target: Endpoints, folder: Path
) -> subprocess.Popen[bytes]:
    """Start the job's script as EC2 does on the machine ``reporter``, with ``folder`` as its disk.
    Raises `CommandError` for a job on AWS."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "training.job", job_id),
            *("--work", str(folder)),
            *("--heartbeat-seconds", str(HEARTBEAT_SECONDS)),
        ],
        cwd=PROJECT,
        env=_environment(reporter, target, folder),
        # Its own group: what Ctrl-C means is for the caller to decide.
        start_new_session=True,
    )


def _environment(reporter: str, target: Endpoints, folder: Path) -> dict[str, str]:
    """The user's environment with the AWS settings of the role on the local cloud."""
    if target.cloud is None:
        raise CommandError("Only jobs of the local cloud run on this machine.")
    # A file of the job's own: the SDK renews the session by it for as long as the job takes.
    file = folder / "aws-config"
    file.parent.mkdir(parents=True, exist_ok=True)
    account = target.cloud.client_options
    file.write_text(
        "[profile machine]\n"
        f"role_arn = {MachineRole(target, reporter).make()}\n"
        "role_session_name = machine\n"
        "source_profile = account\n"
        "[profile account]\n"
        f"aws_access_key_id = {account['aws_access_key_id']}\n"
        f"aws_secret_access_key = {account['aws_secret_access_key']}\n"
    )
    settings = JobMachineSettings(target.training.jobs_bucket, reporter)
    return {
        **without_aws_settings(),
        **settings.to_env(),
        "AWS_CONFIG_FILE": str(file),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PROFILE": "machine",
        "AWS_ENDPOINT_URL": target.cloud.endpoint_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
