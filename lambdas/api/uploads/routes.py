"""The route that signs uploads."""

from datetime import UTC, datetime
from http import HTTPStatus

from lambdas.api.endpoints import Endpoints, Request
from lambdas.api.uploads.service import UploadService
from lambdas.web.http import Response
from lambdas.web.resolver import json_response
from visionflow.images.uploads import UploadRequest

endpoints = Endpoints(UploadService.build)


@endpoints.add("POST", "/uploads")
def uploads(service: UploadService, request: Request) -> Response:
    form = service.form(request.body(UploadRequest), request.caller, datetime.now(UTC))
    return json_response(form, HTTPStatus.CREATED)
