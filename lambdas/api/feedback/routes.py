"""The routes about feedback."""

from datetime import UTC, datetime

from lambdas.api.endpoints import Endpoints, Request
from lambdas.api.feedback.service import (
    FeedbackHistory,
    FeedbackRequest,
    FeedbackService,
    GivenFeedback,
    UncertainList,
    WithdrawnFeedback,
)

endpoints = Endpoints(FeedbackService.build)


@endpoints.add("POST", "/predictions/<prediction_id>/feedback")
def give(service: FeedbackService, request: Request, prediction_id: str) -> GivenFeedback:
    wanted = request.body(FeedbackRequest)
    return service.give(prediction_id, wanted, request.caller, datetime.now(UTC))


@endpoints.add("GET", "/predictions/<prediction_id>/feedback")
def history(service: FeedbackService, request: Request, prediction_id: str) -> FeedbackHistory:
    return service.history(prediction_id, request.caller)


@endpoints.add("DELETE", "/predictions/<prediction_id>/feedback")
def withdraw(service: FeedbackService, request: Request, prediction_id: str) -> WithdrawnFeedback:
    answer = service.withdraw(prediction_id, request.caller)
    request.details.update(label=answer.withdrawn.label, by=answer.withdrawn.by)
    return answer


@endpoints.add("GET", "/uncertain", "limit")
def uncertain(service: FeedbackService, request: Request) -> UncertainList:
    return service.uncertain(request.limit(), request.caller, datetime.now(UTC))
