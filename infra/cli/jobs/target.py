"""Where training jobs live: the local cloud, or a stage on AWS as its stacks describe it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from infra.cli.deployed import stack_outputs
from infra.errors import CommandError
from infra.local_cloud import emulator
from infra.local_cloud.emulator import Emulator
from infra.local_cloud.outputs import read_outputs
from infra.packaging.workspace import Workspace
from infra.stages import LOCAL, stage_named
from visionflow.jobs.control import JobControl
from visionflow.jobs.store import JobStore

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class JobTarget:
    """The jobs of one stage. ``cloud`` is the local one, None on AWS."""

    control: JobControl
    store: JobStore
    s3: "S3Client"
    logs: "CloudWatchLogsClient"
    datasets_bucket: str
    jobs_bucket: str
    jobs_table: str
    job_role: str
    log_group: str
    cloud: Emulator | None


def job_target(stage: str, workspace: Workspace) -> JobTarget:
    """Raises `CommandError` when the stage is not deployed."""
    running: Emulator | None = None
    if stage == LOCAL.name:
        running = emulator.running(workspace)
        if running is None:
            raise CommandError("No local cloud is running; start one with 'visionflow up'.")
        outputs = read_outputs(workspace.outputs)
        named = {
            "DatasetsBucket": outputs.datasets_bucket,
            "JobsBucket": outputs.jobs_bucket,
            "JobsTable": outputs.jobs_table,
            "JobRole": outputs.job_role,
            "JobLogGroup": outputs.job_log_group,
            "JobStateMachine": outputs.job_state_machine,
        }
    else:
        title = stage_named(stage).title
        named = {
            **stack_outputs(f"VisionFlow-{title}-Data"),
            **stack_outputs(f"VisionFlow-{title}-Training"),
        }
    options = running.client_options if running else {}
    try:
        store = JobStore(named["JobsTable"], boto3.client("dynamodb", **options))
        states = boto3.client("stepfunctions", **options)
        return JobTarget(
            control=JobControl(store, states, named["JobStateMachine"]),
            store=store,
            s3=boto3.client("s3", **options),
            logs=boto3.client("logs", **options),
            datasets_bucket=named["DatasetsBucket"],
            jobs_bucket=named["JobsBucket"],
            jobs_table=named["JobsTable"],
            job_role=named["JobRole"],
            log_group=named["JobLogGroup"],
            cloud=running,
        )
    except KeyError as error:
        raise CommandError(
            f"Stage {stage} was deployed without training jobs (no output {error}); deploy again."
        ) from None
