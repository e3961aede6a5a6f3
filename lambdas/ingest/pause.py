"""Asks for the queue to be held back, where what is delivered would only be refused."""

import time
from collections.abc import Callable

from visionflow.access.budget import BudgetTopic

# The mapping takes about a minute to end; until then the same is found again and again.
_AGAIN_S = 60.0


class QueuePause:
    """At most one call a minute."""

    def __init__(self, topic: BudgetTopic, clock: Callable[[], float] = time.monotonic) -> None:
        self._topic = topic
        self._clock = clock
        self._next = float("-inf")

    def ask(self) -> None:
        if self._clock() >= self._next:
            self._topic.send("pause")
            self._next = self._clock() + _AGAIN_S
