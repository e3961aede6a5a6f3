"""The routes by which the API describes itself."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from lambdas.api.about.service import AboutService
from lambdas.api.endpoints import Endpoints, Request
from lambdas.web.resolver import json_response

endpoints = Endpoints(AboutService.build)


@endpoints.add("GET", "/health")
def health(service: AboutService, _request: Request) -> Response[str]:
    answer = service.health()
    well = answer.status == "ok"
    return json_response(answer, HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE)


@endpoints.add("GET", "/openapi.json")
def description(service: AboutService, _request: Request) -> Response[str]:
    return Response(HTTPStatus.OK, "application/json", service.description())
