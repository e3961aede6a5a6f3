"""One image's call, tried again where it is: a chunk has hundreds, and each would fail it."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from lambdas.aws.errors import aws_errors

T = TypeVar("T")
_ATTEMPTS, _FIRST_WAIT_S = 4, 0.2
# From the kernel: processes that wake from one snapshot have one state of Python's generator.
_random = random.SystemRandom()


def again(
    call: Callable[[], T],
    sleep: Callable[[float], None] = time.sleep,
    *,
    lasts: Callable[[Exception], bool] = lambda _: False,
) -> T:
    """What ``call`` answers, at last. Raises what it raises the last time, what ``lasts``, or what
    is not AWS's."""
    for attempt in range(_ATTEMPTS - 1):
        try:
            return call()
        except aws_errors() as error:
            if lasts(error):
                raise
            sleep(_random.uniform(0, _FIRST_WAIT_S * 2**attempt))
    return call()
