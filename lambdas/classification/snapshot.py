"""Initialisation that Lambda may freeze into a snapshot (SnapStart) and wake up later, many times.

Frozen are the code, and the versions that served when the snapshot was made, checked and with their
sessions open. Not frozen are clients, their
connections and credentials, and the time at which the aliases were last looked at: the first
request after a restore makes new ones, so it asks the registry which version serves now.

Nothing is drawn here, so nothing drawn repeats: ids come from the kernel's random numbers, which
Lambda seeds anew. https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
"""

import gc
import os
import sys
from typing import Protocol

from lambdas.classification.loading import Serving
from lambdas.classification.service import ClassificationService
from lambdas.telemetry.log import logger

_versions: list[Serving] = []


class CachedService(Protocol):
    """A function under `functools.lru_cache` that builds the service of a handler."""

    def __call__(self) -> ClassificationService: ...

    def cache_clear(self) -> None: ...


def versions() -> tuple[Serving, ...]:
    """The versions that a snapshot brought along; none in an execution that began without one."""
    return tuple(_versions)


def prepare(service: CachedService) -> None:
    """Under SnapStart, load what serves and forget all that must not be frozen.

    To be called when the handler's module is complete. A fault does not stop the deployment: what
    is missing in the snapshot is loaded by the first request after it.
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return
    try:
        _versions[:] = service().active.load()
    except Exception as error:
        # Without its traceback, which would keep the clients alive for whoever keeps the record.
        logger.warning("no version in the snapshot", extra={"reason": repr(error)})
    service.cache_clear()
    if boto3 := sys.modules.get("boto3"):
        setattr(boto3, "DEFAULT_SESSION", None)  # noqa: B010  it has the credentials
    gc.collect()  # clients are cyclic, and their connections close when they go
