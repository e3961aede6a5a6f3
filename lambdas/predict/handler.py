"""Lambda entry point of POST /predict, and of heatmaps and thumbnails of recorded images."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lambdas import clients
from lambdas.classification import snapshot
from lambdas.classification.settings import ClassificationSettings
from lambdas.predict.body import DEVICE, read_image
from lambdas.predict.idempotency import HEADER, IdempotencyKey, PredictOptions
from lambdas.predict.service import PredictService
from lambdas.predict.thumbnails import ThumbnailService
from lambdas.telemetry.invocation import LambdaContext
from lambdas.telemetry.log import logged
from lambdas.telemetry.measurements import measure
from lambdas.telemetry.metrics import measured, metrics
from lambdas.telemetry.trail import following
from lambdas.web.caller import caller_of
from lambdas.web.content_encoding import refuse_encoded
from lambdas.web.http import HttpEvent, Response, request_id
from lambdas.web.json_body import read_item
from lambdas.web.parameters import decimal, flag, only, short_text, whole_number
from lambdas.web.resolver import Resolver, json_response
from visionflow import strict
from visionflow.access.caller import Caller
from visionflow.access.quotas import Amounts
from visionflow.access.usage import UsageSettings
from visionflow.errors import ConfigError, InvalidBodyError, InvalidParameterError
from visionflow.images.store import ImageStore
from visionflow.predictions.device import DeviceResult
from visionflow.predictions.store import PredictionStore

app = Resolver()


@lru_cache
def service() -> PredictService:
    return PredictService.build(
        ClassificationSettings.from_env(os.environ),
        UsageSettings.from_env(os.environ),
        snapshot.versions(),
    )


@lru_cache
def drawing() -> ThumbnailService:
    """With clients of its own: signing and erasing are no part of an answer."""
    settings = ClassificationSettings.from_env(os.environ)
    return ThumbnailService(
        ImageStore(settings.images_bucket, clients.s3()),
        PredictionStore(settings.predictions_table, clients.dynamodb()),
        service().decoder,
    )


@app.add("POST", "/predict")
def predict(event: HttpEvent) -> Response:
    caller = caller_of(event, requires_sign_in=signs_in())
    caller.require("predict")
    spent = Amounts(requests=1, images=1, bytes=len(event.body or ""))
    # Counted while the image is decoded and classified; nothing is stored before it is allowed.
    with service().usage.spending(caller, spent) as allow:
        options, key = options_of(event), idempotency_key(event, caller)
        refuse_encoded(event)
        now = datetime.now(UTC)
        sent = read_image(
            event.body,
            event.is_base64,
            event.headers.get("content-type"),
            event.headers.get("content-disposition"),
        )
        if sent.device is not None:
            device = device_of(sent.device, now)
            options, key = replace(options, device=device), key_of(device, key, caller)
        answered = service().predict(
            sent.data,
            now,
            options,
            key,
            caller.id,
            filename=sent.filename,
            allow=allow,
        )
    if not answered.repeated:
        measure(answered.answer, metrics)
    return json_response(answered.answer)


@app.add("GET", "/predictions/<prediction_id>/explanation")
def explanation(event: HttpEvent, prediction_id: str) -> Response:
    caller = caller_of(event, requires_sign_in=signs_in())
    caller.require("read")
    only(event.query, "label")
    label = short_text("label", event.query.get("label"))
    owner = caller.id if sees_own(caller) else None
    usage = service().usage
    with usage.spending(caller, Amounts(requests=1)) as allow_request:

        def allow() -> None:
            allow_request()
            # It costs what an image costs, so it is counted as one.
            usage.spend(caller, Amounts(images=1))

        explained = service().explain(prediction_id, label, owner, allow)
    return json_response(explained)


@app.add("GET", "/thumbnails")
def thumbnails(event: HttpEvent) -> Response:
    caller = caller_of(event, requires_sign_in=signs_in())
    caller.require("read")
    only(event.query, "predictions")
    ids = event.query.get("predictions", "").split(",")
    owner = caller.id if sees_own(caller) else None
    with service().usage.spending(caller, Amounts(requests=1)) as allow:
        return json_response(drawing().of([text for text in ids if text], owner, allow))


def options_of(event: HttpEvent) -> PredictOptions:
    """Raises `InvalidParameterError`."""
    query = event.query
    only(query, "top_k", "explain", "label", "coverage")
    return PredictOptions(
        top_k=whole_number("top_k", query.get("top_k")),
        explain=flag("explain", query.get("explain")),
        label=short_text("label", query.get("label")),
        coverage=decimal("coverage", query.get("coverage")),
    )


def signs_in() -> bool:
    """Whether requests carry a token."""
    return bool(ClassificationSettings.from_env(os.environ).requires_sign_in)


def sees_own(caller: Caller) -> bool:
    """Whether for ``caller`` only what they sent exists."""
    return bool(ClassificationSettings.from_env(os.environ).own_records) and not caller.is_admin


def idempotency_key(event: HttpEvent, caller: Caller) -> IdempotencyKey | None:
    """The request's `Idempotency-Key`, if it has one; each caller has keys of its own."""
    key = event.headers.get(HEADER.lower())
    return None if key is None else IdempotencyKey(key, caller.id)


def device_of(text: str, now: datetime) -> DeviceResult:
    """What a device answered, from the field's JSON. Raises an `InputError`."""
    try:
        document = strict.read_json(text, DEVICE)
    except ConfigError as error:
        raise InvalidBodyError(f"The body does not fit ({error}).", DEVICE) from error
    if not isinstance(document, dict):
        raise InvalidBodyError('The field "device" must be a JSON object.', DEVICE)
    device = read_item(DeviceResult, document, DEVICE)
    device.check(now)
    return device


def key_of(device: DeviceResult, key: IdempotencyKey | None, caller: Caller) -> IdempotencyKey:
    """A device's id is the request's key."""
    if key is not None and key.key != device.device_id:
        raise InvalidParameterError(
            f"{HEADER} must be the device_id of the field device, or left out.", HEADER
        )
    return IdempotencyKey(device.device_id, caller.id)


@logged(request_id)
@measured
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    metrics.add("Requests")
    with following():
        return app.resolve(event)


snapshot.prepare(service)
