"""One picture's trail: its ids in every log line about it, and a trace segment for each step."""

from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Logger, Tracer

logger = Logger(child=True)
tracer = Tracer()


@contextmanager
def following(prediction_id: str | None = None, correlation_id: str | None = None) -> Iterator[None]:
    """Name the picture in the log lines that are written within.

    ``correlation_id`` is the id of the request that brought it: API Gateway's of a direct call,
    S3's of a dropped file. What is not known yet can be added by `follow`.
    """
    try:
        with tracer.provider.in_subsegment(name="## picture"):
            follow(prediction_id, correlation_id)
            yield
    finally:
        logger.thread_safe_clear_keys()


def follow(prediction_id: str | None = None, correlation_id: str | None = None) -> None:
    """Name the picture from here on, in the log and in the trace, where it can be searched for."""
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
