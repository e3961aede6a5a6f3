"""Environments of the parts of a training job, one class for both sides of each."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class JobMachineSettings(EnvSettings):
    """Of the machine that trains. An empty ``jobs_log_group`` keeps the log to the machine."""

    jobs_table: str
    jobs_bucket: str
    jobs_log_group: str


@dataclass(frozen=True)
class JobControlSettings(EnvSettings):
    """Of what starts and stops jobs."""

    jobs_table: str
    datasets_bucket: str
    job_state_machine: str
