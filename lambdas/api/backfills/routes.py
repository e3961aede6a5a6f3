"""The routes about backfills."""

from http import HTTPStatus

from lambdas.api.backfills.service import (
    BackfillList,
    BackfillService,
    BackfillStart,
    ResumeBackfill,
)
from lambdas.api.endpoints import Endpoints, Request
from lambdas.web.http import Response
from lambdas.web.resolver import json_response
from visionflow.backfills.comparison.view import BackfillComparison
from visionflow.backfills.record import BackfillView
from visionflow.backfills.request import BackfillRequest

endpoints = Endpoints(BackfillService.build)


@endpoints.add("POST", "/backfills")
def start(service: BackfillService, request: Request) -> Response:
    asked = request.body(BackfillRequest)
    answer: BackfillStart = service.start(asked, request.caller)
    if answer.backfill is None:
        return json_response(answer)
    request.details["id"] = answer.backfill.id
    return json_response(answer, HTTPStatus.ACCEPTED)


@endpoints.add("GET", "/backfills", "limit", "cursor")
def backfills(service: BackfillService, request: Request) -> BackfillList:
    return service.page(request.limit(), request.query.get("cursor"))


@endpoints.add("GET", "/backfills/<backfill_id>")
def backfill(service: BackfillService, _request: Request, backfill_id: str) -> BackfillView:
    return service.control.get(backfill_id)


@endpoints.add("GET", "/backfills/<backfill_id>/comparison")
def comparison(service: BackfillService, request: Request, backfill_id: str) -> BackfillComparison:
    return service.comparison(backfill_id, request.caller)


@endpoints.add("POST", "/backfills/<backfill_id>/pause")
def pause(service: BackfillService, request: Request, backfill_id: str) -> Response:
    return _accepted(service.control.pause(backfill_id, request.caller.name))


@endpoints.add("POST", "/backfills/<backfill_id>/resume")
def resume(service: BackfillService, request: Request, backfill_id: str) -> Response:
    asked = request.body(ResumeBackfill, optional=True)
    return _accepted(service.resume(backfill_id, asked, request.caller))


@endpoints.add("POST", "/backfills/<backfill_id>/cancel")
def cancel(service: BackfillService, request: Request, backfill_id: str) -> Response:
    return _accepted(service.control.cancel(backfill_id, request.caller.name))


@endpoints.add("POST", "/backfills/<backfill_id>/retry")
def retry(service: BackfillService, request: Request, backfill_id: str) -> Response:
    return _accepted(service.control.retry(backfill_id, request.caller.name))


def _accepted(found: BackfillView) -> Response:
    """The state machine does what was asked for, later."""
    return json_response(found, HTTPStatus.ACCEPTED)
