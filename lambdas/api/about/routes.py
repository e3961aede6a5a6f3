"""The routes by which the API describes itself."""

from http import HTTPStatus

from lambdas.api.about.service import HEALTH_S, AboutService
from lambdas.api.endpoints import Endpoints, Request
from lambdas.web.http import Response
from lambdas.web.resolver import json_response

endpoints = Endpoints(AboutService.build)


@endpoints.add("GET", "/health")
def health(service: AboutService, _request: Request) -> Response:
    headers = {"Cache-Control": f"public, max-age={HEALTH_S}"}
    answer = service.health()
    return json_response(answer, _code(answer.status), headers=headers)


@endpoints.add("GET", "/status")
def status(service: AboutService, _request: Request) -> Response:
    answer = service.status()
    return json_response(answer, _code(answer.status))


@endpoints.add("GET", "/openapi.json")
def description(service: AboutService, _request: Request) -> Response:
    return Response(HTTPStatus.OK, "application/json", service.description())


def _code(status: str) -> HTTPStatus:
    return HTTPStatus.OK if status == "ok" else HTTPStatus.SERVICE_UNAVAILABLE
