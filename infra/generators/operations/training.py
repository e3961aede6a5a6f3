"""The description of the routes about training jobs and backfills."""

from infra.generators.operations.operation import CURSOR, LIMIT, Operation, in_path, json_body
from lambdas.api.backfills.service import BackfillList, BackfillStart, ResumeBackfill
from lambdas.api.training_jobs.service import TrainingJobList, TrainingOptions
from visionflow.backfills.comparison.view import BackfillComparison
from visionflow.backfills.record import BackfillView
from visionflow.backfills.request import BackfillRequest
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

BACKFILL_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/backfills"): Operation(
        "startBackfill",
        "Classify images that are in a bucket already; with `dry_run` only say what it takes (200)",
        {200: BackfillStart, 202: BackfillStart},
        body=json_body(BackfillRequest),
    ),
    ("GET", "/backfills"): Operation(
        "backfills", "Backfills, newest first", {200: BackfillList}, (LIMIT, CURSOR)
    ),
    ("GET", "/backfills/{id}"): Operation(
        "backfill",
        "One backfill with its progress, its price and its expected end",
        {200: BackfillView},
        (_ID,),
    ),
    ("GET", "/backfills/{id}/comparison"): Operation(
        "backfillComparison",
        "How the answers of a backfill's two versions differ",
        {200: BackfillComparison},
        (_ID,),
    ),
    ("POST", "/backfills/{id}/pause"): Operation(
        "pauseBackfill", "Begin no more chunks until it is resumed", {202: BackfillView}, (_ID,)
    ),
    ("POST", "/backfills/{id}/resume"): Operation(
        "resumeBackfill",
        "Go on with what is left of a backfill that was paused, stopped or cancelled",
        {202: BackfillView},
        (_ID,),
        json_body(ResumeBackfill),
        body_required=False,
    ),
    ("POST", "/backfills/{id}/cancel"): Operation(
        "cancelBackfill", "End a backfill; what is done stays", {202: BackfillView}, (_ID,)
    ),
    ("POST", "/backfills/{id}/retry"): Operation(
        "retryBackfill",
        "Do again the chunks of a failed backfill that are not done",
        {202: BackfillView},
        (_ID,),
    ),
}
