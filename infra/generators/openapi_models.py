"""The description of the routes about model versions, feedback, statistics and costs."""

from typing import get_args

from infra.generators.openapi_operation import (
    CURSOR,
    LIMIT,
    TEXT,
    TIME,
    Operation,
    Schema,
    in_path,
    json_body,
    query,
)
from lambdas.api.costs.service import Costs
from lambdas.api.feedback.service import (
    FeedbackHistory,
    FeedbackRequest,
    GivenFeedback,
    UncertainList,
    WithdrawnFeedback,
)
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
from lambdas.api.stats.service import Stats
from visionflow.models.promotion_rule import PromotionRule
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Alias

_VERSION = in_path("version")
_ID = in_path("id")
_NAME = query("name", "Name of the model (default: the one in production)", TEXT)
_ALIAS = query("alias", "Only this alias", {"enum": list(get_args(Alias))})
_DAYS = (
    query("from", "From the day of this time (default: 30 days ago)", TIME),
    query("to", "To the day of this time; at most 366 days in total", TIME),
)


def _move(
    operation_id: str, summary: str, parameters: tuple[Schema, ...] = (_VERSION, _NAME)
) -> Operation:
    return Operation(
        operation_id,
        summary,
        {200: Moved},
        parameters,
        json_body(MoveRequest),
        body_required=False,
    )


MODEL_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/predictions/{id}/feedback"): Operation(
        "feedback", "All feedback on a prediction", {200: FeedbackHistory}, (_ID,)
    ),
    ("POST", "/predictions/{id}/feedback"): Operation(
        "giveFeedback",
        "Confirm or correct an answer; of the heaviest feedback, the latest counts",
        {200: GivenFeedback},
        (_ID,),
        json_body(FeedbackRequest),
    ),
    ("DELETE", "/predictions/{id}/feedback"): Operation(
        "withdrawFeedback",
        "Take back your latest feedback on a prediction",
        {200: WithdrawnFeedback},
        (_ID,),
    ),
    ("GET", "/uncertain"): Operation(
        "uncertain",
        "Predictions without feedback, the least certain first",
        {200: UncertainList},
        (LIMIT,),
    ),
    ("GET", "/costs"): Operation(
        "costs",
        "What the predictions of today and of whole days have cost",
        {200: Costs},
        (
            query("from", "From the day of this time (default: yesterday)", TIME),
            query(
                "to", "To the day of this time (default: today); at most 366 days in total", TIME
            ),
        ),
    ),
    ("GET", "/stats"): Operation("stats", "Counters of whole days", {200: Stats}, _DAYS),
    ("GET", "/models"): Operation("models", "Versions, and which of them serve", {200: ModelList}),
    ("GET", "/models/history"): Operation(
        "modelHistory",
        "Moves of the aliases, the latest first",
        {200: History},
        (_ALIAS, LIMIT, CURSOR),
    ),
    ("GET", "/models/served"): Operation(
        "modelServed",
        "The version that an alias pointed to at a time (default: production)",
        {200: Served},
        (query("at", "The time to look at", TIME, required=True), _ALIAS),
    ),
    ("GET", "/models/compare"): Operation(
        "compareModels",
        "Versions compared with the first of them",
        {200: ModelComparison},
        (
            query("versions", "Two or more versions, separated by commas", TEXT, required=True),
            _NAME,
            *_DAYS,
        ),
    ),
    ("GET", "/models/promotion-rule"): Operation(
        "promotionRule", "The rule that promotes what jobs make", {200: PromotionRule}
    ),
    ("POST", "/models/promotion-rule"): Operation(
        "setPromotionRule",
        "Replace the promotion rule",
        {200: PromotionRule},
        body=json_body(PromotionRule),
    ),
    ("GET", "/models/rule"): Operation("rollbackRule", "The rollback rule", {200: RollbackRule}),
    ("POST", "/models/rule"): Operation(
        "setRollbackRule",
        "Replace the rollback rule",
        {200: RollbackRule},
        body=json_body(RollbackRule),
    ),
    ("POST", "/models/rollback"): _move(
        "rollBack", "Restore the version that was in production before", ()
    ),
    ("DELETE", "/models/canary"): Operation("clearCanary", "End the canary", {200: Moved}),
    ("DELETE", "/models/shadow"): Operation("clearShadow", "End the shadow", {200: Moved}),
    ("GET", "/models/{version}"): Operation(
        "model",
        "One version with its manifest and report",
        {200: ModelDetail},
        (
            _VERSION,
            _NAME,
            query(
                "report",
                "Whether to return the report, which has up to 4 MB",
                {"type": "boolean", "default": True},
            ),
        ),
    ),
    ("POST", "/models/{version}/promote"): _move("promote", "Put a version into production"),
    ("POST", "/models/{version}/canary"): Operation(
        "setCanary",
        "Let a version answer a share of the images",
        {200: Moved},
        (_VERSION, _NAME),
        json_body(CanaryRequest),
    ),
    ("POST", "/models/{version}/shadow"): _move(
        "setShadow", "Let a version classify every image again, after the answer"
    ),
    ("POST", "/models/{version}/retire"): _move("retire", "Keep a version from ever serving again"),
}
