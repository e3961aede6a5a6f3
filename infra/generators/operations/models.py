"""The description of the routes about model versions, feedback, statistics and costs."""

from typing import get_args

from infra.generators.operations.operation import (
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
from lambdas.api.costs.month import MonthCost
from lambdas.api.costs.service import Costs
from lambdas.api.costs.viewer_days import LEAST_OFFSET, MOST_OFFSET
from lambdas.api.feedback.service import (
    FeedbackHistory,
    FeedbackRequest,
    GivenFeedback,
    UncertainList,
    WithdrawnFeedback,
)
from lambdas.api.models.comparison import ModelComparison
from lambdas.api.models.preview import Moved, MovePreview
from lambdas.api.models.service import (
    CanaryRequest,
    History,
    ModelDetail,
    ModelList,
    MoveRequest,
    Served,
)
from lambdas.api.stats.daily import DailyStats
from lambdas.api.stats.service import Stats
from visionflow.models.moves import MoveKind
from visionflow.models.promotion_rule import PromotionRule
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Alias

_MODEL = (in_path("name"), in_path("version"))
_ID = in_path("id")
_ALIAS = query("alias", "Only this alias", {"enum": list(get_args(Alias))})
_DAYS = (
    query("from", "From this day (UTC; default: 30 days ago)", TIME),
    query("to", "To this day (UTC); at most 366 days in total", TIME),
)

_OFFSET = query(
    "offset",
    "Minutes that the viewer's clocks are ahead of UTC (default: 0); days and months are theirs",
    {"type": "integer", "minimum": LEAST_OFFSET, "maximum": MOST_OFFSET},
)

_ORDER = (
    query("reason", "Why, for the history", TEXT),
    query(
        "revision",
        "That of a preview: moves only if nothing has moved since",
        {"type": "integer"},
    ),
)


def _move(operation_id: str, summary: str, parameters: tuple[Schema, ...] = _MODEL) -> Operation:
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
        "Predictions without feedback whose image can be shown, the least certain first",
        {200: UncertainList},
        (LIMIT,),
    ),
    ("GET", "/costs"): Operation(
        "costs",
        "What the predictions of today and of whole days have cost",
        {200: Costs},
        (
            query("from", "From this day (UTC; default: yesterday)", TIME),
            query(
                "to",
                "To this day (UTC; default: today); at most 366 days in total",
                TIME,
            ),
            _OFFSET,
        ),
    ),
    ("GET", "/costs/month"): Operation(
        "monthCost",
        "What the month costs: so far, until its end, and of what",
        {200: MonthCost},
        (_OFFSET,),
    ),
    ("GET", "/stats/daily"): Operation(
        "dailyStats",
        "Counters day by day and version by version",
        {200: DailyStats},
        (
            _DAYS[0],
            query("to", "To this day (UTC); at most 92 days in total", TIME),
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
        (
            query("at", "The time to look at, or the end of a date (UTC)", TIME, required=True),
            _ALIAS,
        ),
    ),
    ("GET", "/models/compare"): Operation(
        "compareModels",
        "Versions compared with the first of them",
        {200: ModelComparison},
        (
            query(
                "models",
                "Two or more versions as name/version, separated by commas",
                TEXT,
                required=True,
            ),
            *_DAYS,
        ),
    ),
    ("GET", "/models/preview"): Operation(
        "previewMove",
        "What a move would change now, by the code that moves; raises what it would raise",
        {200: MovePreview},
        (
            query("move", "The move to look at", {"enum": list(get_args(MoveKind))}, required=True),
            query("model", "The version that it is about, as name/version", TEXT),
            query("percent", "The share of a canary", {"type": "integer"}),
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
    ("DELETE", "/models/canary"): Operation("clearCanary", "End the canary", {200: Moved}, _ORDER),
    ("DELETE", "/models/shadow"): Operation("clearShadow", "End the shadow", {200: Moved}, _ORDER),
    ("GET", "/models/{name}/{version}"): Operation(
        "model",
        "One version with its manifest and report",
        {200: ModelDetail},
        (
            *_MODEL,
            query(
                "report",
                "Whether to return the report, which has up to 4 MB",
                {"type": "boolean", "default": True},
            ),
        ),
    ),
    ("POST", "/models/{name}/{version}/promote"): _move("promote", "Put a version into production"),
    ("POST", "/models/{name}/{version}/canary"): Operation(
        "setCanary",
        "Let a version answer a share of the images",
        {200: Moved},
        _MODEL,
        json_body(CanaryRequest),
    ),
    ("POST", "/models/{name}/{version}/shadow"): _move(
        "setShadow", "Let a version classify every image again, after the answer"
    ),
    ("POST", "/models/{name}/{version}/retire"): _move(
        "retire", "Keep a version from ever serving again"
    ),
}
