"""The routes about model versions."""

from datetime import UTC, datetime

from lambdas.api.endpoints import Endpoints, Request
from lambdas.api.models.comparison import ModelComparison
from lambdas.api.models.service import (
    CanaryRequest,
    History,
    ModelDetail,
    ModelList,
    ModelService,
    Moved,
    MoveRequest,
    Served,
)
from lambdas.web.parameters import flag, short_text
from visionflow.errors import MissingFieldError
from visionflow.models.promotion_rule import PromotionRule
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Alias, Order

endpoints = Endpoints(ModelService.build)


@endpoints.add("GET", "/models")
def models(service: ModelService, _request: Request) -> ModelList:
    return service.list()


@endpoints.add("GET", "/models/history", "alias", "limit", "cursor")
def history(service: ModelService, request: Request) -> History:
    alias = request.choice("alias", Alias)
    return service.history(request.limit(), alias, request.query.get("cursor"))


@endpoints.add("GET", "/models/served", "at", "alias")
def served(service: ModelService, request: Request) -> Served:
    at = request.moment("at")
    if at is None:
        raise MissingFieldError("The parameter at is needed: the time to look at.")
    alias: Alias = request.choice("alias", Alias) or "production"
    return service.served_at(datetime.fromisoformat(at), alias)


@endpoints.add("GET", "/models/compare", "versions", "from", "to", "name")
def compare(service: ModelService, request: Request) -> ModelComparison:
    versions = (request.text("versions") or "").split(",")
    return service.compare([v for v in versions if v], *request.days(), request.text("name"))


@endpoints.add("GET", "/models/rule")
def rule(service: ModelService, _request: Request) -> RollbackRule:
    return service.rule()


@endpoints.add("POST", "/models/rule")
def set_rule(service: ModelService, request: Request) -> RollbackRule:
    return service.set_rule(request.body(RollbackRule))


@endpoints.add("GET", "/models/promotion-rule")
def promotion_rule(service: ModelService, _request: Request) -> PromotionRule:
    return service.promotion_rule()


@endpoints.add("POST", "/models/promotion-rule")
def set_promotion_rule(service: ModelService, request: Request) -> PromotionRule:
    return service.set_promotion_rule(request.body(PromotionRule))


@endpoints.add("POST", "/models/rollback")
def rollback(service: ModelService, request: Request) -> Moved:
    return service.roll_back(_order(request))


@endpoints.add("DELETE", "/models/canary")
def clear_canary(service: ModelService, request: Request) -> Moved:
    return service.clear_canary(_order(request))


@endpoints.add("DELETE", "/models/shadow")
def clear_shadow(service: ModelService, request: Request) -> Moved:
    return service.clear_shadow(_order(request))


@endpoints.add("GET", "/models/<version>", "name", "report")
def model(service: ModelService, request: Request, version: str) -> ModelDetail:
    with_report = flag("report", request.query.get("report"), default=True)
    return service.detail(version, request.text("name"), with_report=with_report)


@endpoints.add("POST", "/models/<version>/promote", "name")
def promote(service: ModelService, request: Request, version: str) -> Moved:
    return service.promote(version, request.text("name"), _order(request))


@endpoints.add("POST", "/models/<version>/canary", "name")
def canary(service: ModelService, request: Request, version: str) -> Moved:
    wanted = request.body(CanaryRequest)
    order = _order_of(request, wanted.reason)
    return service.set_canary(version, request.text("name"), wanted.percent, order)


@endpoints.add("POST", "/models/<version>/shadow", "name")
def shadow(service: ModelService, request: Request, version: str) -> Moved:
    return service.set_shadow(version, request.text("name"), _order(request))


@endpoints.add("POST", "/models/<version>/retire", "name")
def retire(service: ModelService, request: Request, version: str) -> Moved:
    return service.retire(version, request.text("name"), _order(request))


def _order(request: Request) -> Order:
    """Who moves what, and why; the body may be left out."""
    return _order_of(request, request.body(MoveRequest, optional=True).reason)


def _order_of(request: Request, reason: str | None) -> Order:
    return Order(request.caller.name, datetime.now(UTC), short_text("reason", reason))
