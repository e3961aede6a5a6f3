"""One picture's trail: its ids in every log line about it, and a trace segment for each step."""

from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Logger, Tracer

logger = Logger(child=True)
tracer = Tracer()


@contextmanager
def following() -> Iterator[None]:
    """One picture's part of an invocation. What `follow` names within is forgotten at its end."""
    try:
        with segment("picture"):
            yield
    finally:
        logger.thread_safe_clear_keys()


def follow(prediction_id: str, correlation_id: str | None = None) -> None:
    """Name the picture from here on, in each log line and in the trace, which is found by it.

    ``correlation_id`` is the id of the S3 request that dropped a file; that of an HTTP request is
    in the log already.
    """
    ids = {"prediction_id": prediction_id, "correlation_id": correlation_id}
    known = {name: value for name, value in ids.items() if value is not None}
    logger.thread_safe_append_keys(**known)
    for name, value in known.items():
        tracer.put_annotation(name, value)


@contextmanager
def segment(step: str) -> Iterator[None]:
    """A subsegment of the trace; where the stage does not trace, nothing."""
    with tracer.provider.in_subsegment(name=f"## {step}"):
        yield
