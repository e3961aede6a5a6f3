"""What of a job is really left alive, as Step Functions and EC2 say, whatever its record says."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lambdas.jobs.machines import JOB_TAG
from visionflow.jobs.record import JobRecord, JobState
from visionflow.jobs.store import JobStore
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_stepfunctions import SFNClient

_ALIVE = ("pending", "running", "shutting-down", "stopping", "stopped")
_ENDING = "shutting-down"


class Leftovers:
    """Of the jobs of one stage."""

    def __init__(self, states: "SFNClient", ec2: "EC2Client", state_machine: str) -> None:
        """``state_machine``: its ARN."""
        self._states = states
        self._ec2 = ec2
        self._executions = state_machine.replace(":stateMachine:", ":execution:")

    def is_moved(self, job: JobRecord) -> bool:
        """Whether its execution of the state machine still runs: else nothing will end it."""
        name = f"{self._executions}:{job.id}-{job.execution}"
        try:
            found = self._states.describe_execution(executionArn=name)
        except self._states.exceptions.ExecutionDoesNotExist:
            return False
        return found["status"] == "RUNNING"

    def machines(self, job_id: str) -> dict[str, str]:
        """The state of each machine of the job that is not gone, by its id."""
        pages = self._ec2.get_paginator("describe_instances").paginate(
            Filters=[
                {"Name": f"tag:{JOB_TAG}", "Values": [job_id]},
                {"Name": "instance-state-name", "Values": list(_ALIVE)},
            ]
        )
        return {
            instance["InstanceId"]: str(instance["State"]["Name"])
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        }

    def bury(self, job: JobRecord, store: JobStore) -> bool:
        """End a job that nothing moves any more: its machines first, and once there are none, its
        record. Returns whether it has ended. Raises `JobConflictError` where it moves after all."""
        machines = self.machines(job.id)
        ending = [machine for machine, state in machines.items() if state != _ENDING]
        if ending:
            self._ec2.terminate_instances(InstanceIds=ending)
        if not machines:
            ended: JobState = "cancelled" if job.state == "stopping" else "failed"
            store.move(job, ended, ended_at=timestamp(datetime.now(UTC)))
        return not machines

    def words(self, job: JobRecord) -> str:
        """What is left of it, for people."""
        machines = ", ".join(f"{name} is {state}" for name, state in self.machines(job.id).items())
        moved = "its state machine still runs" if self.is_moved(job) else ""
        return f"{job.id} ({'; '.join(filter(None, (job.state, moved, machines)))})"
