"""POST /uploads: the way for images that are too large for a direct call."""

import os
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from lambdas import clients
from lambdas.api.settings import ApiSettings
from lambdas.web.answers import UploadForm
from lambdas.web.json_body import read_json
from lambdas.web.parameters import only
from lambdas.web.resolver import json_response
from visionflow.images.limits import DEFAULT_LIMITS
from visionflow.images.store import FORM_LIFETIME, ImageStore
from visionflow.images.uploads import UploadRequest
from visionflow.timestamps import new_id, timestamp

router = APIGatewayHttpRouter()


@lru_cache
def images() -> ImageStore:
    return ImageStore(ApiSettings.from_env(os.environ).images_bucket, clients.s3())


@router.post("/uploads")
def uploads() -> Response[str]:
    only(router.current_event.query_string_parameters)
    request = read_json(router.current_event, UploadRequest)
    return json_response(upload_form(request, images(), datetime.now(UTC)), HTTPStatus.CREATED)


def upload_form(request: UploadRequest, store: ImageStore, now: datetime) -> UploadForm:
    """A form that posts one image of the announced type and size, and the id of its prediction.

    Raises what `UploadRequest.check` raises. Nothing is written.
    """
    request.check()
    prediction_id = new_id(now)
    key = request.key(prediction_id)
    form = store.post_form(key, request.content_type, request.bytes)
    return UploadForm(
        id=prediction_id,
        url=form.url,
        fields=form.fields,
        key=key,
        expires_at=timestamp(now + FORM_LIFETIME),
        max_bytes=DEFAULT_LIMITS.max_bytes,
    )
