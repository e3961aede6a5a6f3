"""The routes about API keys."""

from datetime import UTC, datetime
from http import HTTPStatus

from lambdas.api.endpoints import Endpoints, Request
from lambdas.api.keys.service import KeyPage, KeyRequest, KeyService
from lambdas.web.http import Response
from lambdas.web.resolver import json_response
from visionflow.access.keys import ApiKey

endpoints = Endpoints(KeyService.build)


@endpoints.add("GET", "/keys")
def keys(service: KeyService, _request: Request) -> KeyPage:
    return service.list()


@endpoints.add("POST", "/keys")
def create(service: KeyService, request: Request) -> Response:
    made = service.create(request.body(KeyRequest), request.caller, datetime.now(UTC))
    request.details["prefix"] = made.prefix
    return json_response(made, HTTPStatus.CREATED)


@endpoints.add("DELETE", "/keys/<prefix>")
def revoke(service: KeyService, _request: Request, prefix: str) -> ApiKey:
    return service.revoke(prefix, datetime.now(UTC))
