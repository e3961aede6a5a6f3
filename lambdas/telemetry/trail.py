"""One image's trail: its ids in every log line about it, and a trace segment for each step."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from aws_lambda_powertools import Logger, Tracer

Handler = Callable[..., Any]  # as Powertools types one

logger = Logger(child=True)

# A disabled Tracer loads the X-Ray SDK too, which is a tenth of a cold start. The stage says false
# where it traces.
tracer = Tracer() if os.environ.get("POWERTOOLS_TRACE_DISABLED") == "false" else None


def traced(handler: Handler) -> Handler:
    """A segment of the trace for each invocation, without the answer; where the stage does not
    trace, ``handler`` itself."""
    if tracer is None:
        return handler
    captured: Handler = tracer.capture_lambda_handler(handler, capture_response=False)
    return captured


@contextmanager
def following() -> Iterator[None]:
    """One image's part of an invocation. What `follow` names within is forgotten at its end."""
    try:
        with segment("image"):
            yield
    finally:
        logger.thread_safe_clear_keys()


def follow(prediction_id: str, correlation_id: str | None = None) -> None:
    """Name the image from here on, in each log line and in the trace, which is found by it.

    ``correlation_id`` is the id of the S3 request that dropped a file; that of an HTTP request is
    in the log already.
    """
    ids = {"prediction_id": prediction_id, "correlation_id": correlation_id}
    known = {name: value for name, value in ids.items() if value is not None}
    logger.thread_safe_append_keys(**known)
    if tracer:
        for name, value in known.items():
            tracer.put_annotation(name, value)


@contextmanager
def segment(step: str) -> Iterator[None]:
    """A subsegment of the trace; where the stage does not trace, nothing."""
    with tracer.provider.in_subsegment(name=f"## {step}") if tracer else nullcontext():
        yield
