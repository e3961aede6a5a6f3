"""The routes about hooks."""

from datetime import UTC, datetime
from http import HTTPStatus

from lambdas.api.endpoints import Endpoints, Request
from lambdas.api.hooks.bodies import HookPage, HookReplay, HookRequest, HookState
from lambdas.api.hooks.service import HookService
from lambdas.web.http import Response
from lambdas.web.resolver import json_response
from visionflow import strict
from visionflow.events.hooks import without_secrets

endpoints = Endpoints(HookService.build)


@endpoints.add("GET", "/hooks")
def hooks(service: HookService, _request: Request) -> HookPage:
    return service.list()


@endpoints.add("POST", "/hooks")
def create(service: HookService, request: Request) -> Response:
    wanted = request.read(HookRequest)
    # An address often holds a key, which the trail would keep for ever.
    shown = {**strict.to_dict(wanted), "target": without_secrets(wanted.target)}
    request.details.update(shown)
    return json_response(
        service.create(wanted, request.caller, datetime.now(UTC)), HTTPStatus.CREATED
    )


@endpoints.add("DELETE", "/hooks/<name>")
def remove(service: HookService, _request: Request, name: str) -> HookState:
    return service.remove(name)


@endpoints.add("POST", "/hooks/<name>/secret")
def replace_secret(service: HookService, _request: Request, name: str) -> Response:
    return json_response(service.replace_secret(name, datetime.now(UTC)), HTTPStatus.CREATED)


@endpoints.add("POST", "/hooks/<name>/test")
def test(service: HookService, _request: Request, name: str) -> Response:
    return json_response(service.test(name, datetime.now(UTC)), HTTPStatus.ACCEPTED)


@endpoints.add("POST", "/hooks/<name>/replay")
def replay(service: HookService, _request: Request, name: str) -> HookReplay:
    return service.replay(name)
