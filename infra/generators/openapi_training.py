"""The description of the routes about training jobs."""

from infra.generators.openapi_operation import CURSOR, LIMIT, Operation, in_path, json_body
from lambdas.api.training_jobs.service import TrainingJobList, TrainingOptions
from visionflow.jobs.record import TrainingJob, TrainingJobRequest

_ID = in_path("id")

TRAINING_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/training-jobs"): Operation(
        "startTrainingJob",
        "Train on images of the datasets bucket, on a rented machine",
        {202: TrainingJob},
        body=json_body(TrainingJobRequest),
    ),
    ("GET", "/training-jobs"): Operation(
        "trainingJobs",
        "Training jobs, newest first",
        {200: TrainingJobList},
        (LIMIT, CURSOR),
    ),
    ("GET", "/training-jobs/{id}"): Operation(
        "trainingJob",
        "One job with its curves, its cost and its estimated end",
        {200: TrainingJob},
        (_ID,),
    ),
    ("DELETE", "/training-jobs/{id}"): Operation(
        "stopTrainingJob", "End a job and its machine", {202: TrainingJob}, (_ID,)
    ),
    ("POST", "/training-jobs/{id}/resume"): Operation(
        "resumeTrainingJob",
        "Continue a job that failed or was cancelled, from its checkpoint",
        {202: TrainingJob},
        (_ID,),
    ),
    ("GET", "/training-options"): Operation(
        "trainingOptions", "The options of a training job", {200: TrainingOptions}
    ),
}
