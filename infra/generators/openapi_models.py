"""The description of the routes about model versions, feedback, statistics and costs."""

from typing import get_args

from infra.generators.openapi_operation import (
    LIMIT,
    TIME,
    Operation,
    in_path,
    json_body,
    query,
)
from lambdas.api.costs.service import Costs
from lambdas.api.feedback.service import FeedbackHistory, FeedbackRequest, UncertainList
from lambdas.api.models.comparison import ModelComparison
from lambdas.api.models.service import (
    CanaryRequest,
    History,
    ModelDetail,
    ModelList,
    Moved,
    MoveRequest,
    Served,
)
from lambdas.api.records import LogEntry
from lambdas.api.stats.service import Stats
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Alias

_VERSION = in_path("version")
_ID = in_path("id")
_NAME = query("name", "Of the model; production's where left out", {"type": "string"})
_ALIAS = query("alias", "Only this alias", {"enum": list(get_args(Alias))})
_DAYS = (
    query("from", "From the day of this time on; 30 days ago where left out", TIME),
    query("to", "To the day of this time; at most 366 days in all", TIME),
)


def _move(operation_id: str, summary: str) -> Operation:
    return Operation(
        operation_id,
        summary,
        {200: Moved},
        (_VERSION, _NAME),
        json_body(MoveRequest),
        body_required=False,
    )


MODEL_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/predictions/{id}/feedback"): Operation(
        "feedback", "All feedback on a prediction", {200: FeedbackHistory}, (_ID,)
    ),
    ("POST", "/predictions/{id}/feedback"): Operation(
        "giveFeedback",
        "Confirm or correct an answer; the latest feedback counts",
        {200: LogEntry},
        (_ID,),
        json_body(FeedbackRequest),
    ),
    ("GET", "/uncertain"): Operation(
        "uncertain",
        "Answers without feedback, the least certain first",
        {200: UncertainList},
        (LIMIT,),
    ),
    ("GET", "/costs"): Operation(
        "costs",
        "What the predictions of today, and of whole days, have cost",
        {200: Costs},
        (
            query("from", "From the day of this time on; the last day where left out", TIME),
            query(
                "to", "To the day of this time; today where left out; at most 366 days in all", TIME
            ),
        ),
    ),
    ("GET", "/stats"): Operation("stats", "Counters of whole days", {200: Stats}, _DAYS),
    ("GET", "/models"): Operation("models", "Versions, and what serves", {200: ModelList}),
    ("GET", "/models/history"): Operation(
        "modelHistory",
        "Moves of the aliases, the latest first",
        {200: History},
        (
            _ALIAS,
            LIMIT,
            query("cursor", "`next_cursor` of the page before", {"type": "string"}),
        ),
    ),
    ("GET", "/models/served"): Operation(
        "modelServed",
        "Which version an alias pointed at at a time; production where no alias is named",
        {200: Served},
        (query("at", "The time to look at", TIME, required=True), _ALIAS),
    ),
    ("GET", "/models/compare"): Operation(
        "compareModels",
        "Versions beside the first of them",
        {200: ModelComparison},
        (
            query(
                "versions", "Two or more, with commas between", {"type": "string"}, required=True
            ),
            _NAME,
            *_DAYS,
        ),
    ),
    ("GET", "/models/rule"): Operation("rollbackRule", "The rollback rule", {200: RollbackRule}),
    ("POST", "/models/rule"): Operation(
        "setRollbackRule",
        "Replace the rollback rule (admin)",
        {200: RollbackRule},
        body=json_body(RollbackRule),
    ),
    ("POST", "/models/rollback"): Operation(
        "rollBack",
        "Put into production what was there before (admin)",
        {200: Moved},
        body=json_body(MoveRequest),
        body_required=False,
    ),
    ("DELETE", "/models/canary"): Operation("clearCanary", "End the canary (admin)", {200: Moved}),
    ("DELETE", "/models/shadow"): Operation("clearShadow", "End the shadow (admin)", {200: Moved}),
    ("GET", "/models/{version}"): Operation(
        "model", "One version with its manifest and report", {200: ModelDetail}, (_VERSION, _NAME)
    ),
    ("POST", "/models/{version}/promote"): _move("promote", "Put into production (admin)"),
    ("POST", "/models/{version}/canary"): Operation(
        "setCanary",
        "Let a version answer a share of the images (admin)",
        {200: Moved},
        (_VERSION, _NAME),
        json_body(CanaryRequest),
    ),
    ("POST", "/models/{version}/shadow"): _move(
        "setShadow", "Let a version look at every image after it was answered (admin)"
    ),
    ("POST", "/models/{version}/retire"): _move("retire", "Never let it serve again (admin)"),
}
