"""The routes about training jobs."""

from datetime import UTC, datetime
from http import HTTPStatus

from lambdas.api.endpoints import Endpoints, Request
from lambdas.api.training_jobs.service import (
    StartRequest,
    TrainingJobList,
    TrainingJobService,
    TrainingOptions,
)
from lambdas.web.http import Response
from lambdas.web.resolver import json_response
from visionflow.jobs.record import TrainingJob

endpoints = Endpoints(TrainingJobService.build)


@endpoints.add("POST", "/training-jobs")
def start(service: TrainingJobService, request: Request) -> Response:
    job = service.start(request.body(StartRequest), request.caller, datetime.now(UTC))
    request.details.update(id=job.id, dataset_version=job.config.dataset_version)
    return _accepted(job)


@endpoints.add("GET", "/training-jobs", "limit", "cursor")
def jobs(service: TrainingJobService, request: Request) -> TrainingJobList:
    return service.page(request.limit(), request.query.get("cursor"))


@endpoints.add("GET", "/training-jobs/<job_id>")
def job(service: TrainingJobService, _request: Request, job_id: str) -> TrainingJob:
    return service.get(job_id)


@endpoints.add("DELETE", "/training-jobs/<job_id>")
def stop(service: TrainingJobService, _request: Request, job_id: str) -> Response:
    return _accepted(service.stop(job_id))


@endpoints.add("POST", "/training-jobs/<job_id>/resume")
def resume(service: TrainingJobService, request: Request, job_id: str) -> Response:
    return _accepted(service.resume(job_id, request.caller))


@endpoints.add("GET", "/training-options")
def options(service: TrainingJobService, _request: Request) -> TrainingOptions:
    return service.options()


def _accepted(job: TrainingJob) -> Response:
    """The state machine does what was asked for, later."""
    return json_response(job, HTTPStatus.ACCEPTED)
