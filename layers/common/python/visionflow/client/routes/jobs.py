"""Training jobs: machines that train networks."""

from collections.abc import Iterator
from typing import TypedDict, Unpack

from visionflow.client import answers
from visionflow.client.connection import filled
from visionflow.client.routes.group import Group


class JobOptions(TypedDict, total=False):
    """What a job may be asked for beside its configuration; what is left out is the API's choice.
    ``set`` changes fields of the configuration."""

    data: str
    model: str
    recipe: str
    set: dict[str, object]
    instance: str
    on_demand: bool
    max_hours: float
    budget_usd: float
    grow_from: str
    dataset: str
    dataset_version: int


class Jobs(Group):
    """A start is sent once: where its answer is lost, `list` has the job."""

    def start(self, config: str, **options: Unpack[JobOptions]) -> answers.TrainingJob:
        """Rent a machine that trains by ``config``. Raises `ApiError` for what it refuses."""
        return self.post(answers.TrainingJob, "/training-jobs", {"config": config, **options})

    def list(self) -> Iterator[answers.TrainingJob]:
        """All jobs, the newest first."""
        return self.pages(answers.TrainingJobList, "/training-jobs")

    def get_job(self, job_id: str) -> answers.TrainingJob:
        """Raises `NotFoundError`."""
        return self.get(answers.TrainingJob, filled("/training-jobs/{}", job_id))

    def stop(self, job_id: str) -> answers.TrainingJob:
        """End a job after its epoch. Raises `NotFoundError`, `ConflictError`."""
        return self.delete(answers.TrainingJob, filled("/training-jobs/{}", job_id))

    def resume(self, job_id: str) -> answers.TrainingJob:
        """Continue a job that was stopped. Raises `NotFoundError`, `ConflictError`."""
        return self.post(answers.TrainingJob, filled("/training-jobs/{}/resume", job_id))

    def options(self) -> answers.TrainingOptions:
        """What a job can be asked for, with prices."""
        return self.get(answers.TrainingOptions, "/training-options")
