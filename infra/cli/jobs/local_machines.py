"""The machines of the local cloud's jobs, as processes of this computer.

The emulator's EC2 has machines that run nothing. `LocalMachines` runs the job's script for each of
them as on a real one, with a role that has the deployed policy for this machine. When the script
ends, the machine is terminated. So jobs started by the dashboard or the API are trained.
"""

import subprocess
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.endpoints import Endpoints
from infra.cli.jobs.local_job import job_folder, start_machine
from infra.cli.jobs.machine_role import MachineRole
from infra.errors import CommandError
from infra.local_cloud.processes import end_group
from infra.packaging.workspace import Workspace
from training.texts.terminal import say
from visionflow.jobs.record import JobRecord
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_LOOK_SECONDS = 1.0
_NEWEST_JOBS = 10


class LocalMachines:
    """One process for each machine of a job; `play` ends all of them."""

    def __init__(self, target: Endpoints, workspace: Workspace) -> None:
        """Raises `CommandError` for a stage on AWS, which has machines of its own."""
        if target.cloud is None:
            raise CommandError("Only jobs of the local cloud run on this computer.")
        self._target = target
        self._workspace = workspace
        self._ec2: EC2Client = boto3.client("ec2", **target.cloud.client_options)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._roles: dict[str, MachineRole] = {}
        # The job still names an ended machine for a moment.
        self._gone: set[str] = set()

    def play(self) -> None:
        """Run the machines of jobs until interrupted."""
        try:
            while True:
                self._look()
                time.sleep(_LOOK_SECONDS)
        finally:
            self._stop()

    def _stop(self) -> None:
        """End all processes, and then say so to the cloud, which may be gone already."""
        for process in self._processes.values():
            end_group(process)
        try:
            self._target.jobs.forget_worker()
            for machine in tuple(self._processes):
                self._end(machine)
        except (BotoCoreError, ClientError) as error:
            say(f"The local cloud could not be told that its machines have ended ({error}).")

    def _look(self) -> None:
        self._target.jobs.see_worker(timestamp(datetime.now(UTC)))
        running = {
            job.instance.id: job
            for job in self._target.jobs.page(_NEWEST_JOBS).items
            if job.instance and job.state == "running" and job.request.place == "ec2"
        }
        for machine, process in tuple(self._processes.items()):
            if machine not in running or process.poll() is not None:
                self._end(machine)
        for machine, job in running.items():
            if machine not in self._processes and machine not in self._gone:
                self._start(machine, job)

    def _start(self, machine: str, job: JobRecord) -> None:
        say(f"Job {job.id} runs on this computer as machine {machine}.")
        # A job that lost its machine continues with another disk, as on EC2.
        folder = job_folder(self._workspace, job.id) / machine
        reporter = str(job.reporter)
        self._roles[machine] = MachineRole(self._target, reporter)
        self._processes[machine] = start_machine(job.id, reporter, self._target, folder)

    def _end(self, machine: str) -> None:
        """A machine shuts itself down when its script ends."""
        end_group(self._processes.pop(machine))
        self._roles.pop(machine).delete()
        self._gone.add(machine)
        self._ec2.terminate_instances(InstanceIds=[machine])
        say(f"Machine {machine} has ended.")
