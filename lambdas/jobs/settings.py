"""Environment of the jobs function."""

from dataclasses import dataclass

from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class JobsSettings(EnvSettings):
    """Names of the resources.

    Attributes:
        launch_template: its id.
        job_subnets: ids, with commas between them, one for each zone.
        image_parameter: the SSM parameter that names the machine image.
        job_role_id: the unique id of the machines' role, first half of a reporter's name.
        watch_seconds: between two looks at a job that has just begun.
        gate: the stage's `GateLimits` as JSON.
        region: whose prices a budget is counted in.
        on_aws: 0 where machines are stood in for by the computer of the local cloud, else 1.
    """

    jobs_table: str
    jobs_bucket: str
    datasets_bucket: str
    launch_template: str
    job_subnets: str
    image_parameter: str
    job_role_id: str
    watch_seconds: int
    gate: str
    usage_table: str
    datasets_table: str
    on_aws: int
    region: str
