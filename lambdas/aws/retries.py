"""When a call is made again, and after how long: botocore's standard mode, as it has become.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

import random
import threading

ATTEMPTS = 3
_LONGEST_S = 20.0
_STATUSES = {500, 502, 503, 504}
_TOO_MANY_REQUESTS = 429
_TRANSIENT = {"RequestTimeout", "RequestTimeoutException"}
_THROTTLED = {
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
}
# Seconds before a second attempt, at most: what is throttled needs a pause, a connection that broke
# a new one alone.
_THROTTLED_S = 1.0
_FIRST_S = {"dynamodb": 0.025}
_FIRST_OF_OTHERS_S = 0.05
# How much longer a service may ask to wait.
_MORE_S = 5.0
# From the kernel: processes that wake from one snapshot have one state of Python's generator.
_random = random.SystemRandom()


def is_throttled(status: int, code: str) -> bool:
    """Whether a service has had too many calls."""
    return status == _TOO_MANY_REQUESTS or code in _THROTTLED


def may_pass(status: int, code: str) -> bool:
    """Whether the same call may succeed a moment later."""
    return status in _STATUSES or code in _TRANSIENT or is_throttled(status, code)


def pause(service: str, attempt: int, *, throttled: bool, asked: str | None = None) -> float:
    """Seconds before the call is made again, at random, after so many attempts (1, 2, ...).

    ``asked``: milliseconds, from an answer's header.
    """
    first = _THROTTLED_S if throttled else _FIRST_S.get(service, _FIRST_OF_OTHERS_S)
    own = _random.random() * min(first * 2.0 ** (attempt - 1), _LONGEST_S)
    if asked is None or not asked.isdecimal():
        return own
    return max(own, min(int(asked) / 1000, own + _MORE_S))


class Quota:
    """What keeps an outage from being answered with three times the calls."""

    _MOST, _RETRY, _THROTTLED = 500, 14, 5

    def __init__(self) -> None:
        self._left = self._MOST
        self._lock = threading.Lock()

    def take(self, *, throttled: bool) -> int:
        """What one more attempt costs; 0 where there is not as much left."""
        cost = self._THROTTLED if throttled else self._RETRY
        with self._lock:
            if cost > self._left:
                return 0
            self._left -= cost
            return cost

    def succeed(self, taken: int) -> None:
        """Give back what the last retry of a call took, and a little for a call without one."""
        with self._lock:
            self._left = min(self._left + (taken or 1), self._MOST)
