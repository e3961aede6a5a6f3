"""One image's trail: its ids in every log line about it.

Lambda itself traces the invocation where the stage says so. Each line has that trace's id, and the
times of the steps are in the record and in the metrics, so a trace needs no segments of ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from lambdas.telemetry.log import forget_image, name_image


@contextmanager
def following() -> Iterator[None]:
    """One image's part of an invocation. What `follow` names within is forgotten at its end."""
    try:
        yield
    finally:
        forget_image()


def follow(prediction_id: str, correlation_id: str | None = None) -> None:
    """Name the image from here on in each log line.

    ``correlation_id`` is the id of the S3 request that dropped a file; that of an HTTP request is
    in the log already.
    """
    ids = {"prediction_id": prediction_id, "correlation_id": correlation_id}
    name_image(**{name: value for name, value in ids.items() if value is not None})
