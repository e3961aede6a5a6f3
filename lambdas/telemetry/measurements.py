"""What a prediction leaves in CloudWatch: one log line, which is the document of its metrics too.

A metric costs by the month for each combination of its name and dimensions, so the only dimension
is the function (``service``) and every name comes from a list that is known beforehand. The version
that answered, as name/version, is not a dimension: it stands in the line "recorded" with the
image's id, where CloudWatch Logs Insights counts and averages by it for the price of a query.
"""

import logging

from lambdas.outcomes import STATUSES
from lambdas.telemetry.log import logger
from lambdas.telemetry.metrics import Metrics
from visionflow.answers.answer import UnknownReason
from visionflow.errors import ImageError, VisionFlowError
from visionflow.predictions.record import Prediction, Status

# Steps that a record's timings name, in the order in which they run. Rarely there is one more,
# `stopwatch.FAILED_ATTEMPT`.
STEPS = ("read", "model", "decode", "prepare", "infer", "store")


def steps_of(service: str) -> tuple[str, ...]:
    """The steps of one function: a dropped image is read, and one that was sent is stored."""
    left_out = {"predict": "read", "ingest": "store"}.get(service)
    return tuple(step for step in STEPS if step != left_out)


# Faults of an image or of the service. A request that is wrong in itself is not counted here: API
# Gateway counts it as 4xx, and the log has its code.
FAILURE_CODES = tuple(
    sorted(
        error.code
        for error, status in STATUSES.items()
        if issubclass(error, ImageError) or status >= 500
    )
)

# Images that a device has answered too, by the same version, and those with the same best label.
COMPARED_METRIC, AGREED_METRIC = "Device.compared", "Device.agreed"

RECORDED = "recorded"
REFUSED = "refused"


def status_metric(status: Status) -> str:
    return f"Predictions.{status}"


def reason_metric(reason: UnknownReason) -> str:
    """Counts the predictions with status ``unknown`` that have this reason."""
    return f"Unknown.{reason}"


def step_metric(step: str) -> str:
    return f"Time.{step}"


def failure_metric(code: str) -> str:
    return f"Failed.{code}"


def measure(prediction: Prediction, metrics: Metrics) -> None:
    """Log that a prediction is recorded, with its metrics and all that were added before."""
    metrics.add(status_metric(prediction.status))
    if prediction.unknown_reason:
        metrics.add(reason_metric(prediction.unknown_reason))
    if (compared := prediction.compared) is not None:
        metrics.add(COMPARED_METRIC)
        metrics.add(AGREED_METRIC, int(compared.agreed))
    for step, milliseconds in prediction.timings.items():
        metrics.add(step_metric(step), milliseconds, "Milliseconds")
    code = prediction.error.code if prediction.error else None
    if code is not None:
        metrics.add(failure_metric(code))
    logger.info(
        RECORDED,
        extra={
            "prediction_id": prediction.id,
            "status": prediction.status,
            "unknown_reason": prediction.unknown_reason,
            "familiarity": prediction.familiarity,
            "code": code,
            "model": prediction.model.text if prediction.model else None,
            "origin": prediction.origin,
            "timings": prediction.timings,
            # A stage that logs warnings alone still counts: the handler prints what is left.
            **(metrics.drain() if logger.isEnabledFor(logging.INFO) else {}),
        },
    )


def measure_refusal(error: VisionFlowError, metrics: Metrics) -> None:
    """Count a request that ended in ``error``, if an image or the service is at fault."""
    if error.code in FAILURE_CODES:
        metrics.add(failure_metric(error.code))
