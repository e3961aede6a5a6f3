"""The routes about training jobs. Whoever may not spend money gets a 403."""

import os
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from lambdas import clients
from lambdas.api.settings import ApiSettings
from lambdas.api.training_data import DataSet, find_data_sets
from lambdas.web.caller import require_admin
from lambdas.web.json_body import read_json
from lambdas.web.parameters import only, whole_number
from lambdas.web.resolver import json_response
from visionflow import strict
from visionflow.errors import InvalidParameterError
from visionflow.jobs.control import JobControl
from visionflow.jobs.instances import INSTANCE_TYPES
from visionflow.jobs.options import check_bucket, check_settings, training_options
from visionflow.jobs.record import TrainingJob, TrainingJobRequest, parse_request
from visionflow.jobs.settings import JobControlSettings
from visionflow.jobs.store import JobStore

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

router = APIGatewayHttpRouter()


@dataclass(frozen=True)
class TrainingJobList:
    """Jobs, newest first. A null ``next_cursor`` means that there is nothing older."""

    items: tuple[TrainingJob, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Text:
    """The same in English and Korean."""

    en: str
    ko: str


@dataclass(frozen=True)
class Parameter:
    """A field of a config: its value there, and what it means."""

    default: Any
    about: Text


@dataclass(frozen=True)
class ConfigOption:
    """A config that a job can name; ``parameters`` by their dotted names."""

    name: str
    recipe: str
    model: str
    summary: Text
    parameters: dict[str, Parameter]


@dataclass(frozen=True)
class InstanceOption:
    """A machine that a job can name; prices in USD, about."""

    type: str
    gpu: str | None
    usd_per_hour_spot: float
    usd_per_hour: float


@dataclass(frozen=True)
class TrainingOptions:
    """All that a form for a training job needs. ``models`` and ``recipes``: those that may take the
    place of a config's own."""

    models: tuple[str, ...]
    recipes: tuple[str, ...]
    configs: tuple[ConfigOption, ...]
    datasets: tuple[DataSet, ...]
    instances: tuple[InstanceOption, ...]


@lru_cache
def settings() -> JobControlSettings:
    return JobControlSettings.from_env(os.environ)


@lru_cache
def control() -> JobControl:
    store = JobStore(settings().jobs_table, clients.dynamodb())
    return JobControl(store, clients.states(), settings().job_state_machine)


@router.post("/training-jobs")
def start() -> Response[str]:
    _require_admin()
    only(_query())
    asked = read_json(router.current_event, TrainingJobRequest)
    request = parse_request(strict.to_dict(asked))
    check_settings(request)
    check_bucket(request, settings().datasets_bucket)
    return json_response(control().start(request), HTTPStatus.ACCEPTED)


@router.get("/training-jobs")
def jobs() -> Response[str]:
    query = _query()
    only(query, "limit", "cursor")
    limit = whole_number("limit", query.get("limit"))
    limit = DEFAULT_LIMIT if limit is None else limit
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidParameterError(f"limit must be between 1 and {MAX_LIMIT}, found {limit}.")
    items, next_cursor = control().page(limit, query.get("cursor"))
    return json_response(TrainingJobList(items, next_cursor))


@router.get("/training-jobs/<job_id>")
def job(job_id: str) -> Response[str]:
    only(_query())
    return json_response(control().get(job_id))


@router.delete("/training-jobs/<job_id>")
def stop(job_id: str) -> Response[str]:
    _require_admin()
    only(_query())
    return json_response(control().stop(job_id), HTTPStatus.ACCEPTED)


@router.post("/training-jobs/<job_id>/resume")
def resume(job_id: str) -> Response[str]:
    _require_admin()
    only(_query())
    return json_response(control().resume(job_id), HTTPStatus.ACCEPTED)


@router.get("/training-options")
def options() -> Response[str]:
    only(_query())
    known = training_options()
    configs = strict.parse(tuple[ConfigOption, ...], known["configs"], "training options")
    machines = (
        InstanceOption(kind.type, kind.gpu, kind.usd_per_hour_spot, kind.usd_per_hour)
        for kind in INSTANCE_TYPES
    )
    data_sets = find_data_sets(settings().datasets_bucket, clients.s3())
    models, recipes = tuple(known["models"]), tuple(known["recipes"])
    return json_response(TrainingOptions(models, recipes, configs, data_sets, tuple(machines)))


def _require_admin() -> None:
    api = ApiSettings.from_env(os.environ)
    require_admin(router.current_event, requires_sign_in=bool(api.requires_sign_in))


def _query() -> dict[str, str]:
    return router.current_event.query_string_parameters
