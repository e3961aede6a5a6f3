"""The routes about model versions."""

from dataclasses import replace
from datetime import UTC, datetime

from lambdas.api.endpoints import Endpoints, Request
from lambdas.api.models.comparison import ModelComparison
from lambdas.api.models.device import DeviceModel
from lambdas.api.models.preview import Moved, MovePreview
from lambdas.api.models.service import (
    MOST_COMPARED,
    CanaryRequest,
    History,
    ModelDetail,
    ModelList,
    ModelService,
    MoveRequest,
    Served,
)
from lambdas.web.parameters import flag, short_text, whole_number
from visionflow.errors import InvalidParameterError, MissingFieldError, ModelNotFoundError
from visionflow.models.moves import MoveKind, Wanted
from visionflow.models.promotion_rule import PromotionRule
from visionflow.models.ref import ModelRef, parse_ref
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
        raise MissingFieldError("The parameter at is needed: the time to look at.", "at")
    alias: Alias = request.choice("alias", Alias) or "production"
    return service.served_at(datetime.fromisoformat(at), alias)


@endpoints.add("GET", "/models/compare", "models", "from", "to")
def compare(service: ModelService, request: Request) -> ModelComparison:
    models = (request.query.get("models") or "").split(",")[: MOST_COMPARED + 1]
    named = [service.named("models", one) for one in models if one]
    return service.compare(named, *request.days())


@endpoints.add("GET", "/models/preview", "move", "model", "percent")
def preview(service: ModelService, request: Request) -> MovePreview:
    kind = request.choice("move", MoveKind)
    if kind is None:
        raise MissingFieldError("The parameter move is needed: the move to look at.", "move")
    percent = whole_number("percent", request.query.get("percent"))
    model = request.query.get("model")
    wanted = Wanted(kind, None if model is None else service.named("model", model), percent)
    return service.preview(wanted, Order(request.caller.name, datetime.now(UTC)))


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
    return service.move(Wanted("rollback"), _order(request))


@endpoints.add("DELETE", "/models/canary", "reason", "revision")
def clear_canary(service: ModelService, request: Request) -> Moved:
    return service.move(Wanted("end_canary"), _order_in_query(request))


@endpoints.add("DELETE", "/models/shadow", "reason", "revision")
def clear_shadow(service: ModelService, request: Request) -> Moved:
    return service.move(Wanted("end_shadow"), _order_in_query(request))


@endpoints.add("GET", "/models/<name>/<version>", "report")
def model(service: ModelService, request: Request, name: str, version: str) -> ModelDetail:
    with_report = flag("report", request.query.get("report"), default=True)
    return service.detail(_model(name, version), with_report=with_report)


@endpoints.add("GET", "/models/<name>/<version>/device")
def device(service: ModelService, _request: Request, name: str, version: str) -> DeviceModel:
    return service.for_device(_model(name, version))


@endpoints.add("POST", "/models/<name>/<version>/promote")
def promote(service: ModelService, request: Request, name: str, version: str) -> Moved:
    return service.move(Wanted("promote", _model(name, version)), _order(request))


@endpoints.add("POST", "/models/<name>/<version>/canary")
def canary(service: ModelService, request: Request, name: str, version: str) -> Moved:
    wanted = request.body(CanaryRequest)
    move = Wanted("canary", _model(name, version), wanted.percent)
    return service.move(move, _order_of(request, wanted))


@endpoints.add("POST", "/models/<name>/<version>/shadow")
def shadow(service: ModelService, request: Request, name: str, version: str) -> Moved:
    return service.move(Wanted("shadow", _model(name, version)), _order(request))


@endpoints.add("POST", "/models/<name>/<version>/retire")
def retire(service: ModelService, request: Request, name: str, version: str) -> Moved:
    return service.move(Wanted("retire", _model(name, version)), _order(request))


def _model(name: str, version: str) -> ModelRef:
    """Raises `ModelNotFoundError` for what no version may be called, before it is looked up."""
    try:
        return parse_ref("The path", f"{name}/{version}")
    except InvalidParameterError as error:
        raise ModelNotFoundError(f"There is no version {f'{name}/{version}'!r:.80}.") from error


def _order(request: Request) -> Order:
    """Who moves what, and why; the body may be left out."""
    return _order_of(request, request.body(MoveRequest, optional=True))


def _order_in_query(request: Request) -> Order:
    """`_order` of a DELETE, whose body not every client can send: the query says the same."""
    order = _order(request)
    reason = short_text("reason", request.query.get("reason"))
    revision = whole_number("revision", request.query.get("revision"))
    return replace(
        order,
        reason=order.reason if reason is None else reason,
        seen=order.seen if revision is None else revision,
    )


def _order_of(request: Request, body: MoveRequest | CanaryRequest) -> Order:
    reason = short_text("reason", body.reason)
    return Order(request.caller.name, datetime.now(UTC), reason, body.revision)
