"""When a call is made again: botocore's standard mode.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

import random
import threading

ATTEMPTS = 3
_LONGEST_S = 20.0
_STATUSES = {500, 502, 503, 504}
_CODES = {
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
}


def may_pass(status: int, code: str) -> bool:
    """Whether the same call may succeed a moment later."""
    return status in _STATUSES or code in _CODES


def pause(attempt: int) -> float:
    """Seconds before the call is made again, at random, after so many attempts (1, 2, ...)."""
    return min(random.random() * 2.0 ** (attempt - 1), _LONGEST_S)  # noqa: S311  spreads retries


class Quota:
    """What keeps an outage from being answered with three times the calls."""

    _MOST, _RETRY, _TIMEOUT = 500, 5, 10

    def __init__(self) -> None:
        self._left = self._MOST
        self._lock = threading.Lock()

    def take(self, *, timed_out: bool) -> int:
        """What one more attempt costs; 0 where there is not as much left."""
        cost = self._TIMEOUT if timed_out else self._RETRY
        with self._lock:
            if cost > self._left:
                return 0
            self._left -= cost
            return cost

    def succeed(self, taken: int) -> None:
        """Give back what the last retry of a call took, and a little for a call without one."""
        with self._lock:
            self._left = min(self._left + (taken or 1), self._MOST)
