"""Environments of the parts of a training job, one class for both sides of each."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class JobMachineSettings(EnvSettings):
    """Of the machine that trains. ``job_reporter`` names it and its folder."""

    jobs_bucket: str
    job_reporter: str


@dataclass(frozen=True)
class JobControlSettings(EnvSettings):
    """Of what starts and stops jobs. ``on_aws``: 0 where the computer of the local cloud trains
    them, else 1."""

    jobs_table: str
    jobs_bucket: str
    datasets_bucket: str
    job_state_machine: str
    on_aws: int
