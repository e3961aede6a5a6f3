"""The routes about model versions. Whoever may not move aliases gets a 403."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from lambdas import clients
from lambdas.api.comparison import Comparison
from lambdas.api.model_answers import Moved, ServingAliases
from lambdas.api.model_service import ModelService
from lambdas.api.settings import ApiSettings
from lambdas.web.caller import name_of, require_admin
from lambdas.web.json_body import read_json
from lambdas.web.parameters import choice, moment, only, short_text, whole_days, whole_number
from lambdas.web.resolver import json_response
from visionflow.errors import MissingFieldError
from visionflow.insights.counters import CounterStore
from visionflow.insights.shadows import ShadowStore
from visionflow.models.registry import ModelRegistry
from visionflow.models.rollback_rule import RollbackRule
from visionflow.models.routing import Alias, Aliases, Order
from visionflow.models.store import ModelStore
from visionflow.predictions.reviews import ReviewStore
from visionflow.timestamps import timestamp

DEFAULT_LIMIT = 20
DEFAULT_DAYS = 30

router = APIGatewayHttpRouter()


@dataclass(frozen=True)
class MoveRequest:
    """Why, for the history."""

    reason: str | None = None


@dataclass(frozen=True)
class CanaryRequest:
    """``percent`` of the images, 1 to 99."""

    percent: int
    reason: str | None = None


def build_service(settings: ApiSettings) -> ModelService:
    s3, dynamodb = clients.s3(), clients.dynamodb()
    counters = CounterStore(settings.insights_table, dynamodb)
    return ModelService(
        ModelRegistry(settings.registry_table, dynamodb),
        ModelStore(settings.models_bucket, s3),
        Comparison(
            counters,
            ReviewStore(settings.predictions_table, settings.insights_table, dynamodb),
            ShadowStore(settings.insights_table, dynamodb, counters),
        ),
    )


@lru_cache
def service() -> ModelService:
    return build_service(ApiSettings.from_env(os.environ))


@router.get("/models")
def models() -> Response[str]:
    only(_query())
    return json_response(service().list())


@router.get("/models/history")
def history() -> Response[str]:
    query = _query()
    only(query, "alias", "limit", "cursor")
    limit = whole_number("limit", query.get("limit"))
    alias = choice("alias", query.get("alias"), Alias)
    limit = DEFAULT_LIMIT if limit is None else limit
    return json_response(service().history(limit, alias, query.get("cursor")))


@router.get("/models/served")
def served() -> Response[str]:
    query = _query()
    only(query, "at", "alias")
    at = moment("at", query.get("at"))
    if at is None:
        raise MissingFieldError("The parameter at is needed: the time to look at.")
    alias: Alias = choice("alias", query.get("alias"), Alias) or "production"
    return json_response(service().served_at(datetime.fromisoformat(at), alias))


@router.get("/models/compare")
def compare() -> Response[str]:
    query = _query()
    only(query, "versions", "from", "to", "name")
    versions = (short_text("versions", query.get("versions")) or "").split(",")
    first, last = days(query.get("from"), query.get("to"))
    found = service().compare([v for v in versions if v], first, last, _name())
    return json_response(found)


@router.get("/models/rule")
def rule() -> Response[str]:
    only(_query())
    return json_response(service().registry.rule())


@router.post("/models/rule")
def set_rule() -> Response[str]:
    _require_admin()
    only(_query())
    wanted = read_json(router.current_event, RollbackRule)
    service().registry.set_rule(wanted)
    return json_response(wanted)


@router.post("/models/rollback")
def rollback() -> Response[str]:
    order = _order(_reason())
    return _moved(service().registry.roll_back(order))


@router.delete("/models/canary")
def clear_canary() -> Response[str]:
    return _moved(service().registry.clear_canary(_order(None)))


@router.delete("/models/shadow")
def clear_shadow() -> Response[str]:
    return _moved(service().registry.clear_shadow(_order(None)))


@router.get("/models/<version>")
def model(version: str) -> Response[str]:
    only(_query(), "name")
    return json_response(service().detail(version, _name()))


@router.post("/models/<version>/promote")
def promote(version: str) -> Response[str]:
    order = _order(_reason(), "name")
    return _moved(service().registry.promote(service().find(version, _name()), order))


@router.post("/models/<version>/canary")
def canary(version: str) -> Response[str]:
    wanted = read_json(router.current_event, CanaryRequest)
    order = _order(wanted.reason, "name")
    found = service().find(version, _name())
    return _moved(service().registry.set_canary(found, wanted.percent, order))


@router.post("/models/<version>/shadow")
def shadow(version: str) -> Response[str]:
    order = _order(_reason(), "name")
    return _moved(service().registry.set_shadow(service().find(version, _name()), order))


@router.post("/models/<version>/retire")
def retire(version: str) -> Response[str]:
    order = _order(_reason(), "name")
    registry = service().registry
    registry.retire(service().find(version, _name()), order)
    return _moved(registry.aliases())


def days(since: str | None, until: str | None) -> tuple[str, str]:
    """The days (UTC) that a time range touches; by default the last `DEFAULT_DAYS`."""
    now = datetime.now(UTC)
    first = moment("from", since) or timestamp(now - timedelta(days=DEFAULT_DAYS))
    last = moment("to", until) or timestamp(now)
    return whole_days(first, last)


def _order(reason: str | None, *parameters: str) -> Order:
    """Who moves what. Raises `ForbiddenError`."""
    _require_admin()
    only(_query(), *parameters)
    return Order(name_of(router.current_event), datetime.now(UTC), short_text("reason", reason))


def _reason() -> str | None:
    """The body says why; it may be left out."""
    event = router.current_event
    return read_json(event, MoveRequest).reason if event.body else None


def _require_admin() -> None:
    settings = ApiSettings.from_env(os.environ)
    require_admin(router.current_event, requires_sign_in=bool(settings.requires_sign_in))


def _query() -> dict[str, str]:
    return router.current_event.query_string_parameters


def _name() -> str | None:
    return short_text("name", _query().get("name"))


def _moved(aliases: Aliases) -> Response[str]:
    return json_response(Moved(ServingAliases.of(aliases)))
