"""The route that gives out upload forms."""

from datetime import UTC, datetime
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from lambdas.api.endpoints import Endpoints, Request
from lambdas.api.uploads.service import upload_form
from lambdas.web.resolver import json_response
from visionflow.images.store import ImageStore
from visionflow.images.uploads import UploadRequest

endpoints = Endpoints(lambda resources: resources.images)


@endpoints.add("POST", "/uploads")
def uploads(images: ImageStore, request: Request) -> Response[str]:
    form = upload_form(images, request.body(UploadRequest), datetime.now(UTC))
    return json_response(form, HTTPStatus.CREATED)
