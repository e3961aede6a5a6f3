"""The routes of the history and of single predictions."""

from datetime import UTC, datetime

from lambdas.api.endpoints import Endpoints, Request
from lambdas.api.predictions.service import Erased, LogPage, PredictionService
from lambdas.api.records import PredictionDetail
from visionflow.predictions.record import Origin, Source, Status
from visionflow.predictions.store import LogQuery, Verdict

endpoints = Endpoints(PredictionService.build)
_FILTERS = ("label", "model", "status", "source", "origin", "feedback", "filename")


@endpoints.add("GET", "/logs", "limit", "cursor", *_FILTERS, "from", "to")
def logs(service: PredictionService, request: Request) -> LogPage:
    query = LogQuery(
        label=request.text("label"),
        model=request.model("model"),
        status=request.choice("status", Status),
        source=request.choice("source", Source),
        origin=request.choice("origin", Origin),
        feedback=request.choice("feedback", Verdict),
        filename=request.text("filename"),
        since=request.moment("from"),
        until=request.moment("to"),
        owner=service.records.owner_for(request.caller),
    )
    return service.logs(query, request.limit(), request.query.get("cursor"))


@endpoints.add("GET", "/predictions/<prediction_id>")
def prediction(
    service: PredictionService, request: Request, prediction_id: str
) -> PredictionDetail:
    return service.prediction(prediction_id, request.caller)


@endpoints.add("DELETE", "/predictions/<prediction_id>")
def erase(service: PredictionService, request: Request, prediction_id: str) -> Erased:
    return service.erase(prediction_id, request.caller, datetime.now(UTC))
